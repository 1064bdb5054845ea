import type { AppPhase } from "#core/app/app-report.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import type { Plan } from "#core/plan/plan.ts";
import type { IdKey } from "#core/resource/resource-id.ts";
import type { Revision } from "#core/source/source.ts";
import { driveSync, resumeEvent, startSync } from "../sync-driver.ts";
import type { ReleaseRun, WantedChart } from "./release-state.ts";
import type { ReleaseWork } from "./release-work.ts";

/** What an action does, and with which objects besides the release's own. */
export interface RunStart {
  readonly run: ReleaseRun;
  readonly plan: Plan;
  readonly extras: readonly Desired[];
}

/** Begins an action and carries it as far as it goes now. */
export async function startRun(
  one: ReleaseWork,
  { run, plan, extras }: RunStart,
  signal: AbortSignal,
): Promise<AppPhase | "again"> {
  const { work, release } = one;
  const { context, state } = work;
  const { action, reason } = run;
  context.log.info({ app: state.app.key, action, reason }, "release action begins");
  release.run = run;
  release.done = [...release.done, run.action];
  const byKey = new Map<IdKey, Desired>(extras.map((desired) => [desired.key, desired]));
  context.index.claim(state.app.key, [], byKey.keys());
  for (const { id, version } of extras) context.index.follow({ ...id, version }, state.app.key);
  const revision = run.wanted?.revision ?? state.applied ?? noRevision;
  const start = { plan, desired: run.desired, revision, request: null, healAttempts: 0, retries: 0 };
  startSync(work, {
    ...start,
    patienceMs: run.timeoutMs,
    extras: byKey,
    recorded: run.record !== null && plan.waiting === 0,
  });
  return driveRun(one, "begin", signal);
}

const noRevision: Revision = { text: "", commit: "", refName: null };

/** Lets the running action go on; when it ends, what it came to is kept until its record tells so too. */
export async function driveRun(
  { work, release }: ReleaseWork,
  how: "begin" | "resume" | "supersede",
  signal: AbortSignal,
): Promise<AppPhase | "again"> {
  const { state } = work;
  const { running, applied } = state;
  if (!running) {
    // The process forgot nothing, but the cluster did not answer: what was done is decided anew.
    release.run = null;
    return "again";
  }
  const event = how === "resume" ? await resumeEvent(work, signal) : { kind: how };
  const outcome = await driveSync(work, event, signal);
  if (outcome === "waiting") {
    const { step } = running.machine;
    return { kind: "syncing", step: step === "gate" || step === "done" ? "health" : step };
  }
  state.applied = applied;
  release.ended = { machine: running.machine, endedAt: work.context.clock.now() };
  return "again";
}

/** Whether something else is wanted than what the running action brings about. */
export function isOutdated({ work, release }: ReleaseWork, wanted: WantedChart | null): boolean {
  const before = release.run?.wanted;
  if (!before || !wanted) return false;
  if (release.run?.specDigest !== work.state.app.specDigest) return true;
  return before.version !== wanted.version || before.configDigest !== wanted.configDigest;
}
