import type { AppPhase } from "#core/app/app-report.ts";
import { ApiError, isVerdict } from "#core/cluster/api-error.ts";
import { decideRelease, type ReleaseDecision } from "#core/release/decide-release.ts";
import { noteWanted } from "#core/release/after-action.ts";
import { noReleaseMemory, truncated } from "#core/release/release-memory.ts";
import type { AppWork } from "../app-state.ts";
import { backoffMs } from "../backoff.ts";
import { compareApp } from "../compare-app.ts";
import { declareSource, withdrawSource } from "../declared-source.ts";
import { holdDesired } from "../refresh-desired.ts";
import { failureText } from "../requests.ts";
import type { WriteGuard } from "../write-guard.ts";
import { uninstallAt } from "./remove-release.ts";
import { adoptRelease } from "./adopt-release.ts";
import { beginAction } from "./begin-action.ts";
import { concludeAction } from "./conclude-action.ts";
import { heldRelease, recordOwned } from "./held-release.ts";
import { markAdopted } from "./mark-adopted.ts";
import { refreshRelease } from "./refresh-release.ts";
import { settleRecords } from "./release-records.ts";
import { driftFound, ignoresTests, isRollbackPossible, noteDrift, ownRecord } from "./release-facts.ts";
import { driveRun, isOutdated } from "./release-run.ts";
import type { HeldRelease, WantedChart } from "./release-state.ts";
import { type ReleaseWork, releaseWork } from "./release-work.ts";
import type { StoredSummary } from "./release-store-index.ts";

const MOST_TURNS = 12;
const REFUSED_AGAIN_MS = 30_000;
const AGAIN_BACKOFF = { baseMs: 750, factor: 2, maxMs: 5 * 60_000 };

/** One pass over an app that is a Helm release; null: nothing is known yet that is worth a report. */
export async function reconcileRelease(
  work: AppWork,
  guard: WriteGuard,
  signal: AbortSignal,
): Promise<AppPhase | null> {
  const one = releaseWork(work);
  try {
    return await pass(one, guard, signal);
  } catch (error) {
    return refused(one, error);
  }
}

async function pass(one: ReleaseWork, guard: WriteGuard, signal: AbortSignal): Promise<AppPhase | null> {
  const { work } = one;
  readMemory(one, guard);
  if (guard.kind === "open") {
    const isKnown = await declareSource(work, signal);
    await withdrawSource(work, signal);
    // The chart of another version is told of in a moment.
    if (!isKnown) return null;
  }
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const phase = await nextTurn(one, guard, signal);
    if (phase !== "again") return phase;
  }
  return { kind: "syncing", step: "apply" };
}

/** A refusal of the server is told; anything else that it does not answer is tried again by whoever called. */
function refused(one: ReleaseWork, error: unknown): AppPhase {
  if (!(error instanceof ApiError) || !isVerdict(error) || error.code === 409) throw error;
  const retryAt = one.work.context.clock.now() + REFUSED_AGAIN_MS;
  return { kind: "sync-failed", step: "apply", message: failureText(error), retryAt };
}

/** Beside a live rival the status is the rival's, which goes on writing it. */
function readMemory({ work, release }: ReleaseWork, guard: WriteGuard): void {
  const { context, state } = work;
  const object = guard.kind === "shadow" ? context.registry.app(state.app.key)?.object : undefined;
  if (object) release.memory = state.dialect.restore(object).release ?? noReleaseMemory;
}

async function nextTurn(one: ReleaseWork, guard: WriteGuard, signal: AbortSignal): Promise<AppPhase | null | "again"> {
  const { work, policy, release } = one;
  const isOpen = guard.kind === "open";
  if (release.ended && isOpen) {
    await concludeAction(one, signal);
    return "again";
  }
  const refreshed = await refreshRelease(work, { policy, state: release }, signal);
  if (release.run && isOpen) {
    const wanted = refreshed.kind === "ready" ? refreshed.wanted : null;
    return driveRun(one, isOutdated(one, wanted) ? "supersede" : "resume", signal);
  }
  const moved = isOpen ? await leaveOldTarget(one, signal) : null;
  if (moved) return moved;
  if (refreshed.kind === "wait") return refreshed.phase;
  const { wanted } = refreshed;
  if (isOpen) noteAttempt(one, wanted);
  const storage = { name: policy.name, namespace: policy.storageNamespace };
  const known = work.context.releases.records(work.state.app.key, storage);
  if (known.kind === "pending") return null;
  if (known.kind === "failed") return unreadable(known.reason);
  const held = await hold(one, { newest: known.records[0], wanted, guard }, signal);
  if (held === "pending") return null;
  const locked = lockedBy(one, held);
  if (locked) return locked;
  const decision = await decide(one, { held, wanted, records: known.records });
  if (!isOpen) return watched(one, guard, decision);
  return carryOut(one, { decision, held, wanted, records: known.records }, signal);
}

/** A release whose name, place or chart changed is removed where it was before it is installed anew. */
async function leaveOldTarget(one: ReleaseWork, signal: AbortSignal): Promise<AppPhase | null | "again"> {
  const { policy, release } = one;
  const { memory } = release;
  const latest = memory.history[0];
  if (!latest || latest.status === "uninstalled") return null;
  const storageNamespace = memory.storageNamespace || policy.storageNamespace;
  const isMoved =
    latest.name !== policy.name ||
    latest.namespace !== policy.namespace ||
    storageNamespace !== policy.storageNamespace ||
    (release.wanted !== null &&
      release.wanted.metadata.name !== latest.chartName &&
      policy.renameChart === "reinstall");
  if (!isMoved) return null;
  const left = await uninstallAt(one, { name: latest.name, namespace: storageNamespace }, signal);
  if (left === null) release.memory = { ...memory, history: [] };
  return left;
}

function noteAttempt({ work, policy, release }: ReleaseWork, wanted: WantedChart): void {
  const { version: chartVersion, ociDigest, configDigest } = wanted;
  const attempt = { generation: work.state.app.object.generation, chartVersion, ociDigest, configDigest };
  const memory = noteWanted(release.memory, attempt, policy);
  if (memory === release.memory) return;
  release.memory = memory;
  release.done = [];
  release.retryAt = null;
  release.stalled = null;
}

/** Compares the cluster with the newest record. */
async function hold(
  one: ReleaseWork,
  facts: { readonly newest: StoredSummary | undefined; readonly wanted: WantedChart; readonly guard: WriteGuard },
  signal: AbortSignal,
): Promise<HeldRelease | null | "pending"> {
  const { work, release } = one;
  const { newest, guard } = facts;
  if (!newest) {
    release.held = null;
    return null;
  }
  const ociDigest = release.memory.history[0]?.ociDigest ?? facts.wanted.ociDigest;
  release.held = await heldRelease(work, { summary: newest, ociDigest, held: release.held }, signal);
  if (work.state.desired !== release.held.desired) holdDesired(work, release.held.desired);
  await adoptRelease(one, { held: release.held, wanted: facts.wanted }, signal);
  const isOpen = guard.kind === "open";
  if (isOpen && newest.status === "deployed") ownRecord(one, release.held);
  if (isOpen && release.isUnmarked) {
    await markAdopted(one, release.held.desired, signal);
    release.isUnmarked = false;
  }
  // A record is written before its objects are: whatever came of it, they are the app's.
  if (isOpen && newest.status !== "uninstalled") await recordOwned(work, release.held.desired, signal);
  const compared = await compareApp(work, { takeover: !isOpen }, signal);
  return compared === "pending" ? "pending" : release.held;
}

async function decide(
  one: ReleaseWork,
  facts: {
    readonly held: HeldRelease | null;
    readonly wanted: WantedChart;
    readonly records: readonly StoredSummary[];
  },
): Promise<ReleaseDecision> {
  const { policy, release } = one;
  const { held, wanted, records } = facts;
  const { memory, done } = release;
  return decideRelease({
    policy,
    memory,
    done,
    stored: held && {
      name: held.stored.release.name,
      namespace: held.stored.release.namespace,
      version: held.summary.version,
      status: held.summary.status,
      digest: held.stored.digest,
    },
    wanted: { chartName: wanted.metadata.name, chartVersion: wanted.version, configDigest: wanted.configDigest },
    drifted: policy.drift !== "disabled" && driftFound(one),
    canRollBack: isRollbackPossible(one, records),
  });
}

/** Beside a live rival and during a pause everything is compared and told, and nothing is written. */
function watched(one: ReleaseWork, guard: WriteGuard, decision: ReleaseDecision): AppPhase | null {
  if (guard.kind === "paused") return { kind: "paused", until: guard.until, reason: guard.reason };
  if (guard.kind !== "shadow") return null;
  const differing = [...one.work.state.verdicts.values()].filter(({ kind }) => kind !== "same").length;
  // An installation or upgrade writes its record too.
  const wouldWrite = decision.kind === "act" ? differing + 1 : 0;
  return { kind: "shadow", rival: guard.rival, wouldWrite };
}

async function carryOut(
  one: ReleaseWork,
  facts: {
    readonly decision: ReleaseDecision;
    readonly held: HeldRelease | null;
    readonly wanted: WantedChart;
    readonly records: readonly StoredSummary[];
  },
  signal: AbortSignal,
): Promise<AppPhase | null | "again"> {
  const { work, policy, release } = one;
  const { decision, wanted } = facts;
  const now = work.context.clock.now();
  const isEarly = release.retryAt !== null && release.retryAt > now;
  if (isEarly && decision.kind !== "rest") return failed(one);
  if (!isEarly) release.retryAt = null;
  switch (decision.kind) {
    case "rest":
      // An action that was interrupted at its very end left this to do.
      await settleRecords(one, facts.records, signal);
      if (!release.isCorrected) noteDrift(one);
      release.isCorrected = false;
      release.done = [];
      release.stalled = null;
      release.memory = { ...release.memory, history: truncated(release.memory.history, ignoresTests(one)) };
      work.state.applied = wanted.revision;
      work.state.attempted = wanted.revision;
      return isEarly ? { kind: "synced" } : tidied(one, facts, signal);
    case "again":
      release.done = [];
      release.retryAt =
        now + (decision.afterMs ?? backoffMs(AGAIN_BACKOFF, release.memory.failures, work.context.random));
      return failed(one);
    case "stalled":
      release.done = [];
      release.stalled = decision.message;
      return stalled(one, facts, signal);
    case "act": {
      release.stalled = null;
      const { action, reason, forget } = decision;
      if (action === "correct") noteDrift(one);
      if (forget) release.memory = { ...release.memory, history: [] };
      const storage = { name: policy.name, namespace: policy.storageNamespace };
      return beginAction(one, { ...facts, action, reason, storage }, signal);
    }
  }
}

/** What a rollback no longer holds goes all the same once it may. */
async function stalled(
  one: ReleaseWork,
  facts: Parameters<typeof tidied>[1],
  signal: AbortSignal,
): Promise<AppPhase | "again"> {
  if (facts.held?.summary.status !== "deployed") return failed(one);
  const left = await tidied(one, facts, signal);
  return left === "again" || left?.kind === "syncing" ? left : failed(one);
}

/** At rest only deletions may be left that had to wait, e.g. for an approval. */
async function tidied(
  one: ReleaseWork,
  facts: {
    readonly held: HeldRelease | null;
    readonly wanted: WantedChart;
    readonly records: readonly StoredSummary[];
  },
  signal: AbortSignal,
): Promise<AppPhase | null | "again"> {
  const { work, policy } = one;
  const inventory = work.context.inventories.of(work.state.app.key);
  const isLeft = [...inventory.keys()].some((key) => !facts.held?.desired.byKey.has(key));
  if (!isLeft) return { kind: "synced" };
  const storage = { name: policy.name, namespace: policy.storageNamespace };
  return beginAction(one, { ...facts, action: "correct", reason: "left over", storage, only: "removals" }, signal);
}

/**
 * Somebody else, such as a person with Helm's own program, is in the middle of something: that is let be for as long as
 * an action may take. What this controller itself left half done is taken up at once.
 */
function lockedBy({ work, policy, release }: ReleaseWork, held: HeldRelease | null): AppPhase | null {
  const isUnfinished = held && (held.summary.status.startsWith("pending-") || held.summary.status === "uninstalling");
  if (!isUnfinished || held.summary.writtenFor === work.state.app.object.uid) {
    release.locked = null;
    return null;
  }
  const { resourceVersion, status } = held.summary;
  const now = work.context.clock.now();
  const since = release.locked?.resourceVersion === resourceVersion ? release.locked.since : now;
  release.locked = { resourceVersion, since };
  const until = since + policy.upgrade.timeoutMs;
  if (now >= until) return null;
  const message = `release is in status '${status}' by somebody else's hand: waiting for the end of that`;
  return { kind: "sync-failed", step: "preflight", message, retryAt: until };
}

/** What a person reads of a release that did not come to be. */
function failed({ work, release }: ReleaseWork): AppPhase {
  const last = [release.remediated, release.tested, release.released].find((outcome) => outcome && !outcome.ok);
  const message = last?.message ?? release.stalled ?? work.state.lastSync?.message ?? "";
  return { kind: "sync-failed", step: work.state.failedStep, message, retryAt: release.retryAt };
}

function unreadable(reason: string): AppPhase {
  return { kind: "sync-failed", step: "preflight", message: `cannot read release records: ${reason}`, retryAt: null };
}
