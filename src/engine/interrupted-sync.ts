import type { ObjectResult, SyncReport } from "#core/app/app-report.ts";
import type { SyncRequest } from "#core/app/app.ts";
import type { Change } from "#core/plan/plan.ts";
import { joinApiVersion } from "#core/resource/resource-id.ts";
import type { Revision } from "#core/source/source.ts";
import { hookMark } from "#core/sync/hook.ts";
import { resultKey } from "#core/sync/result-key.ts";
import type { AppState, AppWork } from "./app-state.ts";
import { assess } from "./assess.ts";
import type { DesiredSet } from "./desired-set.ts";
import { writeHook } from "./hook-objects.ts";
import { asUser } from "./requests.ts";

/** What to do about a sync that was interrupted. */
export type LeftSync =
  | { readonly kind: "none" }
  /** It goes on where it was. */
  | { readonly kind: "continue"; readonly report: SyncReport }
  /** Something else is wanted by now, but one of its hooks still runs and may. */
  | { readonly kind: "wait" };

/** Stops working on the running sync; what is known of it is kept, for it may go on. */
export function interrupt(state: AppState): void {
  const { running } = state;
  if (!running) return;
  const report = { ...running.report, results: [...running.machine.results.values()] };
  if (state.dialect.rules.hooks) state.interrupted = { report, specDigest: running.desired.app.specDigest };
  state.running = null;
}

/** What a sync that goes on knows from before: how its hooks went, and what had failed. */
export function hookResults(results: readonly ObjectResult[]): ReadonlyMap<string, ObjectResult> {
  const kept = results.filter(({ hook, phase }) => hook !== undefined || phase === "Failed");
  return new Map(kept.map((result) => [resultKey(result.key, result.hook), result]));
}

/** Decides whether the interrupted sync goes on; one that does not is put away once none of its hooks runs. */
export async function leftSync(
  work: AppWork,
  now: { desired: DesiredSet; revision: Revision; request: SyncRequest | null },
  signal: AbortSignal,
): Promise<LeftSync> {
  const { interrupted } = work.state;
  if (!interrupted) return { kind: "none" };
  const { report, specDigest } = interrupted;
  const isSame = report.revision.text === now.revision.text && specDigest === now.desired.app.specDigest;
  if (isSame && report.request?.token === now.request?.token) return { kind: "continue", report };
  const isOver = work.context.clock.now() >= endOf(work.state, report);
  const runs = isOver ? [] : report.results.flatMap((result) => hookChange(report, result));
  for (const change of runs) if (await isRunning(work, change, signal)) return { kind: "wait" };
  await putAway(work, "superseded", signal);
  return { kind: "none" };
}

/** When hooks of a sync that was left are waited for no longer, milliseconds since the epoch. */
export function endOf({ app }: AppState, { startedAt }: SyncReport): number {
  return startedAt + app.policy.timeoutMs;
}

/** Lets go what the hooks of the interrupted sync left, and deletes those that still run. */
export async function putAway(work: AppWork, outcome: "superseded" | "terminated", signal: AbortSignal): Promise<void> {
  const { context, state } = work;
  const { report } = state.interrupted ?? {};
  if (!report) return;
  for (const result of report.results) {
    for (const change of hookChange(report, result)) await writeHook(work, { change, desired: undefined }, signal);
  }
  state.interrupted = null;
  state.lastSync = { ...report, outcome, finishedAt: context.clock.now() };
}

function hookChange(report: SyncReport, { key, id, version, hook }: ObjectResult) {
  if (hook === undefined) return [];
  const action: Change["action"] = "retire";
  const task = { word: hook, mark: hookMark(report, hook) };
  const base = { key, id, version, action, reason: `${hook} the hook has ended`, paths: [], certificate: null };
  return [{ ...base, hook: task, desired: null, options: null }];
}

async function isRunning(
  work: AppWork,
  { key, id, version, hook }: ReturnType<typeof hookChange>[number],
  signal: AbortSignal,
): Promise<boolean> {
  const { context, state } = work;
  context.index.claim(state.app.key, [], [key]);
  context.index.follow({ ...id, version }, state.app.key);
  const ref = { ...id, apiVersion: joinApiVersion({ group: id.group, version }) };
  const live = context.index.get(key) ?? (await context.client.get(ref, { signal, ...asUser(state.app) }));
  if (!live || state.dialect.rules.hooks?.markOf(live) !== hook.mark) return false;
  context.index.record(live);
  const status = assess(work, live)?.status;
  return status === "Progressing" || status === "Suspended";
}
