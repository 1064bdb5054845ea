/** A rollback, planned or done. */
export interface RollbackView {
  readonly app: string;
  /** Commit whose content comes back. */
  readonly to: string;
  /** Branch that gets the commit; "" when it would be the tracked one, which could not be told. */
  readonly branch: string;
  /** The new commit; null when nothing was pushed. */
  readonly commit: string | null;
  readonly signed: boolean;
  readonly files: readonly string[];
  /** What changes in the rendered objects, as a unified diff; Secrets' values are masked. */
  readonly diff: string;
}
