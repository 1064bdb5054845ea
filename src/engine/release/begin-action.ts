import type { App } from "#core/app/app.ts";
import type { ReleaseSteps } from "#core/release/release-plan.ts";
import { hooksOf, hookStages, withReleaseSteps } from "#core/release/release-plan.ts";
import { type Change, changesOf, isIdle, type Plan } from "#core/plan/plan.ts";
import { snapshotOf } from "#core/release/snapshot.ts";
import type { DesiredSet } from "../desired-set.ts";
import { planApp } from "../plan-app.ts";
import { recordDrift, withoutFoughtOver } from "../sync-app.ts";
import { beginRelease, beginRollback, resumeRelease } from "./begin-release.ts";
import { noteOutcome } from "./conclude-action.ts";
import { wholeRecord } from "./held-release.ts";
import { type ActionStart, due, newRun, planOf, revisionOf, type Turn } from "./new-run.ts";
import { startRun } from "./release-run.ts";
import type { ReleaseWork } from "./release-work.ts";

/** Prepares an action and begins it; null: what it needs to know is still being read. */
export async function beginAction(one: ReleaseWork, start: ActionStart, signal: AbortSignal): Promise<Turn> {
  switch (start.action) {
    case "install":
    case "upgrade":
      return beginRelease(one, start, signal);
    case "rollback":
      return beginRollback(one, start, signal);
    case "test":
      return beginTest(one, start, signal);
    case "uninstall":
      return beginUninstall(one, start, signal);
    case "unlock":
      return takeUp(one, start, signal);
    case "correct":
      return beginCorrection(one, start, signal);
  }
}

/** Goes on with what was left half done, or else ends it. */
async function takeUp(one: ReleaseWork, start: ActionStart, signal: AbortSignal): Promise<Turn> {
  const resumed = await resumeRelease(one, start, signal);
  return resumed ? resumed.turn : unlock(one, start, signal);
}

async function beginTest(one: ReleaseWork, start: ActionStart, signal: AbortSignal): Promise<Turn> {
  const { policy, work } = one;
  const { held } = start;
  if (!held) throw new Error("Cannot test: there is no release");
  const hooks = hooksOf(held.hooks, "test").filter(({ hook }) => isTested(hook.name ?? "", policy.test.filters));
  const plan = { ...emptyPlan(one, start), stages: hookStages({ hooks }, "test") };
  const record = await wholeRecord(one, held, signal);
  const run = newRun(one, { start, rules: policy.test, hooks: held.hooks, desired: held.desired, record });
  work.state.attempted = start.wanted?.revision ?? null;
  return startRun(one, { run, plan, extras: due(hooks, ["test"]) }, signal);
}

async function beginUninstall(one: ReleaseWork, start: ActionStart, signal: AbortSignal): Promise<Turn> {
  const { work, policy } = one;
  const rules = policy.uninstall;
  const held = start.held;
  const hooks = rules.hooks ? (held?.hooks ?? []) : [];
  const plan = await planApp(
    work,
    { desired: null, revision: revisionOf(start), request: null, deleting: true },
    signal,
  );
  const gone = changesOf(plan).filter(({ action }) => action === "delete");
  const steps: ReleaseSteps = {
    first: [],
    hooks,
    before: "pre-delete",
    after: "post-delete",
    gate: rules.wait ? "gone" : "none",
    awaits: gone.map(({ key }) => key),
  };
  const desired = held?.desired ?? work.state.desired ?? emptySet(work.state.app);
  const record = held && rules.keepHistory ? await wholeRecord(one, held, signal) : null;
  const run = newRun(one, { start, rules, hooks: held?.hooks ?? [], desired, record });
  const extras = due(hooks, [steps.before, steps.after]);
  return startRun(one, { run, plan: withReleaseSteps(plan, steps), extras }, signal);
}

/** Corrects drift, or lets go what left the release while its deletion had to wait. */
async function beginCorrection(one: ReleaseWork, start: ActionStart, signal: AbortSignal): Promise<Turn> {
  const { work } = one;
  const { held, only } = start;
  if (!held) throw new Error("Cannot correct: there is no release");
  const whole = withoutFoughtOver(work, await planOf(one, held.desired, signal));
  // What does not count as drift is not corrected.
  const plan = withOnly(whole, ({ desired, options }) =>
    only === "removals" ? desired === null : options?.counted !== false,
  );
  if (isIdle(plan)) return { kind: "synced" };
  recordDrift(work, plan);
  const rules = work.state.app.policy;
  const run = newRun(one, { start, rules, hooks: held.hooks, desired: held.desired, record: null });
  return startRun(one, { run, plan, extras: [] }, signal);
}

/** What another process left in the middle of an action counts as failed, so that the next one can begin. */
async function unlock(one: ReleaseWork, { held, wanted }: ActionStart, signal: AbortSignal): Promise<Turn> {
  const { work, release } = one;
  if (!held) throw new Error("Cannot unlock: there is no release");
  const { stored, summary } = await wholeRecord(one, held, signal);
  const description = `Release unlocked from stale '${summary.status}' state`;
  const info = { ...stored.release.info, status: "failed" as const, description };
  const { app, dialect } = work.state;
  const ociDigest = release.memory.history[0]?.ociDigest ?? wanted?.ociDigest ?? "";
  const unlocked = { ...stored, release: { ...stored.release, info } };
  const write = { app, manager: dialect.rules.manager, summary, ociDigest, stored: unlocked };
  const written = await work.context.releases.update(write, signal);
  const snapshot = snapshotOf(written.stored, { ociDigest, action: "", tested: false });
  noteOutcome(one, { about: { action: "unlock", wanted }, ok: true, snapshot, message: summary.status });
  return "again";
}

function isTested(name: string, filters: readonly { readonly name: string; readonly exclude: boolean }[]): boolean {
  if (filters.some((filter) => filter.exclude && filter.name === name)) return false;
  const named = filters.filter(({ exclude }) => !exclude);
  return named.length === 0 || named.some((filter) => filter.name === name);
}

function withOnly(plan: Plan, isKept: (change: Change) => boolean): Plan {
  return { ...plan, stages: plan.stages.map((stage) => ({ ...stage, changes: stage.changes.filter(isKept) })) };
}

function emptyPlan({ work }: ReleaseWork, start: ActionStart): Plan {
  return { app: work.state.app.key, revision: revisionOf(start), stages: [], held: [], waiting: 0, digest: "" };
}

function emptySet(app: App): DesiredSet {
  const rendered = { resources: [], readSet: [], renderer: "helm" as const };
  const prepared = { resources: [], refusals: [], warnings: [] };
  return { rendered, app, objects: [], byKey: new Map(), hooks: [], prepared, digest: "", duplicates: [] };
}
