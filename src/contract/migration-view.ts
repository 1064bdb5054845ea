/** Whether the controller would upgrade a release at first sight. */
export interface AdoptionView {
  /** `nothing`: it is as it is written; `missing`: there is no such release; `unknown`: it cannot be told. */
  readonly verdict: "nothing" | "upgrade" | "missing" | "unknown";
  /** What differs or hinders, in words and paths, never with values. */
  readonly differences: readonly string[];
}

/** A release that was written. */
export interface MigratedRelease {
  /** Terraform's address. */
  readonly address: string;
  readonly release: { readonly name: string; readonly namespace: string };
  /** `NAMESPACE/NAME` of the HelmRelease. */
  readonly object: string;
  /** `NAMESPACE/NAME` of the HelmRepository. */
  readonly source: string;
  readonly chart: string;
  readonly version: string;
  /** What a person should know or decide. */
  readonly decisions: readonly string[];
  /** null: nobody asked for it. */
  readonly adoption: AdoptionView | null;
}

/** A release that was left out, and why. */
export interface LeftRelease {
  readonly address: string;
  readonly reasons: readonly string[];
}

/** A Secret that must be there before the objects that refer to it. */
export interface NeededSecret {
  readonly namespace: string;
  readonly name: string;
  readonly keys: readonly { readonly key: string; readonly holds: string }[];
  /** Makes it from files. */
  readonly command: string;
  /** Where it was written, within the folder; null: it was not. */
  readonly file: string | null;
}

/** What a migration wrote, and what remains to be done. */
export interface MigrationView {
  readonly folder: string;
  /** Within the folder. */
  readonly files: readonly string[];
  readonly releases: readonly MigratedRelease[];
  readonly left: readonly LeftRelease[];
  readonly secrets: readonly NeededSecret[];
  readonly notes: readonly string[];
  /** Commands and what to do, in order. */
  readonly steps: readonly string[];
}
