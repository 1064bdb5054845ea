import { idText, parseIdKey } from "#core/resource/resource-id.ts";
import type { Verdict } from "#core/plan/make-plan.ts";
import { previousOf, type ReleaseSnapshot, withSnapshot } from "#core/release/release-memory.ts";
import { snapshotOf } from "#core/release/snapshot.ts";
import type { HeldRelease } from "./release-state.ts";
import type { StoredSummary } from "./release-store-index.ts";
import type { ReleaseWork } from "./release-work.ts";

/** Whether the cluster differs from the release in something that counts. */
export function driftFound(one: ReleaseWork): boolean {
  return drifted(one).length > 0;
}

/** Keeps what was found about drift for the report. */
export function noteDrift(one: ReleaseWork): void {
  const { policy, release } = one;
  if (policy.drift === "disabled") {
    release.drift = null;
    return;
  }
  const lines = drifted(one).map(([text, verdict]) => {
    if (verdict.kind !== "different") return `${text} removed`;
    return `${text} changed (${verdict.paths.join(", ")})`;
  });
  release.drift = { found: lines.length > 0, message: lines.join("\n") };
}

function drifted({ work }: ReleaseWork): [string, Verdict][] {
  const { desired, verdicts } = work.state;
  return (desired?.objects ?? []).flatMap(({ key, options }): [string, Verdict][] => {
    const verdict = verdicts.get(key);
    const counts = options.counted && options.apply !== "ignore";
    if (!counts || (verdict?.kind !== "different" && verdict?.kind !== "missing")) return [];
    return [[idText(parseIdKey(key)), verdict]];
  });
}

/** Whether failed tests of the release are no failure. */
export function ignoresTests({ policy, release }: ReleaseWork): boolean {
  const { lastAction } = release.memory;
  const active = lastAction === "" ? null : policy[lastAction].onFailure;
  return active?.kind === "remediate" ? active.ignoreTests : policy.test.ignoreFailures;
}

/** Whether the revision that a rollback would go back to is still stored. */
export function isRollbackPossible(one: ReleaseWork, records: readonly StoredSummary[]): boolean {
  const previous = previousOf(one.release.memory.history, ignoresTests(one));
  return records.some(({ version }) => version === previous?.version);
}

/**
 * A record that the engine wrote for this very object, and nobody since, is its own work even when the process ended
 * before the status told so.
 */
export function ownRecord(one: ReleaseWork, held: HeldRelease): void {
  const { work, release } = one;
  const { memory } = release;
  const { summary, stored } = held;
  const latest = memory.history[0];
  const isOurs = summary.writtenFor === work.state.app.object.uid;
  if (!isOurs || (latest && latest.version >= summary.version) || latest?.digest === stored.digest) return;
  const action = stored.release.version === 1 ? "install" : "upgrade";
  const ociDigest = latest?.ociDigest ?? memory.attempted?.ociDigest ?? "";
  const snapshot = snapshotOf(stored, { ociDigest, action, tested: false });
  release.memory = { ...memory, history: withSnapshot(memory.history, snapshot), lastAction: action };
  noteReleased(one, snapshot);
}

/** A release that is found as it shall be counts as installed or upgraded, although this process did not do it. */
export function noteReleased({ work, policy, release }: ReleaseWork, snapshot: ReleaseSnapshot): void {
  const { name, namespace, chartName, chartVersion } = snapshot;
  release.released = {
    ok: true,
    action: snapshot.action === "install" ? "install" : "upgrade",
    snapshot,
    about: { release: `${namespace}/${name}`, chart: `${chartName}@${chartVersion}` },
    message: "",
    generation: work.state.app.object.generation,
  };
  release.memory = { ...release.memory, storageNamespace: policy.storageNamespace };
}
