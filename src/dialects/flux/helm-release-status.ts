import type { ReportInput } from "#core/app/app-report.ts";
import { fieldAt, textAt } from "#core/health/condition.ts";
import type { ReleaseMemory, ReleaseSnapshot } from "#core/release/release-memory.ts";
import type { Resource } from "#core/resource/resource.ts";
import { compareReleased } from "./helm-release-order.ts";
import { durationText, parseDuration } from "./duration.ts";
import { inventoryId } from "./inventory-id.ts";
import { timeText } from "./time-text.ts";

/** In the status of an object that lives on, a removal was always the answer to a failure. */
const actionWords: Readonly<Record<string, string>> = { uninstall: "uninstall-remediation" };

/** Which upstream wrote a snapshot: its digest is made as that of Helm 4's records. */
const snapshotVersion = "v2";

/** The fields of a status that a release's memory fills; undefined ones go. */
export function memoryFields(object: Resource, memory: ReleaseMemory): Readonly<Record<string, unknown>> {
  const { attempted } = memory;
  return {
    failures: memory.failures || undefined,
    history: memory.history.length === 0 ? undefined : memory.history.map(snapshotEntry),
    installFailures: memory.installFailures || undefined,
    upgradeFailures: memory.upgradeFailures || undefined,
    ...(attempted && {
      lastAttemptedConfigDigest: attempted.configDigest || undefined,
      lastAttemptedGeneration: attempted.generation || undefined,
      lastAttemptedRevision: attempted.chartVersion || undefined,
      lastAttemptedRevisionDigest: attempted.ociDigest || undefined,
      // What old versions of upstream wrote in place of these.
      lastAttemptedValuesChecksum: undefined,
      lastReleaseRevision: undefined,
    }),
    lastAttemptedReleaseAction: memory.lastAction || undefined,
    lastAttemptedReleaseActionDuration: memory.lastAction === "" ? undefined : lastDuration(object, memory),
    ...(memory.forceToken !== null && { lastHandledForceAt: memory.forceToken }),
    ...(memory.resetToken !== null && { lastHandledResetAt: memory.resetToken }),
    observedCommonMetadataDigest: memory.commonMetadataDigest || undefined,
    observedPostRenderersDigest: memory.postRenderersDigest || undefined,
    storageNamespace: memory.storageNamespace || undefined,
  };
}

/** The objects of the release, in Helm's order; those of an action at work are told when it ended. */
export function releaseInventory({ object, report }: ReportInput): unknown {
  const old = fieldAt(object, ["status", "inventory"]);
  const { phase, inventory } = report;
  const ended = phase.kind === "synced" || phase.kind === "out-of-sync" || phase.kind === "sync-failed";
  if (!ended || (phase.kind === "sync-failed" && phase.step === "preflight")) return old;
  if (inventory.length === 0 && old === undefined && phase.kind !== "synced") return undefined;
  const entries = inventory.toSorted((a, b) => compareReleased(a.id, b.id));
  return { entries: entries.map(({ id, version }) => ({ id: inventoryId(id), v: version })) };
}

/** Upstream measures in nanoseconds; what it wrote stays when it is the same to the millisecond. */
function lastDuration(object: Resource, { lastActionMs }: ReleaseMemory): string {
  const written = textAt(object, ["status", "lastAttemptedReleaseActionDuration"]);
  return parseDuration(written) === lastActionMs ? written : durationText(lastActionMs);
}

function snapshotEntry(snapshot: ReleaseSnapshot): object {
  const { action, appVersion, deleted, ociDigest, tests } = snapshot;
  return {
    ...(action && { action: actionWords[action] ?? action }),
    apiVersion: snapshotVersion,
    ...(appVersion && { appVersion }),
    chartName: snapshot.chartName,
    chartVersion: snapshot.chartVersion,
    configDigest: snapshot.configDigest,
    ...(deleted && { deleted: wholeSeconds(deleted) }),
    digest: snapshot.digest,
    firstDeployed: wholeSeconds(snapshot.firstDeployed || snapshot.lastDeployed),
    lastDeployed: wholeSeconds(snapshot.lastDeployed || snapshot.firstDeployed),
    name: snapshot.name,
    namespace: snapshot.namespace,
    ...(ociDigest && { ociDigest }),
    status: snapshot.status,
    ...(tests && { testHooks: Object.fromEntries(Object.entries(tests).map(([name, run]) => [name, hookEntry(run)])) }),
    version: snapshot.version,
  };
}

function hookEntry({ started, completed, phase }: NonNullable<ReleaseSnapshot["tests"]>[string]): object {
  return {
    ...(completed && { lastCompleted: wholeSeconds(completed) }),
    ...(started && { lastStarted: wholeSeconds(started) }),
    ...(phase && { phase }),
  };
}

function wholeSeconds(time: string): string {
  return timeText(Date.parse(time) || 0);
}
