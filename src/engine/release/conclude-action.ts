import type { HelmHookEvent, HelmRelease, HelmReleaseHook } from "#core/helm/release.ts";
import { afterAction } from "#core/release/after-action.ts";
import type { ReleaseOutcome, ReleaseSnapshot } from "#core/release/release-memory.ts";
import { change, isCleared, type ReleaseHook } from "#core/release/release-plan.ts";
import { snapshotOf } from "#core/release/snapshot.ts";
import type { IdKey } from "#core/resource/resource-id.ts";
import { clearObject } from "../clear-object.ts";
import { toldOf } from "./held-release.ts";
import type { EndedRun, ReleaseRun } from "./release-state.ts";
import { cleanUpAfterFailure } from "./clean-up.ts";
import { finishRecords, ociDigestOf, removeRecords } from "./release-records.ts";
import type { WrittenRecord } from "./release-store.ts";
import type { ReleaseWork } from "./release-work.ts";

/** What is about to be done, or was. */
type About = Pick<ReleaseRun, "action" | "wanted">;

const CORRECT_AGAIN_MS = 30_000;

/** Lets the record, the memory and the report tell how the action ended. Safe to do again when the cluster did not answer. */
export async function concludeAction(one: ReleaseWork, signal: AbortSignal): Promise<void> {
  const { work, release } = one;
  const { run, ended } = release;
  if (!run || !ended) throw new Error("Cannot conclude: no action has ended");
  const ok = ended.machine.outcome === "succeeded";
  if (!ok) {
    await clearAfterFailure(one, { run, ended }, signal);
    await cleanUpAfterFailure(one, { run, ended }, signal);
  }
  const written = await record(one, { run, ended, ok }, signal);
  const { context, state } = work;
  context.index.claim(
    state.app.key,
    run.hooks.map(({ desired }) => desired.key),
    [],
  );
  const tookMs = ended.endedAt - run.startedAt;
  const snapshot = written && snapshotFor(one, { run, written });
  const end = { action: run.action, ok, tookMs, snapshot };
  release.memory = afterAction(release.memory, end, one.policy);
  if (run.action === "correct") {
    release.done = [];
    release.isCorrected = ok;
    release.retryAt = ok ? null : ended.endedAt + CORRECT_AGAIN_MS;
  }
  if (run.action === "uninstall") forgetUninstalled(one, { run, ok, written });
  const message = ok ? succeeded(run, ended) : ended.machine.message;
  noteOutcome(one, { about: run, ok, snapshot: run.target ?? snapshot, message });
  if (ok && (run.action === "install" || run.action === "upgrade")) state.applied = run.wanted?.revision ?? null;
  if (written)
    release.held = { summary: written.summary, stored: toldOf(written.stored), desired: run.desired, hooks: run.hooks };
  else if (run.record || run.action === "uninstall") release.held = null;
  release.run = null;
  release.ended = null;
}

/** An action that failed before anything was written: it counts, and no record tells of it. */
export function noteFailure(one: ReleaseWork, about: About, message: string): "again" {
  const { release, policy } = one;
  const end = { action: about.action, ok: false, tookMs: 0, snapshot: null };
  release.memory = afterAction(release.memory, end, policy);
  release.done = [...release.done, about.action];
  noteOutcome(one, { about, ok: false, snapshot: null, message });
  return "again";
}

async function record(
  one: ReleaseWork,
  { run, ended, ok }: { run: ReleaseRun; ended: EndedRun; ok: boolean },
  signal: AbortSignal,
): Promise<WrittenRecord | null> {
  if (run.action === "uninstall") return removeRecords(one, { run, ok, endedAt: ended.endedAt }, signal);
  if (!run.record) return null;
  const { stored, summary } = run.record;
  const hooks = withRuns(stored.release.hooks ?? [], { run, ended });
  const release: HelmRelease = { ...stored.release, hooks, info: infoAfter(stored.release, { run, ended, ok }) };
  return finishRecords(one, { run, summary, stored: { ...stored, release } }, signal);
}

function infoAfter(
  { info, name }: HelmRelease,
  { run, ended, ok }: { run: ReleaseRun; ended: EndedRun; ok: boolean },
): HelmRelease["info"] {
  switch (run.action) {
    case "install":
      if (ok) return { ...info, status: "deployed", description: "Install complete" };
      return { ...info, status: "failed", description: `Release "${name}" failed: ${ended.machine.message}` };
    case "upgrade":
      if (ok) return { ...info, status: "deployed", description: "Upgrade complete" };
      return { ...info, status: "failed", description: `Upgrade "${name}" failed: ${ended.machine.message}` };
    case "rollback":
      if (ok) return { ...info, status: "deployed" };
      return { ...info, status: "failed", description: `Rollback "${name}" failed: ${ended.machine.message}` };
    default:
      return info;
  }
}

/** When and how the hooks of this action ran. */
function withRuns(
  hooks: readonly HelmReleaseHook[],
  { run, ended }: { run: ReleaseRun; ended: EndedRun },
): HelmReleaseHook[] {
  const { results, failedAt, plan, cursor } = ended.machine;
  const times = { started_at: isoTime(run.startedAt), completed_at: isoTime(ended.endedAt) };
  const failing = failedAt === null ? new Set<IdKey>() : keysOf(plan.stages[cursor]?.changes ?? []);
  const ran = run.hooks.filter(({ desired }) => results.has(desired.key));
  return hooks.map((hook) => {
    const one = ran.find((other) => other.hook.path === hook.path && other.hook.name === hook.name);
    if (!one) return hook;
    const phase = failing.has(one.desired.key) ? ("Failed" as const) : ("Succeeded" as const);
    return { ...hook, last_run: { ...times, phase } };
  });
}

function keysOf(changes: readonly { readonly key: IdKey }[]): ReadonlySet<IdKey> {
  return new Set(changes.map(({ key }) => key));
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** The hook that failed, and those of the same event that succeeded before it, go as their policies say. */
async function clearAfterFailure(
  { work }: ReleaseWork,
  { run, ended }: { run: ReleaseRun; ended: EndedRun },
  signal: AbortSignal,
): Promise<void> {
  const { plan, cursor, results } = ended.machine;
  const failing = keysOf(plan.stages[cursor]?.changes ?? []);
  const failed = run.hooks.find(({ desired }) => failing.has(desired.key));
  if (!failed) return;
  const due = run.hooks.filter((hook) => {
    if (hook === failed) return isCleared(hook, "hook-failed");
    return results.has(hook.desired.key) && sharesEvent(hook, failed) && isCleared(hook, "hook-succeeded");
  });
  for (const { desired } of due) await clearObject(work, change(desired, "clear", "a hook failed"), signal);
}

function sharesEvent(a: ReleaseHook, b: ReleaseHook): boolean {
  return (a.hook.events ?? []).some((event: HelmHookEvent) => b.hook.events?.includes(event));
}

function snapshotFor(one: ReleaseWork, { run, written }: { run: ReleaseRun; written: WrittenRecord }): ReleaseSnapshot {
  const latest = one.release.memory.history.find(({ version }) => version === written.summary.version);
  const ociDigest = ociDigestOf(one, run);
  const isTest = run.action === "test";
  const action = isTest ? (latest?.action ?? "") : run.action === "uninstall" ? "" : run.action;
  const snapshot = snapshotOf(written.stored, { ociDigest, action, tested: isTest });
  const isRelease = run.action === "install" || run.action === "upgrade";
  // With values that are kept from before, what was given is what a change is told by.
  return isRelease && run.wanted ? { ...snapshot, configDigest: run.wanted.configDigest } : snapshot;
}

function forgetUninstalled(
  { release }: ReleaseWork,
  { run, ok, written }: { run: ReleaseRun; ok: boolean; written: WrittenRecord | null },
): void {
  if (!ok || written) return;
  const { memory } = release;
  const left = memory.history.filter(({ name }) => name !== run.storage.name);
  const [latest] = memory.history;
  const gone = latest && latest.name === run.storage.name ? [{ ...latest, status: "uninstalled" as const }] : [];
  release.memory = { ...memory, history: [...gone, ...left] };
}

function succeeded(run: ReleaseRun, { machine }: EndedRun): string {
  if (run.action !== "test") return "";
  const ran = run.hooks.filter(({ desired }) => machine.results.has(desired.key)).length;
  return `${ran} test hook${ran === 1 ? "" : "s"} completed successfully`;
}

/** Keeps how an action ended for the report. */
export function noteOutcome(
  { work, policy, release }: ReleaseWork,
  end: {
    readonly about: About;
    readonly ok: boolean;
    readonly snapshot: ReleaseSnapshot | null;
    readonly message: string;
  },
): void {
  const { about, ok, snapshot, message } = end;
  const { metadata, version } = about.wanted ?? {};
  const chart = metadata ? `${metadata.name}@${version}` : "";
  const outcome: ReleaseOutcome = {
    ok,
    action: about.action,
    snapshot,
    about: { release: `${policy.namespace}/${policy.name}`, chart },
    message,
    generation: work.state.app.object.generation,
  };
  switch (about.action) {
    case "install":
    case "upgrade":
    case "unlock":
      release.released = outcome;
      release.tested = null;
      release.remediated = null;
      return;
    case "test":
      release.tested = outcome;
      return;
    case "rollback":
    case "uninstall":
      release.remediated = outcome;
      return;
    default:
      return;
  }
}
