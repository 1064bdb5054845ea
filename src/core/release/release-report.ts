import type { ReleaseAction, ReleaseMemory, ReleaseOutcome } from "./release-memory.ts";

/** What is known of a release, for its app's status. Times are milliseconds since the epoch. */
export interface ReleaseReport {
  readonly memory: ReleaseMemory;
  /** How the last installation or upgrade by this process ended; null: the stored status still tells. */
  readonly released: ReleaseOutcome | null;
  /** The same of the tests after it, and of the rollback or removal that a failure led to. */
  readonly tested: ReleaseOutcome | null;
  readonly remediated: ReleaseOutcome | null;
  /** What is being done now. */
  readonly running: { readonly action: ReleaseAction; readonly timeoutMs: number } | null;
  /** Why nothing more is tried until something changes. */
  readonly stalled: string | null;
  /** Whether the cluster differs from the release; null: nobody looked. */
  readonly drift: ReleaseDrift | null;
}

/** The outcome of a comparison of a release with the cluster. */
export interface ReleaseDrift {
  readonly found: boolean;
  /** What differs, a line for each object, or that nothing does. */
  readonly message: string;
}
