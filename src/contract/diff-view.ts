/** How one object would change. */
export interface ObjectDiff {
  /** `group/kind/namespace/name` */
  readonly id: string;
  /**
   * `held`: it left the source and stays, because of a rule or until somebody approves. `run`: a hook of a release that
   * would run.
   */
  readonly change: "create" | "update" | "delete" | "held" | "run";
  /** Unified diff of YAML; Secrets' values are masked. */
  readonly text: string;
}

/** What a sync of an app would change now. */
export interface DiffView {
  readonly app: string;
  readonly commit: string;
  readonly objects: readonly ObjectDiff[];
  /** How many objects would get a label that tells whose they are here, and nothing else. */
  readonly marked: number;
  /** Objects that must not be applied, and why: they would stop the sync. */
  readonly refusals: readonly string[];
}
