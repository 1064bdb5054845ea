import { ApiError, isVerdict } from "#core/cluster/api-error.ts";
import type { HelmRelease, HelmReleaseStatus } from "#core/helm/release.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import { previousOf, type ReleaseSnapshot } from "#core/release/release-memory.ts";
import { type ReleaseSteps, withReleaseSteps } from "#core/release/release-plan.ts";
import type { ActionPolicy, WritePolicy } from "#core/release/release-policy.ts";
import type { Resource } from "#core/resource/resource.ts";
import { RenderError } from "#core/source/render-error.ts";
import { compareApp } from "../compare-app.ts";
import { refusalText } from "../desired-set.ts";
import type { RenderedRelease, StoredRelease } from "../ports.ts";
import { holdDesired } from "../refresh-desired.ts";
import { failureText } from "../requests.ts";
import { noteFailure } from "./conclude-action.ts";
import { namespaceObject, type ReadyRelease, readyRelease, wholeRecord } from "./held-release.ts";
import { newRelease } from "./new-release.ts";
import { type ActionStart, due, newRun, planOf, type Turn } from "./new-run.ts";
import { ignoresTests } from "./release-facts.ts";
import { startRun } from "./release-run.ts";
import { renderRelease } from "./render-release.ts";
import type { WantedChart } from "./release-state.ts";
import type { ReleaseStore, WrittenRecord } from "./release-store.ts";
import type { ReleaseWork } from "./release-work.ts";
import { foreignObjects } from "./take-ownership.ts";

/** Begins to install or to upgrade. */
export async function beginRelease(one: ReleaseWork, start: ActionStart, signal: AbortSignal): Promise<Turn> {
  const { work, policy } = one;
  const { wanted, held, action, records } = start;
  if (!wanted || (action !== "install" && action !== "upgrade"))
    throw new Error(`Cannot ${action}: no chart is wanted`);
  const version = (records[0]?.version ?? 0) + 1;
  try {
    const rendered = await renderRelease(one, { wanted, version, action, held }, signal);
    const release = newRelease(rendered, { wanted, policy, version, held, action, now: work.context.clock.now() });
    const stored: StoredRelease = { ...rendered, release, digest: "" };
    return await writeRendered(one, { start, rendered, stored, action, wanted }, signal);
  } catch (error) {
    if (error instanceof RenderError) return noteFailure(one, start, error.message);
    throw error;
  }
}

/** What is under way by the state of a record. */
const UNFINISHED: Readonly<Partial<Record<HelmReleaseStatus, "install" | "upgrade">>> = {
  "pending-install": "install",
  "pending-upgrade": "upgrade",
};

/**
 * Goes on with an installation or upgrade that this app's controller left half done, under the same revision; null when
 * its record is not what the chart renders to now.
 */
export async function resumeRelease(
  one: ReleaseWork,
  start: ActionStart,
  signal: AbortSignal,
): Promise<{ readonly turn: Turn } | null> {
  const { policy, work } = one;
  const { held, wanted } = start;
  if (!held || !wanted || held.summary.writtenFor !== work.state.app.object.uid) return null;
  const { summary, stored } = held;
  const action = UNFINISHED[summary.status];
  if (!action || (action === "upgrade" && policy.upgrade.preserveValues)) return null;
  const isSameChart = stored.release.chart.metadata.version === wanted.version;
  if (!isSameChart || stored.configDigest !== wanted.configDigest) return null;
  try {
    const rendered = await renderRelease(one, { wanted, version: summary.version, action, held: null }, signal);
    const record = await wholeRecord(one, held, signal);
    if (rendered.manifest !== record.stored.release.manifest) return null;
    const resumed = { ...start, action, held: null };
    const parts = { start: resumed, rendered, stored: record.stored, action, wanted, record } as const;
    return { turn: await writeRendered(one, parts, signal) };
  } catch (error) {
    if (error instanceof RenderError) return null;
    throw error;
  }
}

/** Begins to go back to the last revision that was in use. */
export async function beginRollback(one: ReleaseWork, start: ActionStart, signal: AbortSignal): Promise<Turn> {
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

async function writeRendered(
  one: ReleaseWork,
  made: {
    readonly start: ActionStart;
    readonly rendered: RenderedRelease;
    readonly stored: StoredRelease;
    readonly action: "install" | "upgrade";
    readonly wanted: WantedChart;
    readonly record?: WrittenRecord;
  },
  signal: AbortSignal,
): Promise<Turn> {
  const { start, rendered, action, wanted, ...rest } = made;
  const rules = one.policy[action];
  const before = firstOf(one, action, rendered.crds);
  const ready = await readyRelease(one.work, { ...rendered, first: before }, signal);
  const refusal = refusalText(one.work.state.dialect, ready.desired);
  if (refusal !== null) return noteFailure(one, start, refusal);
  const first = ready.first.map((desired) => withCrdPolicy(desired, rules));
  return write(one, { start, rules, ready, first, event: action, ociDigest: wanted.ociDigest, ...rest }, signal);
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
    /** The record that is there already; absent: it is created. */
    readonly record?: WrittenRecord;
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
  const record = {
    app,
    manager: dialect.rules.manager,
    stored: parts.stored,
    ociDigest: parts.ociDigest,
    storageNamespace: policy.storageNamespace,
  };
  const written = parts.record ?? (await recorded(one, record, signal));
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
