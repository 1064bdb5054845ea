import type { SyncReport } from "#core/app/app-report.ts";
import type { SyncRequest } from "#core/app/app.ts";
import { isIdle, type Plan } from "#core/plan/plan.ts";
import type { IdKey } from "#core/resource/resource-id.ts";
import type { Revision } from "#core/source/source.ts";
import { type HookedPlan, withHooks } from "#core/sync/hook-stages.ts";
import type { HookMoment } from "#core/sync/hook.ts";
import { resultKey } from "#core/sync/result-key.ts";
import type { AppState, AppWork } from "./app-state.ts";
import type { DesiredSet } from "./desired-set.ts";

const OF_SYNCS: readonly HookMoment[] = ["before", "during", "after", "failed"];

/** What hooks are to be added to. */
export interface HookQuestion {
  readonly plan: Plan;
  readonly desired: DesiredSet;
  readonly revision: Revision;
  readonly request: SyncRequest | null;
  readonly heal: boolean;
  readonly retries: number;
  readonly startedAt: number;
  /** The sync that goes on; null: a new one begins. */
  readonly left: SyncReport | null;
}

/** The plan with the hooks that run in a sync, which are none where only some objects are written or nothing changes. */
export function hookedPlan(work: AppWork, question: HookQuestion): HookedPlan {
  const { state } = work;
  const { plan, desired, revision, retries, startedAt, left } = question;
  const rules = state.dialect.rules.hooks;
  if (!rules || desired.hooks.length === 0 || !runsHooks(state, question)) return { plan, extras: new Map() };
  const ended = (left?.results ?? []).filter(({ hook, phase }) => hook && phase && phase !== "Running");
  const hooked = withHooks(plan, {
    hooks: desired.hooks,
    moments: OF_SYNCS,
    rules,
    sync: { startedAt, retries, commit: revision.commit },
    done: new Set(ended.map((result) => resultKey(result.key, result.hook))),
    rankOf: (key: IdKey) => desired.byKey.get(key)?.rank ?? 0,
  });
  followHooks(work, hooked);
  return hooked;
}

/** Looks at the objects of hooks from now on, and no longer at those of earlier runs that have gone. */
export function followHooks({ context, state }: AppWork, { extras }: Pick<HookedPlan, "extras">): void {
  const { key } = state.app;
  const isThere = (hook: IdKey) => context.index.get(hook) !== undefined || state.desired?.byKey.has(hook) === true;
  const gone = [...state.hookClaims].filter((hook) => !isThere(hook));
  context.index.claim(key, gone, extras.keys());
  for (const hook of gone) state.hookClaims.delete(hook);
  for (const [hook, { id, version }] of extras) {
    state.hookClaims.add(hook);
    context.index.follow({ ...id, version }, key);
  }
}

function runsHooks({ lastSync }: AppState, { plan, request, heal, retries, left }: HookQuestion): boolean {
  if (heal || request?.only || request?.hooks === false) return false;
  // A sync that did not come to its end has hooks to run, although what it applied is as declared.
  const isDue = request !== null || left !== null || retries > 0;
  return isDue || !isIdle(plan) || (lastSync !== null && lastSync.outcome !== "succeeded");
}

/** When a sync begins, to the second: a retry goes on under the time of the first attempt, and no two syncs share one. */
export function startOf(
  { lastSync, dialect }: AppState,
  sync: { now: number; retries: number; revision: Revision; left: SyncReport | null },
): number {
  if (sync.left) return sync.left.startedAt;
  if (!dialect.rules.hooks || !lastSync) return sync.now;
  if (sync.retries > 0 && lastSync.revision.text === sync.revision.text) return lastSync.startedAt;
  return Math.max(sync.now, Math.floor(lastSync.startedAt / 1000) * 1000 + 1000);
}
