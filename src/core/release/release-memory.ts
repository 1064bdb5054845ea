import type { HelmReleaseStatus } from "#core/helm/release.ts";

/** What is done to a release. */
export type ReleaseAction = "install" | "upgrade" | "test" | "rollback" | "uninstall" | "unlock" | "correct";

/** How the last run of a test hook ended; times are RFC 3339. */
export interface TestRun {
  readonly started?: string;
  readonly completed?: string;
  readonly phase?: string;
}

/** One revision of a release as it was last seen; times are RFC 3339. */
export interface ReleaseSnapshot {
  readonly name: string;
  readonly namespace: string;
  readonly version: number;
  readonly status: HelmReleaseStatus;
  readonly chartName: string;
  readonly chartVersion: string;
  readonly appVersion: string;
  readonly ociDigest: string;
  /** By which the stored record is recognised. */
  readonly digest: string;
  readonly configDigest: string;
  readonly firstDeployed: string;
  readonly lastDeployed: string;
  readonly deleted: string;
  /** undefined: its tests did not run. */
  readonly tests: Readonly<Record<string, TestRun>> | undefined;
  readonly action: ReleaseAction | "";
}

/** How the last action of a sort ended, in words for people. */
export interface ReleaseOutcome {
  readonly ok: boolean;
  readonly action: ReleaseAction;
  /** Which revision of which chart it was about. */
  readonly snapshot: ReleaseSnapshot | null;
  /** Chart and release where no revision was recorded. */
  readonly about: { readonly release: string; readonly chart: string };
  /** Why it failed, or what it did. */
  readonly message: string;
  /** Generation of the app's object that it was done for. */
  readonly generation: number;
}

/** What an app's status keeps about its release: enough to go on after a restart. */
export interface ReleaseMemory {
  /** Newest first. */
  readonly history: readonly ReleaseSnapshot[];
  readonly failures: number;
  readonly installFailures: number;
  readonly upgradeFailures: number;
  /** What the last attempt was about; null: nothing was attempted. */
  readonly attempted: ReleaseAttempt | null;
  readonly lastAction: "install" | "upgrade" | "";
  readonly lastActionMs: number;
  readonly storageNamespace: string;
  /** Digests that the present release was made with. */
  readonly postRenderersDigest: string;
  readonly commonMetadataDigest: string;
  readonly forceToken: string | null;
  readonly resetToken: string | null;
}

/** What decides whether an attempt is another one than that before. */
export interface ReleaseAttempt {
  readonly generation: number;
  readonly chartVersion: string;
  readonly ociDigest: string;
  readonly configDigest: string;
}

/** Nothing is known of a release. */
export const noReleaseMemory: ReleaseMemory = {
  history: [],
  failures: 0,
  installFailures: 0,
  upgradeFailures: 0,
  attempted: null,
  lastAction: "",
  lastActionMs: 0,
  storageNamespace: "",
  postRenderersDigest: "",
  commonMetadataDigest: "",
  forceToken: null,
  resetToken: null,
};

const keptSnapshots = 5;

/** Puts a revision in its place in the history: anew, or over what was known of it. */
export function withSnapshot(history: readonly ReleaseSnapshot[], snapshot: ReleaseSnapshot): ReleaseSnapshot[] {
  const others = history.filter((one) => !isSameRevision(one, snapshot));
  return [snapshot, ...others].toSorted((a, b) => b.version - a.version);
}

/** Whether two snapshots are of the same revision of the same release. */
export function isSameRevision(
  a: Pick<ReleaseSnapshot, "name" | "namespace" | "version">,
  b: Pick<ReleaseSnapshot, "name" | "namespace" | "version">,
): boolean {
  return a.name === b.name && a.namespace === b.namespace && a.version === b.version;
}

/** The newest revision before the latest that was in use, which a rollback goes back to. */
export function previousOf(history: readonly ReleaseSnapshot[], ignoreTests: boolean): ReleaseSnapshot | undefined {
  return history.slice(1).find((snapshot) => wasInUse(snapshot) && (ignoreTests || !hasFailedTest(snapshot)));
}

/** The history down to the revision that a rollback would go back to. */
export function truncated(history: readonly ReleaseSnapshot[], ignoreTests: boolean): readonly ReleaseSnapshot[] {
  const previous = previousOf(history, ignoreTests);
  return history.slice(0, previous ? history.indexOf(previous) + 1 : keptSnapshots);
}

/** Whether one of the tests of a revision failed. */
export function hasFailedTest({ tests }: ReleaseSnapshot): boolean {
  return Object.values(tests ?? {}).some(({ phase }) => phase === "Failed");
}

function wasInUse({ status }: ReleaseSnapshot): boolean {
  return status === "deployed" || status === "superseded";
}
