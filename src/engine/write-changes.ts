import type { ObjectResult } from "#core/app/app-report.ts";
import { ApiError, isVerdict } from "#core/cluster/api-error.ts";
import { keepIgnored } from "#core/diff/keep-ignored.ts";
import { takeOverPatch } from "#core/diff/take-over.ts";
import type { InventoryEntry } from "#core/plan/inventory.ts";
import type { Rules } from "#core/app/rules.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import type { Change } from "#core/plan/plan.ts";
import { type IdKey, idText } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { sleep } from "#async/with-deadline.ts";
import type { AppWork } from "./app-state.ts";
import { entryOf, refOf } from "./compare-objects.ts";
import { clearObject } from "./clear-object.ts";
import { deleteObject } from "./delete-object.ts";
import type { WriteAnswer } from "./ports.ts";
import { writeHook } from "./hook-objects.ts";
import { definedKind } from "./preflight-changes.ts";
import { ignoredBetween } from "./ignored-fields.ts";
import { asUser, eachInParallel, failureText, isImmutable } from "./requests.ts";

const PARALLEL = 16;
const TAKE_OVER_ATTEMPTS = 8;
const NOT_SERVED: readonly string[] = ["UnknownKind", "NotServed"];
const SERVED_ATTEMPTS = 20;
const SERVED_AGAIN_MS = 250;

/** What writing changed: results for the report, and what the inventory must say from now on (null: entry leaves). */
export interface Written {
  readonly results: readonly ObjectResult[];
  readonly entries: ReadonlyMap<IdKey, InventoryEntry | null>;
}

/**
 * Carries out the changes of one stage: objects of one rank in parallel, ranks in order, removals after writes.
 * A refused object ends as a failed result; @throws when the server does not answer.
 */
export async function writeChanges(
  work: AppWork,
  input: { byKey: ReadonlyMap<IdKey, Desired>; changes: readonly Change[] },
  signal: AbortSignal,
): Promise<Written> {
  const results: ObjectResult[] = [];
  const entries = new Map<IdKey, InventoryEntry | null>();
  const { byKey } = input;
  for (const group of byRank(input.changes, (change) => byKey.get(change.key)?.rank ?? 0)) {
    await eachInParallel(group, PARALLEL, async (change) => {
      const outcome = await carryOut(work, { change, desired: byKey.get(change.key) }, signal);
      results.push(outcome.result);
      if (outcome.entry !== undefined) entries.set(change.key, outcome.entry);
    });
    if (!work.state.app.policy.keepGoing && results.some((result) => result.outcome === "failed")) break;
  }
  return { results, entries };
}

interface Outcome {
  readonly result: ObjectResult;
  /** undefined: the inventory keeps what it has. */
  readonly entry: InventoryEntry | null | undefined;
}

function byRank(changes: readonly Change[], rankOf: (change: Change) => number): Change[][] {
  const groups: Change[][] = [];
  let last: string | null = null;
  for (const change of changes) {
    const rank = change.desired ? `write ${rankOf(change)}` : `remove ${change.id.group}/${change.id.kind}`;
    if (rank !== last) groups.push([]);
    groups.at(-1)?.push(change);
    last = rank;
  }
  return groups;
}

async function carryOut(
  work: AppWork,
  item: { change: Change; desired: Desired | undefined },
  signal: AbortSignal,
): Promise<Outcome> {
  const { context, state } = work;
  const { change, desired } = item;
  const base = { key: change.key, id: change.id, version: change.version };
  const { hook } = change;
  if (hook) return writeHook(work, { change: { ...change, hook }, desired }, signal);
  if (change.action === "keep") return { result: { ...base, outcome: "kept", message: change.reason }, entry: null };
  if (change.action === "delete") return deleteObject(work, change, signal);
  if (change.action === "clear") return { result: await clearObject(work, change, signal), entry: undefined };
  if (!desired) return { result: { ...base, outcome: "unchanged", message: "" }, entry: undefined };
  try {
    if (change.action === "run" && (await isThere(work, desired, signal)))
      return { result: { ...base, outcome: "unchanged", message: "exists already" }, entry: undefined };
    const answer = await write(work, { change, desired }, signal);
    context.index.record(answer.object);
    if (change.id.kind === "CustomResourceDefinition") context.client.invalidateDiscovery();
    const outcome = answer.created ? "created" : "changed";
    audit(work, { change, outcome: answer.created ? "create" : "update" });
    if (change.action === "run") return { result: { ...base, outcome, message: change.reason }, entry: undefined };
    state.verdicts.set(change.key, { kind: "same" });
    const entry = entryOf(desired, answer.object, state.dialect.rules.manager) ?? undefined;
    return { result: { ...base, outcome, message: change.reason }, entry };
  } catch (error) {
    if (!(error instanceof ApiError) || !isVerdict(error)) throw error;
    const message = `${idText(change.id)} apply failed: ${failureText(error)}`;
    return { result: { ...base, outcome: "failed", message }, entry: undefined };
  }
}

/** What is only to be created is not known from memory when nothing of it is ours. */
async function isThere({ context, state }: AppWork, desired: Desired, signal: AbortSignal): Promise<boolean> {
  if (desired.options.apply !== "if-absent") return false;
  return (await context.client.get(refOf(desired), { signal, ...asUser(state.app) })) !== null;
}

async function write(
  work: AppWork,
  item: { change: Change; desired: Desired },
  signal: AbortSignal,
): Promise<WriteAnswer> {
  const live = await liveOf(work, item.desired, signal);
  const desired = live ? await overLive(work, { desired: item.desired, live }, signal) : item.desired;
  if (live) await takeOver(work, { desired, live }, signal);
  const send = () =>
    desired.options.replace && live ? replaceObject(work, { desired, live }, signal) : applyOnce(work, desired, signal);
  const answer = await orRecreate(work, { change: item.change, desired, send }, signal);
  if (answer.created || live) return answer;
  // The object existed without our mark: what an earlier writer declared there is taken over now that it is known.
  const taken = await takeOver(work, { desired, live: answer.object }, signal);
  return taken ? applyOnce(work, desired, signal) : answer;
}

/** From memory; an object without our mark matters only where parts of it are to be left alone. */
async function liveOf({ context }: AppWork, desired: Desired, signal: AbortSignal): Promise<Resource | null> {
  const known = context.index.get(desired.key) ?? null;
  const { leaveIgnored, ignoredPaths, ignoredBy } = desired.options;
  if (known || !leaveIgnored || (ignoredPaths.length === 0 && !ignoredBy)) return known;
  return context.client.get(refOf(desired), { signal });
}

async function overLive(
  { context, state }: AppWork,
  { desired, live }: { desired: Desired; live: Resource },
  signal: AbortSignal,
): Promise<Desired> {
  const { options, resource } = desired;
  const pair = { desired: resource, live, options };
  const sent = options.leaveIgnored
    ? keepIgnored(resource, live, await ignoredBetween(context.queries, pair, signal))
    : resource;
  return { ...desired, resource: state.dialect.rules.overLive?.(sent, live) ?? sent };
}

/** A kind that the app itself defines is served some moments after its definition says so. */
async function applyOnce(work: AppWork, desired: Desired, signal: AbortSignal): Promise<WriteAnswer> {
  const { context, state } = work;
  const options = { manager: state.dialect.rules.manager, signal, ...asUser(state.app) };
  for (let attempt = 1; ; attempt++) {
    try {
      return await context.client.apply(desired.resource, options);
    } catch (error) {
      const isNotServed = error instanceof ApiError && NOT_SERVED.includes(error.reason);
      if (!isNotServed || attempt === SERVED_ATTEMPTS || !isDefinedHere(state, desired)) throw error;
      await sleep(SERVED_AGAIN_MS, signal);
      context.client.invalidateDiscovery();
    }
  }
}

function isDefinedHere({ desired, running }: AppWork["state"], { id }: Desired): boolean {
  const objects = [...(desired?.objects ?? []), ...(running?.extras.values() ?? [])];
  return objects.some(({ resource }) => definedKind(resource).includes(`${id.group}/${id.kind}`));
}

async function orRecreate(
  work: AppWork,
  item: { change: Change; desired: Desired; send: () => Promise<WriteAnswer> },
  signal: AbortSignal,
): Promise<WriteAnswer> {
  const { context, state } = work;
  const { desired } = item;
  try {
    return await item.send();
  } catch (error) {
    if (!desired.options.force || !isImmutable(error)) throw error;
    const live = await context.client.get(refOf(desired), { signal });
    if (!live?.metadata.uid) throw error;
    audit(work, { change: item.change, outcome: "delete" });
    const { uid, resourceVersion } = live.metadata;
    const preconditions = { uid, ...(resourceVersion ? { resourceVersion } : {}) };
    await context.client.delete(refOf(desired), {
      ...preconditions,
      propagation: "Background",
      signal,
      ...asUser(state.app),
    });
    context.index.drop(desired.key);
    return applyOnce(work, desired, signal);
  }
}

async function replaceObject(
  work: AppWork,
  item: { desired: Desired; live: Resource },
  signal: AbortSignal,
): Promise<WriteAnswer> {
  const { context, state } = work;
  const { desired, live } = item;
  const manager = state.dialect.rules.manager;
  const metadata = { ...desired.resource.metadata, resourceVersion: live.metadata.resourceVersion ?? "" };
  await context.client.replace({ ...desired.resource, metadata }, { manager, signal, ...asUser(state.app) });
  // The baseline needs our fields in an Apply entry, which a replace does not make.
  return applyOnce(work, desired, signal);
}

/** Folds fields that our predecessors or the dialect's listed writers own into our own entry. Returns whether it wrote. */
async function takeOver(
  work: AppWork,
  item: { desired: Desired; live: Resource },
  signal: AbortSignal,
): Promise<boolean> {
  const { context, state } = work;
  const { rules } = state.dialect;
  const takes = item.desired.options.apply === "merge" ? [] : rules.takeOver;
  const { migrates } = item.desired.options;
  const migrate = migrates ? migratedBy(rules, migrates) : rules.migrate;
  const options = { type: "json", manager: rules.manager, signal, ...asUser(state.app) } as const;
  let { live } = item;
  for (let attempt = 1; ; attempt++) {
    const patch = takeOverPatch({ live, manager: rules.manager, migrate, takeOver: takes });
    if (!patch) return false;
    try {
      context.index.record(await context.client.patch(refOf(item.desired), patch, options));
      return true;
    } catch (error) {
      if (attempt === TAKE_OVER_ATTEMPTS || !(error instanceof ApiError) || !isVerdict(error)) throw error;
      // The patch holds for one version only, and others such as the object's own controller write at the same time.
      const now = await context.client.get(refOf(item.desired), { signal, ...asUser(state.app) });
      if (!now || now.metadata.resourceVersion === live.metadata.resourceVersion) throw error;
      live = now;
    }
  }
}

/** Writers in place of those whom the rules name beside the vendor's own manager. */
function migratedBy(rules: Rules, names: readonly string[]): Rules["migrate"] {
  const own = rules.migrate.filter(({ manager }) => manager === rules.manager);
  return [...own, ...names.map((manager) => ({ manager, operation: "Update" as const }))];
}

function audit(work: AppWork, item: { change: Change; outcome: "create" | "update" | "delete" }): void {
  const { context, state } = work;
  const { change } = item;
  context.audit.append({
    at: context.clock.now(),
    actor: "holdfast",
    app: state.app.key,
    verb: item.outcome,
    object: idText(change.id),
    revision: state.attempted?.text ?? "",
    reason: item.outcome === "delete" ? "recreated: the server calls the change immutable" : change.reason,
    detail: { paths: change.paths },
  });
}
