import { ApiError, isVerdict } from "#core/cluster/api-error.ts";
import { type InventoryEntry, updated, writeAhead } from "#core/plan/inventory.ts";
import { idKey, type IdKey, joinApiVersion, parseIdKey } from "#core/resource/resource-id.ts";
import { labelsOf } from "#core/resource/resource.ts";
import type { AppWork } from "./app-state.ts";
import { compareObjects } from "./compare-objects.ts";
import { eachInParallel } from "./requests.ts";

const PARALLEL = 16;

/**
 * Compares what may have changed since the last pass: everything, or the objects that events named. `pending`: the live
 * state of a kind is still being read; the app is woken when it is there.
 */
export async function compareApp(
  work: AppWork,
  options: { takeover: boolean },
  signal: AbortSignal,
): Promise<"done" | "pending"> {
  const { context, state } = work;
  if (!state.desired) return "done";
  const started = context.clock.monotonic();
  if (!liveStateIsRead(work)) return "pending";
  const takeover = options.takeover || isTakeover(work);
  const keys = state.dirty === "all" ? [...state.desired.byKey.keys()] : [...state.dirty];
  const all = state.dirty === "all";
  state.dirty = new Set();
  try {
    const { adopted } = await compareObjects(work, { keys, takeover }, signal);
    const gone = await departed(work, signal);
    if (!options.takeover) await record(work, { adopted, gone }, signal);
  } catch (error) {
    state.dirty = "all";
    throw error;
  }
  if (all) state.comparedAt = context.clock.now();
  context.telemetry.step("plan", (context.clock.monotonic() - started) / 1000);
  return "done";
}

/** Follows every kind that the app declares or owns; a kind that is not served or not readable does not hold the app up. */
function liveStateIsRead(work: AppWork): boolean {
  const { context, state } = work;
  const { key } = state.app;
  let read = true;
  for (const desired of state.desired?.objects ?? []) {
    if (context.index.follow({ ...desired.id, version: desired.version }, key).kind === "pending") read = false;
  }
  for (const { desired } of state.desired?.hooks ?? []) {
    if (context.index.follow({ ...desired.id, version: desired.version }, key).kind === "pending") read = false;
  }
  for (const entry of context.inventories.of(key).values()) {
    const kind = { ...parseIdKey(entry.key), version: entry.version };
    if (context.index.follow(kind, key).kind === "pending") read = false;
  }
  return read;
}

/** An app whose status lists objects that we never recorded was somebody else's until now. */
function isTakeover(work: AppWork): boolean {
  const { context, state } = work;
  const isNew = state.inherits || !context.inventories.has(state.app.key);
  return isNew && state.restoredIds.length > 0;
}

/**
 * Objects that left the declaration and that a read shows to be gone: nothing is left to decide about them. Of those that
 * are still there the app is told when they go.
 */
async function departed(work: AppWork, signal: AbortSignal): Promise<readonly IdKey[]> {
  const { context, state } = work;
  const gone: IdKey[] = [];
  await eachInParallel(undeclared(work), PARALLEL, async (entry) => {
    const isTold = context.index.get(entry.key) !== undefined && !endsUnseen(work, entry);
    if (isTold) context.index.awaitGone(entry.key, state.app.key);
    else if (await isGone(work, entry, signal)) {
      context.index.drop(entry.key);
      gone.push(entry.key);
    }
  });
  return gone;
}

function undeclared({ context, state }: AppWork): readonly InventoryEntry[] {
  const owned = [...context.inventories.of(state.app.key).values()];
  return owned.filter((entry) => !state.desired?.byKey.has(entry.key));
}

/** Whether an object is being deleted that no watch shows, because this engine never wrote and so never marked it. */
function endsUnseen({ context, state }: AppWork, entry: InventoryEntry): boolean {
  const live = context.index.get(entry.key);
  if (live?.metadata.deletionTimestamp === undefined) return false;
  const [mark = ""] = state.dialect.rules.selector.split("=");
  return labelsOf(live)[mark] === undefined;
}

/** Whether the end of an object that the app owned has to be asked for. */
export function awaitsUnseenEnd(work: AppWork): boolean {
  return undeclared(work).some((entry) => endsUnseen(work, entry));
}

async function isGone(work: AppWork, entry: InventoryEntry, signal: AbortSignal): Promise<boolean> {
  const { context, state } = work;
  const id = parseIdKey(entry.key);
  const kind = context.index.follow({ ...id, version: entry.version }, state.app.key);
  // Without a known identity, what a read shows might be anybody's.
  const isKnown = entry.uid !== "" || context.index.get(entry.key) !== undefined;
  if (kind.kind !== "synced" || !isKnown) return false;
  const asked = context.index.moment;
  try {
    const live = await context.client.get({ ...id, apiVersion: joinApiVersion(kind.info) }, { signal });
    if (live) context.index.record(live, asked);
    return live === null;
  } catch (error) {
    if (!(error instanceof ApiError) || !isVerdict(error)) throw error;
    return false;
  }
}

/** Objects that turned out to be as declared are recorded, so that the next start knows them. */
async function record(
  work: AppWork,
  { adopted, gone }: { adopted: readonly InventoryEntry[]; gone: readonly IdKey[] },
  signal: AbortSignal,
): Promise<void> {
  const { context, state } = work;
  const { key } = state.app;
  const { inventories } = context;
  const known = inventories.of(key);
  const inherited = isTakeover(work)
    ? writeAhead(
        known,
        state.restoredIds.map(({ id, version }) => ({ key: idKey(id), version })),
        false,
      )
    : known;
  if (adopted.length + gone.length === 0 && inherited === known) return;
  const entries = [
    ...adopted.map((entry): readonly [IdKey, InventoryEntry | null] => [entry.key, entry]),
    ...gone.map((left): readonly [IdKey, null] => [left, null]),
  ];
  await inventories.write(state.app, updated(inherited, entries), signal);
  state.inherits = false;
}
