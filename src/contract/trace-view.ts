/** A commit as people know it. */
export interface CommitView {
  readonly author: string;
  /** RFC 3339 */
  readonly date: string;
  readonly subject: string;
}

/** A source that another one is made of. */
export interface OriginView {
  /** Address of the source object. */
  readonly source: string;
  /** What it has now; "" for nothing. */
  readonly revision: string;
}

/** An app that owns an object, and where the app comes from. */
export interface OwnerView {
  readonly app: string;
  readonly state: string;
  /** Address of the source object; "" when the app carries its source itself. */
  readonly source: string;
  readonly url: string;
  readonly ref: string;
  readonly path: string;
  /** What the source is made of, as a chart is of its repository; null for nothing. */
  readonly origin: OriginView | null;
  /** What is applied now; "" for nothing. */
  readonly revision: string;
  /** Null when the source has no commits or could not be asked. */
  readonly commit: CommitView | null;
}

/** The way from a live object to what declares it. */
export interface TraceView {
  /** `group/kind/namespace/name` */
  readonly object: string;
  /** Objects that made it, by owner references, the nearest first. */
  readonly owners: readonly string[];
  /** The app that owns the last of them, then the app that owns that app, and so on; empty when no app does. */
  readonly apps: readonly OwnerView[];
  /** What could not be asked. */
  readonly notes: readonly string[];
}
