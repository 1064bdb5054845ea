import { type InventoryEntry, writeAhead } from "#core/plan/inventory.ts";
import { idKey, type IdKey, parseIdKey } from "#core/resource/resource-id.ts";
import type { AppWork } from "./app-state.ts";
import { compareObjects } from "./compare-objects.ts";
import { updated } from "./sync-driver.ts";

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
    if (!options.takeover) await record(work, adopted, signal);
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
  for (const entry of context.inventories.of(key).values()) {
    const kind = { ...parseIdKey(entry.key), version: entry.version };
    if (context.index.follow(kind, key).kind === "pending") read = false;
  }
  return read;
}

/** An app whose status lists objects that we never recorded was somebody else's until now. */
function isTakeover(work: AppWork): boolean {
  const { context, state } = work;
  return !context.inventories.has(state.app.key) && state.restoredIds.length > 0;
}

/** Objects that turned out to be as declared are recorded, so that the next start knows them. */
async function record(work: AppWork, adopted: readonly InventoryEntry[], signal: AbortSignal): Promise<void> {
  const { context, state } = work;
  const { key } = state.app;
  const { inventories } = context;
  const known = inventories.of(key);
  const inherited = isTakeover(work)
    ? writeAhead(
        known,
        state.restoredIds.map(({ id, version }) => ({ key: idKey(id), version })),
      )
    : known;
  if (adopted.length === 0 && inherited === known) return;
  const entries = adopted.map((entry): readonly [IdKey, InventoryEntry] => [entry.key, entry]);
  await inventories.write(state.app, updated(inherited, entries), signal);
}
