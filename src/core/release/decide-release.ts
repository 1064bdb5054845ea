import type { HelmReleaseStatus } from "#core/helm/release.ts";
import { hasFailedTest, type ReleaseAction, type ReleaseMemory, type ReleaseSnapshot } from "./release-memory.ts";
import type { FailurePolicy, ReleasePolicy } from "./release-policy.ts";

/** What is known of a release when nothing is being done to it. */
export interface ReleaseQuestion {
  readonly policy: ReleasePolicy;
  readonly memory: ReleaseMemory;
  /** The newest record in Helm's storage. */
  readonly stored: StoredRevision | null;
  readonly wanted: WantedRelease;
  /** Whether the cluster was compared with the release and differs. */
  readonly drifted: boolean;
  /** Whether the revision that a rollback would go back to is stored as it was. */
  readonly canRollBack: boolean;
  /** What was done since this attempt began. */
  readonly done: readonly ReleaseAction[];
}

/** A record as Helm's storage has it. */
export interface StoredRevision {
  readonly name: string;
  readonly namespace: string;
  readonly version: number;
  readonly status: HelmReleaseStatus;
  readonly digest: string;
}

/** What shall be installed. */
export interface WantedRelease {
  readonly chartName: string;
  readonly chartVersion: string;
  readonly configDigest: string;
}

/** What to do about a release. */
export type ReleaseDecision =
  | { readonly kind: "rest" }
  | { readonly kind: "act"; readonly action: ReleaseAction; readonly reason: string; readonly forget: boolean }
  /** A failure was dealt with, or must be tried anew: a new attempt begins later. */
  | { readonly kind: "again"; readonly afterMs: number | null }
  /** Nothing more is tried until something changes. */
  | { readonly kind: "stalled"; readonly reason: "RetriesExceeded"; readonly message: string };

/** Decides what a release needs next. Pure: the same answers always give the same decision. */
export function decideRelease(question: ReleaseQuestion): ReleaseDecision {
  const next = nextStep(question);
  if (next.kind !== "act") return next;
  const { done } = question;
  if (done.some((action) => kindOf(action) === kindOf(next.action))) return afterAttempt(question);
  return next;
}

/** What follows an attempt that ended with a failed release that was undone. */
export function decideAfterRemediation(question: Pick<ReleaseQuestion, "policy" | "memory">): ReleaseDecision {
  const active = activePolicy(question);
  return active && isExhausted(active, failuresOf(question)) ? exceeded(question) : { kind: "again", afterMs: null };
}

function nextStep(question: ReleaseQuestion): ReleaseDecision {
  const { stored, memory, policy } = question;
  if (!stored) return install(question, "no release in storage for object");
  if (stored.status.startsWith("pending-")) return act("unlock", `release with status '${stored.status}'`);
  const latest = memory.history[0];
  if (!latest && stored.status !== "uninstalled") return unmanaged("found existing release in storage");
  if (stored.status === "uninstalled") return install(question, "found uninstalled release in storage");
  if (!latest || !isObserved(latest, stored)) return unmanaged("release was changed by somebody else");
  if (stored.status === "failed") return failed(question);
  if (stored.status !== "deployed") return unmanaged(`release with status '${stored.status}'`);
  const stale = staleness(question, latest);
  if (stale !== null) return upgrade(question, stale);
  if (policy.test.enable && !latest.tests) return act("test", "release was not tested");
  if (policy.test.enable && hasFailedTest(latest) && !ignoresTests(question)) return failed(question);
  if (isForced(question)) return act("upgrade", "force requested through annotation");
  if (question.drifted) return policy.drift === "enabled" ? act("correct", "cluster state changed") : { kind: "rest" };
  return { kind: "rest" };
}

/** Why a deployed release is not what is wanted; null: it is. */
function staleness({ policy, memory, wanted }: ReleaseQuestion, latest: ReleaseSnapshot): string | null {
  if (latest.chartName !== wanted.chartName || latest.chartVersion !== wanted.chartVersion) return "chart changed";
  if (latest.configDigest !== wanted.configDigest) return "values changed";
  if (memory.postRenderersDigest !== policy.postRenderersDigest) return "post-renderers changed";
  if (memory.commonMetadataDigest !== policy.commonMetadataDigest) return "common metadata changed";
  return null;
}

function isObserved(latest: ReleaseSnapshot, stored: StoredRevision): boolean {
  const isSame = latest.name === stored.name && latest.namespace === stored.namespace;
  return isSame && latest.version === stored.version && latest.digest === stored.digest;
}

function install(question: ReleaseQuestion, reason: string): ReleaseDecision {
  const { policy, memory } = question;
  if (isExhausted(policy.install.onFailure, memory.installFailures) && !isForced(question)) return exceeded(question);
  return act("install", reason);
}

function upgrade(question: ReleaseQuestion, reason: string): ReleaseDecision {
  const { policy, memory } = question;
  if (isExhausted(policy.upgrade.onFailure, memory.upgradeFailures) && !isForced(question)) return exceeded(question);
  return act("upgrade", reason);
}

function unmanaged(reason: string): ReleaseDecision {
  return { kind: "act", action: "upgrade", reason, forget: true };
}

function failed(question: ReleaseQuestion): ReleaseDecision {
  const active = activePolicy(question);
  const failures = failuresOf(question);
  if (!active || failures <= 0) return act("upgrade", "conditions have changed since the last failure");
  if (isForced(question)) return act("upgrade", "force requested through annotation");
  if (active.kind === "retry") return act("upgrade", "retry after a failure");
  if (isExhausted(active, failures) && !active.last) return exceeded(question);
  if (active.strategy === "uninstall") return act("uninstall", "remediation of a failure");
  // What cannot be gone back to is best replaced by another attempt.
  if (!question.canRollBack) return act("upgrade", "no earlier release to roll back to");
  return act("rollback", "remediation of a failure");
}

function afterAttempt(question: ReleaseQuestion): ReleaseDecision {
  const active = activePolicy(question);
  if (active?.kind === "retry") return { kind: "again", afterMs: active.intervalMs };
  return decideAfterRemediation(question);
}

function activePolicy({ policy, memory }: Pick<ReleaseQuestion, "policy" | "memory">): FailurePolicy | null {
  if (memory.lastAction === "") return null;
  return policy[memory.lastAction].onFailure;
}

function failuresOf({ memory }: Pick<ReleaseQuestion, "memory">): number {
  return memory.lastAction === "upgrade" ? memory.upgradeFailures : memory.installFailures;
}

function isExhausted(policy: FailurePolicy, failures: number): boolean {
  return policy.kind === "remediate" && policy.retries >= 0 && failures > policy.retries;
}

function ignoresTests(question: ReleaseQuestion): boolean {
  const active = activePolicy(question);
  return active?.kind === "remediate" ? active.ignoreTests : question.policy.test.ignoreFailures;
}

function isForced({ policy, memory }: ReleaseQuestion): boolean {
  return policy.forceToken !== null && policy.forceToken !== memory.forceToken;
}

function exceeded(question: Pick<ReleaseQuestion, "policy" | "memory">): ReleaseDecision {
  const { lastAction } = question.memory;
  const message = `Failed to ${lastAction} after ${failuresOf(question)} attempt(s)`;
  return { kind: "stalled", reason: "RetriesExceeded", message };
}

function act(action: ReleaseAction, reason: string): ReleaseDecision {
  return { kind: "act", action, reason, forget: false };
}

/** Of each sort an attempt takes one action at most. */
function kindOf(action: ReleaseAction): string {
  if (action === "install" || action === "upgrade") return "release";
  return action === "rollback" || action === "uninstall" ? "remediate" : action;
}
