/** What a release is in; the words are Helm's. */
export type HelmReleaseStatus =
  | "unknown"
  | "deployed"
  | "uninstalled"
  | "superseded"
  | "failed"
  | "uninstalling"
  | "pending-install"
  | "pending-upgrade"
  | "pending-rollback";

/** When a hook runs. */
export type HelmHookEvent =
  | "pre-install"
  | "post-install"
  | "pre-delete"
  | "post-delete"
  | "pre-upgrade"
  | "post-upgrade"
  | "pre-rollback"
  | "post-rollback"
  | "test";

/** How the last run of a hook ended. */
export interface HelmHookExecution {
  readonly started_at?: string;
  readonly completed_at?: string;
  readonly phase: "" | "Unknown" | "Running" | "Succeeded" | "Failed";
}

/** A hook as a release record keeps it. */
export interface HelmReleaseHook {
  readonly name?: string;
  readonly kind?: string;
  readonly path?: string;
  readonly manifest?: string;
  readonly events?: readonly HelmHookEvent[];
  readonly last_run: HelmHookExecution;
  readonly weight?: number;
  readonly delete_policies?: readonly string[];
  readonly output_log_policies?: readonly string[];
}

/** The state of a release. */
export interface HelmReleaseInfo {
  readonly first_deployed?: string;
  readonly last_deployed?: string;
  readonly deleted?: string;
  readonly description?: string;
  readonly status: HelmReleaseStatus;
  readonly notes?: string;
}

/** A chart's own description, as its Chart.yaml holds it. */
export interface ChartMetadata {
  readonly name: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly appVersion?: string;
  readonly description?: string;
  readonly type?: string;
  readonly kubeVersion?: string;
  readonly deprecated?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly dependencies?: readonly ChartDependency[];
}

/** A chart that another one needs. */
export interface ChartDependency {
  readonly name: string;
  readonly version?: string;
  readonly repository: string;
  readonly alias?: string;
  readonly condition?: string;
}

/** A chart as a release record keeps it: only its metadata is of interest, the rest is carried along. */
export interface HelmReleaseChart {
  readonly metadata: ChartMetadata;
  readonly [part: string]: unknown;
}

/** One revision of a release in Helm's own format, which Helm 3 and 4 both read; the names are theirs. */
export interface HelmRelease {
  readonly name: string;
  readonly info: HelmReleaseInfo;
  readonly chart: HelmReleaseChart;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly manifest: string;
  readonly hooks?: readonly HelmReleaseHook[];
  readonly version: number;
  readonly namespace: string;
  readonly apply_method?: "csa" | "ssa";
}
