import type { ObjectResult } from "#core/app/app-report.ts";
import { ApiError, isVerdict } from "#core/cluster/api-error.ts";
import { takeOverPatch } from "#core/diff/take-over.ts";
import type { InventoryEntry } from "#core/plan/inventory.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import type { Change } from "#core/plan/plan.ts";
import { type IdKey, idText } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { AppState } from "./app-state.ts";
import { entryOf, refOf } from "./compare-objects.ts";
import { deleteObject } from "./delete-object.ts";
import type { EngineContext } from "./engine-context.ts";
import type { WriteAnswer } from "./ports.ts";
import { asUser, eachInParallel, failureText, isImmutable } from "./requests.ts";

const PARALLEL = 16;

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
  context: EngineContext,
  state: AppState,
  input: { byKey: ReadonlyMap<IdKey, Desired>; changes: readonly Change[] },
  signal: AbortSignal,
): Promise<Written> {
  const results: ObjectResult[] = [];
  const entries = new Map<IdKey, InventoryEntry | null>();
  const { byKey } = input;
  for (const group of byRank(input.changes, (change) => byKey.get(change.key)?.rank ?? 0)) {
    await eachInParallel(group, PARALLEL, async (change) => {
      const outcome = await carryOut(context, state, { change, desired: byKey.get(change.key) }, signal);
      results.push(outcome.result);
      if (outcome.entry !== undefined) entries.set(change.key, outcome.entry);
    });
    if (results.some((result) => result.outcome === "failed")) break;
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
  context: EngineContext,
  state: AppState,
  item: { change: Change; desired: Desired | undefined },
  signal: AbortSignal,
): Promise<Outcome> {
  const { change, desired } = item;
  const base = { key: change.key, id: change.id, version: change.version };
  if (change.action === "keep") return { result: { ...base, outcome: "kept", message: change.reason }, entry: null };
  if (change.action === "delete") return deleteObject(context, state, change, signal);
  if (!desired) return { result: { ...base, outcome: "unchanged", message: "" }, entry: undefined };
  try {
    const answer = await write(context, state, { change, desired }, signal);
    context.index.record(answer.object);
    if (change.id.kind === "CustomResourceDefinition") context.client.invalidateDiscovery();
    state.verdicts.set(change.key, { kind: "same" });
    const outcome = answer.created ? "created" : "changed";
    audit(context, state, { change, outcome: answer.created ? "create" : "update" });
    const entry = entryOf(desired, answer.object, state.dialect.rules.manager) ?? undefined;
    return { result: { ...base, outcome, message: change.reason }, entry };
  } catch (error) {
    if (!(error instanceof ApiError) || !isVerdict(error)) throw error;
    const message = `${idText(change.id)} apply failed: ${failureText(error)}`;
    return { result: { ...base, outcome: "failed", message }, entry: undefined };
  }
}

async function write(
  context: EngineContext,
  state: AppState,
  item: { change: Change; desired: Desired },
  signal: AbortSignal,
): Promise<WriteAnswer> {
  const { desired } = item;
  const live = context.index.get(desired.key) ?? null;
  if (live) await takeOver(context, state, { desired, live }, signal);
  if (desired.options.replace && live) return replaceObject(context, state, { desired, live }, signal);
  const answer = await applyOrRecreate(context, state, item, signal);
  if (answer.created || live) return answer;
  // The object existed without our mark: what an earlier writer declared there is taken over now that it is known.
  const taken = await takeOver(context, state, { desired, live: answer.object }, signal);
  return taken ? applyOnce(context, state, desired, signal) : answer;
}

function applyOnce(
  context: EngineContext,
  state: AppState,
  desired: Desired,
  signal: AbortSignal,
): Promise<WriteAnswer> {
  return context.client.apply(desired.resource, { manager: state.dialect.rules.manager, signal, ...asUser(state.app) });
}

async function applyOrRecreate(
  context: EngineContext,
  state: AppState,
  item: { change: Change; desired: Desired },
  signal: AbortSignal,
): Promise<WriteAnswer> {
  const { desired } = item;
  try {
    return await applyOnce(context, state, desired, signal);
  } catch (error) {
    if (!desired.options.force || !isImmutable(error)) throw error;
    const live = await context.client.get(refOf(desired), { signal });
    if (!live?.metadata.uid) throw error;
    audit(context, state, { change: item.change, outcome: "delete" });
    const { uid, resourceVersion } = live.metadata;
    const preconditions = { uid, ...(resourceVersion ? { resourceVersion } : {}) };
    await context.client.delete(refOf(desired), {
      ...preconditions,
      propagation: "Background",
      signal,
      ...asUser(state.app),
    });
    context.index.drop(desired.key);
    return applyOnce(context, state, desired, signal);
  }
}

async function replaceObject(
  context: EngineContext,
  state: AppState,
  item: { desired: Desired; live: Resource },
  signal: AbortSignal,
): Promise<WriteAnswer> {
  const { desired, live } = item;
  const manager = state.dialect.rules.manager;
  const metadata = { ...desired.resource.metadata, resourceVersion: live.metadata.resourceVersion ?? "" };
  await context.client.replace({ ...desired.resource, metadata }, { manager, signal, ...asUser(state.app) });
  // The baseline needs our fields in an Apply entry, which a replace does not make.
  return applyOnce(context, state, desired, signal);
}

/** Folds fields that our predecessors or the dialect's listed writers own into our own entry. Returns whether it wrote. */
async function takeOver(
  context: EngineContext,
  state: AppState,
  item: { desired: Desired; live: Resource },
  signal: AbortSignal,
): Promise<boolean> {
  const { rules } = state.dialect;
  const takes = item.desired.options.apply === "merge" ? [] : rules.takeOver;
  const patch = takeOverPatch({ live: item.live, manager: rules.manager, migrate: rules.migrate, takeOver: takes });
  if (!patch) return false;
  const options = { type: "json", manager: rules.manager, signal, ...asUser(state.app) } as const;
  context.index.record(await context.client.patch(refOf(item.desired), patch, options));
  return true;
}

function audit(
  context: EngineContext,
  state: AppState,
  item: { change: Change; outcome: "create" | "update" | "delete" },
): void {
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
