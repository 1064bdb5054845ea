import type { AppPhase } from "#core/app/app-report.ts";
import { ApiError, isVerdict } from "#core/cluster/api-error.ts";
import type { HelmRelease } from "#core/helm/release.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import { changesOf, isIdle, type Plan } from "#core/plan/plan.ts";
import { previousOf, type ReleaseAction, type ReleaseSnapshot } from "#core/release/release-memory.ts";
import type { ActionPolicy, WritePolicy } from "#core/release/release-policy.ts";
import {
  hooksOf,
  hookStages,
  type ReleaseHook,
  type ReleaseSteps,
  withReleaseSteps,
} from "#core/release/release-plan.ts";
import type { Resource } from "#core/resource/resource.ts";
import { snapshotOf } from "#core/release/snapshot.ts";
import { RenderError } from "#core/source/render-error.ts";
import type { DesiredSet } from "../desired-set.ts";
import { compareApp } from "../compare-app.ts";
import { planApp } from "../plan-app.ts";
import type { StoredRelease } from "../ports.ts";
import { holdDesired } from "../refresh-desired.ts";
import { failureText } from "../requests.ts";
import { noteHeld, recordDrift, withoutFoughtOver } from "../sync-app.ts";
import { noteFailure, noteOutcome } from "./conclude-action.ts";
import { namespaceObject, type ReadyRelease, readyRelease } from "./held-release.ts";
import { newRelease } from "./new-release.ts";
import { ignoresTests } from "./release-facts.ts";
import { renderRelease } from "./render-release.ts";
import { startRun } from "./release-run.ts";
import type { HeldRelease, ReleaseRun, WantedChart } from "./release-state.ts";
import type { ReleaseStorage, StoredSummary } from "./release-store-index.ts";
import type { ReleaseStore, WrittenRecord } from "./release-store.ts";
import type { ReleaseWork } from "./release-work.ts";
import { foreignObjects } from "./take-ownership.ts";

/** What to do, and what is known of the release. */
export interface ActionStart {
  readonly action: ReleaseAction;
  readonly storage: ReleaseStorage;
  readonly wanted: WantedChart | null;
  readonly held: HeldRelease | null;
  readonly records: readonly StoredSummary[];
  /** Nothing is written, only what is left over goes. */
  readonly only?: "removals";
}

type Turn = AppPhase | null | "again";

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
      return unlock(one, start, signal);
    case "correct":
      return beginCorrection(one, start, signal);
  }
}

async function beginRelease(one: ReleaseWork, start: ActionStart, signal: AbortSignal): Promise<Turn> {
  const { work, policy } = one;
  const { wanted, held, action, records } = start;
  if (!wanted || (action !== "install" && action !== "upgrade"))
    throw new Error(`Cannot ${action}: no chart is wanted`);
  const { [action]: rules } = policy;
  const version = (records[0]?.version ?? 0) + 1;
  try {
    const rendered = await renderRelease(one, { wanted, version, action, held }, signal);
    const before = firstOf(one, action, rendered.crds);
    const ready = await readyRelease(work, { ...rendered, first: before }, signal);
    const refusal = refusalOf(one, ready.desired);
    if (refusal !== null) return noteFailure(one, start, refusal);
    const release = newRelease(rendered, { wanted, policy, version, held, action, now: work.context.clock.now() });
    const stored: StoredRelease = { ...rendered, release, digest: "" };
    const first = ready.first.map((desired) => withCrdPolicy(desired, rules));
    const { ociDigest } = wanted;
    const parts = { start, rules, stored, ready, first, event: action, ociDigest };
    return await write(one, parts, signal);
  } catch (error) {
    if (error instanceof RenderError) return noteFailure(one, start, error.message);
    throw error;
  }
}

async function beginRollback(one: ReleaseWork, start: ActionStart, signal: AbortSignal): Promise<Turn> {
  const { work, policy, release } = one;
  const { records } = start;
  const target = previousOf(release.memory.history, ignoresTests(one));
  const summary = records.find(({ version }) => version === target?.version);
  if (!target || !summary) return noteFailure(one, start, "there is no earlier revision");
  const { app } = work.state;
  const old = await work.context.releases.read({ app, summary, ociDigest: target.ociDigest }, signal);
  const version = (records[0]?.version ?? 0) + 1;
  const time = new Date(work.context.clock.now()).toISOString();
  const info = { ...old.release.info, last_deployed: time, description: `Rollback to ${target.version}` };
  const made: HelmRelease = { ...old.release, version, info: { ...info, status: "pending-rollback" } };
  const ready = await readyRelease(work, { ...old, first: [] }, signal);
  const rules = policy.rollback;
  const stored = { ...old, release: made };
  const { ociDigest } = target;
  const event = "rollback" as const;
  const parts = { start, rules, stored, ready, first: [], event, ociDigest, target };
  return write(one, parts, signal);
}

/** Compares the cluster with what shall be, records the intention, and begins to write. */
async function write(
  one: ReleaseWork,
  parts: {
    readonly start: ActionStart;
    readonly rules: ActionPolicy & Partial<WritePolicy>;
    readonly stored: StoredRelease;
    readonly ready: ReadyRelease;
    readonly first: readonly Desired[];
    readonly event: "install" | "upgrade" | "rollback";
    readonly ociDigest: string;
    readonly target?: ReleaseSnapshot;
  },
  signal: AbortSignal,
): Promise<Turn> {
  const { work, policy } = one;
  const { start, rules, ready, event } = parts;
  const { app, dialect } = work.state;
  holdDesired(work, ready.desired);
  if ((await compareApp(work, { takeover: false }, signal)) === "pending") return null;
  if (rules.takeOwnership === false) {
    const foreign = await foreignObjects(one, ready.desired, signal);
    if (foreign !== null) return noteFailure(one, start, foreign);
  }
  const plan = await planOf(one, ready.desired, signal);
  const hooks = rules.hooks ? ready.hooks : [];
  const steps: ReleaseSteps = {
    first: parts.first,
    hooks,
    before: `pre-${event}`,
    after: `post-${event}`,
    gate: gateOf(rules),
    awaits: ready.desired.objects.filter(isAwaited).map(({ key }) => key),
  };
  const written = await recorded(
    one,
    {
      app,
      manager: dialect.rules.manager,
      stored: parts.stored,
      ociDigest: parts.ociDigest,
      storageNamespace: policy.storageNamespace,
    },
    signal,
  );
  if (typeof written === "string") return noteFailure(one, start, written);
  const { target } = parts;
  const made = { hooks: ready.hooks, desired: ready.desired, record: written };
  const run = newRun(one, { start, rules, ...made, ...(target && { target }) });
  const extras = [...parts.first, ...due(hooks, [steps.before, steps.after])];
  return startRun(one, { run, plan: withReleaseSteps(plan, steps), extras }, signal);
}

/** The new record, or why the server refuses it: then nothing has begun. */
async function recorded(
  { work }: ReleaseWork,
  write: Parameters<ReleaseStore["create"]>[0],
  signal: AbortSignal,
): Promise<WrittenRecord | string> {
  try {
    return await work.context.releases.create(write, signal);
  } catch (error) {
    // A record of that name is news that the watch has not told yet.
    if (!(error instanceof ApiError) || !isVerdict(error) || error.code === 409) throw error;
    return failureText(error);
  }
}

async function beginTest(one: ReleaseWork, start: ActionStart, signal: AbortSignal): Promise<Turn> {
  const { policy, work } = one;
  const { held } = start;
  if (!held) throw new Error("Cannot test: there is no release");
  const hooks = hooksOf(held.hooks, "test").filter(({ hook }) => isTested(hook.name ?? "", policy.test.filters));
  const plan = { ...emptyPlan(one, start), stages: hookStages({ hooks }, "test") };
  const rules = { timeoutMs: policy.test.timeoutMs, wait: false, waitForJobs: false, hooks: true };
  const run = newRun(one, { start, rules, hooks: held.hooks, desired: held.desired, record: held });
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
  const desired = held?.desired ?? work.state.desired ?? emptySet(work.state.app.specDigest);
  const run = newRun(one, { start, rules, hooks: held?.hooks ?? [], desired, record: held });
  const extras = due(hooks, [steps.before, steps.after]);
  return startRun(one, { run, plan: withReleaseSteps(plan, steps), extras }, signal);
}

/** Corrects drift, or lets go what left the release while its deletion had to wait. */
async function beginCorrection(one: ReleaseWork, start: ActionStart, signal: AbortSignal): Promise<Turn> {
  const { work, policy } = one;
  const { held, only } = start;
  if (!held) throw new Error("Cannot correct: there is no release");
  const whole = counted(withoutFoughtOver(work, await planOf(one, held.desired, signal)));
  const plan = only === "removals" ? removalsOf(whole) : whole;
  if (isIdle(plan)) return { kind: "synced" };
  recordDrift(work, plan);
  const rules = {
    timeoutMs: work.state.app.policy.timeoutMs,
    wait: false,
    waitForJobs: false,
    hooks: policy.upgrade.hooks,
  };
  const run = newRun(one, { start, rules, hooks: held.hooks, desired: held.desired, record: null });
  return startRun(one, { run, plan, extras: [] }, signal);
}

/** What another process left in the middle of an action counts as failed, so that the next one can begin. */
async function unlock(one: ReleaseWork, { held, wanted }: ActionStart, signal: AbortSignal): Promise<Turn> {
  const { work, release } = one;
  if (!held) throw new Error("Cannot unlock: there is no release");
  const { stored, summary } = held;
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

async function planOf({ work }: ReleaseWork, desired: DesiredSet, signal: AbortSignal): Promise<Plan> {
  const plan = await planApp(work, { desired, revision: "", request: null, deleting: false }, signal);
  work.state.waiting = plan.waiting;
  noteHeld(work.state, plan);
  return plan;
}

function newRun(
  { work }: ReleaseWork,
  parts: {
    readonly start: ActionStart;
    readonly rules: ActionPolicy;
    readonly hooks: readonly ReleaseHook[];
    readonly desired: DesiredSet;
    readonly record: ReleaseRun["record"];
    readonly target?: ReleaseSnapshot;
  },
): ReleaseRun {
  const { start, rules, hooks, desired, record } = parts;
  return {
    action: start.action,
    startedAt: work.context.clock.now(),
    timeoutMs: rules.timeoutMs,
    storage: start.storage,
    specDigest: work.state.app.specDigest,
    wanted: start.wanted,
    record,
    hooks,
    desired,
    before: start.held?.desired ?? null,
    target: parts.target ?? null,
  };
}

function refusalOf({ work }: ReleaseWork, desired: DesiredSet): string | null {
  const messages = desired.prepared.refusals.map(({ message }) => message);
  if (work.state.dialect.rules.duplicates === "refuse") messages.push(...desired.duplicates);
  return messages.length === 0 ? null : messages.join("\n");
}

function firstOf({ policy }: ReleaseWork, action: "install" | "upgrade", crds: readonly Resource[]): Resource[] {
  const creates = action === "install" && policy.install.createNamespace;
  return [...(creates ? [namespaceObject(policy.namespace)] : []), ...(policy[action].crds === "Skip" ? [] : crds)];
}

/** What is there already is left alone, unless definitions are to be replaced. */
function withCrdPolicy(desired: Desired, { crds }: WritePolicy): Desired {
  const replaces = crds === "CreateReplace" && desired.id.kind === "CustomResourceDefinition";
  return { ...desired, options: { ...desired.options, apply: replaces ? "apply" : "if-absent" } };
}

function gateOf({ wait, waitForJobs }: ActionPolicy): ReleaseSteps["gate"] {
  if (!wait) return "none";
  return waitForJobs ? "complete" : "healthy";
}

function isAwaited({ options }: Desired): boolean {
  return options.apply !== "ignore";
}

function isTested(name: string, filters: readonly { readonly name: string; readonly exclude: boolean }[]): boolean {
  if (filters.some((filter) => filter.exclude && filter.name === name)) return false;
  const named = filters.filter(({ exclude }) => !exclude);
  return named.length === 0 || named.some((filter) => filter.name === name);
}

function due(hooks: readonly ReleaseHook[], events: readonly ReleaseSteps["before"][]): Desired[] {
  return events.flatMap((event) => (event ? hooksOf(hooks, event) : [])).map(({ desired }) => desired);
}

/** What does not count as drift is not corrected. */
function counted(plan: Plan): Plan {
  const stages = plan.stages.map((stage) => ({
    ...stage,
    changes: stage.changes.filter(({ options }) => options?.counted !== false),
  }));
  return { ...plan, stages };
}

function removalsOf(plan: Plan): Plan {
  const stages = plan.stages.map((stage) => ({
    ...stage,
    changes: stage.changes.filter(({ desired }) => desired === null),
  }));
  return { ...plan, stages };
}

function emptyPlan({ work }: ReleaseWork, start: ActionStart): Plan {
  return { app: work.state.app.key, revision: revisionOf(start), stages: [], held: [], waiting: 0, digest: "" };
}

function revisionOf({ wanted }: ActionStart): string {
  return wanted?.revision.text ?? "";
}

function emptySet(specDigest: string): DesiredSet {
  const rendered = { resources: [], readSet: [], renderer: "helm" as const };
  const prepared = { resources: [], refusals: [], warnings: [] };
  return { rendered, specDigest, objects: [], byKey: new Map(), prepared, digest: "", duplicates: [] };
}
