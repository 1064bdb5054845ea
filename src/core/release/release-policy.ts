/** How a Helm release is installed, upgraded, tested and removed. Durations in milliseconds. */
export interface ReleasePolicy {
  readonly name: string;
  /** Namespace of the release, and of its objects that name none. */
  readonly namespace: string;
  /** Namespace of Helm's own records. */
  readonly storageNamespace: string;
  /** Records that are kept; 0: all. */
  readonly maxHistory: number;
  /** Digest of the post-renderers; "" when there are none. A new one asks for an upgrade. */
  readonly postRenderersDigest: string;
  /** Digest of the labels and annotations that all objects get; "" when there are none. */
  readonly commonMetadataDigest: string;
  /** Whether a chart of another name removes the release and installs anew, or is only an upgrade. */
  readonly renameChart: "reinstall" | "upgrade";
  /** Whether the chart's version is told with the digest of its artifact, so that a moved tag is an upgrade. */
  readonly digestInVersion: boolean;
  readonly install: InstallPolicy;
  readonly upgrade: UpgradePolicy;
  readonly test: TestPolicy;
  readonly rollback: ActionPolicy & { readonly cleanupOnFail: boolean };
  readonly uninstall: ActionPolicy & { readonly keepHistory: boolean };
  readonly drift: "disabled" | "warn" | "enabled";
  /** A new token upgrades even what is in sync. */
  readonly forceToken: string | null;
  /** A new token forgets the failures that were counted. */
  readonly resetToken: string | null;
}

/** What every action on a release can be told. */
export interface ActionPolicy {
  /** Longest wait for any one thing: the objects together, or one hook. */
  readonly timeoutMs: number;
  /** Whether it waits until the objects are ready. */
  readonly wait: boolean;
  /** Whether Jobs among them must have completed. */
  readonly waitForJobs: boolean;
  readonly hooks: boolean;
}

/** What happens to the definitions in a chart's `crds/`: nothing, only new ones are created, or all are written. */
export type CrdPolicy = "Skip" | "Create" | "CreateReplace";

/** How a chart becomes objects. */
export interface WritePolicy extends ActionPolicy {
  readonly crds: CrdPolicy;
  /** Whether objects that no release owns are taken over; otherwise they are an error. */
  readonly takeOwnership: boolean;
  /** Whether values are checked against the chart's schema. */
  readonly validateSchema: boolean;
  readonly onFailure: FailurePolicy;
}

/** An installation. */
export interface InstallPolicy extends WritePolicy {
  readonly createNamespace: boolean;
}

/** An upgrade. */
export interface UpgradePolicy extends WritePolicy {
  /** Whether what a failed upgrade created is deleted. */
  readonly cleanupOnFail: boolean;
  /** Whether values of the release before count too. */
  readonly preserveValues: boolean;
}

/** What follows a failure: the failed release is undone and tried again so many times, or just tried again. */
export type FailurePolicy =
  | {
      readonly kind: "remediate";
      /** Attempts after the first; −1: without end. */
      readonly retries: number;
      readonly strategy: "rollback" | "uninstall";
      /** Whether the last failure is undone too. */
      readonly last: boolean;
      /** Whether failed tests are no failure. */
      readonly ignoreTests: boolean;
    }
  | { readonly kind: "retry"; readonly intervalMs: number };

/** Which test hooks run after an installation or upgrade, if any. */
export interface TestPolicy {
  readonly enable: boolean;
  readonly ignoreFailures: boolean;
  readonly timeoutMs: number;
  /** Names that run, or do not. */
  readonly filters: readonly { readonly name: string; readonly exclude: boolean }[];
}
