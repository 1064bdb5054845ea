import type { Notice } from "#core/app/app-report.ts";
import { type HealthStatus, worstOf } from "#core/health/health.ts";
import { judgeRollback } from "#core/sync/judge-rollback.ts";
import type { AppState, AppWork, RollbackMemory } from "./app-state.ts";
import { assess } from "./assess.ts";
import { trackedRevision } from "./tracked-revision.ts";

/** Takes note of what the app's object says now of going back by itself. */
export function noteRollback(state: AppState): void {
  const { rollback: declared, policy } = state.app;
  if (!declared || policy.mode !== "auto") {
    state.rollback = null;
    return;
  }
  const { healthy, from } = declared;
  const known = state.rollback;
  if (!known) state.rollback = { state: { healthy, from }, told: from, trial: null, lookAt: null };
  else if (known.told !== null && from === null) {
    state.rollback = { ...known, state: { ...known.state, from: null }, told: null, trial: null };
  } else state.rollback = { ...known, told: from };
}

/** Decides whether the app goes back to the revision that was healthy last. */
export function considerRollback(work: AppWork): void {
  const { context, state } = work;
  const { rollback, app } = state;
  if (!rollback || !app.rollback) return;
  const tracked = trackedRevision(context, app)?.text ?? null;
  const trial = trialOf(state, tracked);
  const verdict = judgeRollback({
    state: rollback.state,
    now: context.clock.now(),
    afterMs: app.rollback.afterMs,
    tracked,
    applied: state.running ? null : (state.applied?.text ?? null),
    since: trial?.since ?? null,
    health: healthNow(work),
  });
  state.rollback = { ...rollback, ...verdict, trial };
  const { healthy, from } = verdict.state;
  if (from !== null && from !== rollback.state.from) tellBack(work, { healthy: healthy ?? "", from });
}

/** What people are told for as long as an app is not at what it tracks. */
export function rollbackNotices({ rollback, app }: AppState): Notice[] {
  const { healthy, from } = rollback?.state ?? {};
  if (!from || !app.rollback) return [];
  const limit = `${app.rollback.afterMs / 1_000} s`;
  const message = `Rolled back from ${from} to ${healthy}: it was not healthy within ${limit}; the next commit is synced again`;
  return [{ kind: "rolled-back", message }];
}

function trialOf({ rollback, running, lastSync }: AppState, tracked: string | null): RollbackMemory["trial"] {
  if (rollback?.trial && rollback.trial.revision === tracked) return rollback.trial;
  const report = running?.report ?? lastSync;
  if (!report || tracked === null || report.revision.text !== tracked) return null;
  return { revision: tracked, since: report.startedAt };
}

/** An object that is not there is awaited; one without a check is well. */
function healthNow(work: AppWork): HealthStatus {
  const { context, state } = work;
  const counted = (state.desired?.objects ?? []).filter(({ options }) => options.counted && options.apply !== "ignore");
  return worstOf(
    counted.map(({ key }) => {
      const live = context.index.get(key);
      const status = live ? (assess(work, live)?.status ?? "Healthy") : "Missing";
      return status === "Suspended" ? "Healthy" : status;
    }),
  );
}

function tellBack({ context, state }: AppWork, { healthy, from }: { healthy: string; from: string }): void {
  const { key } = state.app;
  const reason = `${from} was not healthy in time`;
  context.log.warn({ app: key, revision: from, backTo: healthy }, "the app goes back to what was healthy last");
  const now = context.clock.now();
  const about = { app: key, object: key, revision: healthy, reason, detail: {} };
  context.audit.append({ at: now, actor: "holdfast", verb: "rollback", ...about });
}
