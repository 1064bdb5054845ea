import { type InventoryEntry, writeAhead } from "#core/plan/inventory.ts";
import { idKey, type IdKey, parseIdKey } from "#core/resource/resource-id.ts";
import type { AppState } from "./app-state.ts";
import { compareObjects } from "./compare-objects.ts";
import type { EngineContext } from "./engine-context.ts";
import { updated } from "./sync-driver.ts";

/**
 * Compares what may have changed since the last pass: everything, or the objects that events named. `pending`: the live
 * state of a kind is still being read; the app is woken when it is there.
 */
export async function compareApp(
  context: EngineContext,
  state: AppState,
  options: { takeover: boolean },
  signal: AbortSignal,
): Promise<"done" | "pending"> {
  if (!state.desired) return "done";
  const started = context.clock.monotonic();
  if (!liveStateIsRead(context, state)) return "pending";
  const takeover = options.takeover || isTakeover(context, state);
  const keys = state.dirty === "all" ? [...state.desired.byKey.keys()] : [...state.dirty];
  const all = state.dirty === "all";
  state.dirty = new Set();
  try {
    const { adopted } = await compareObjects(context, state, { keys, takeover }, signal);
    if (!options.takeover) await record(context, state, adopted, signal);
  } catch (error) {
    state.dirty = "all";
    throw error;
  }
  if (all) state.comparedAt = context.clock.now();
  context.telemetry.step("plan", (context.clock.monotonic() - started) / 1000);
  return "done";
}

/** Follows every kind that the app declares or owns; a kind that is not served or not readable does not hold the app up. */
function liveStateIsRead(context: EngineContext, state: AppState): boolean {
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
function isTakeover(context: EngineContext, state: AppState): boolean {
  return !context.inventories.has(state.app.key) && state.restoredIds.length > 0;
}

/** Objects that turned out to be as declared are recorded, so that the next start knows them. */
async function record(
  context: EngineContext,
  state: AppState,
  adopted: readonly InventoryEntry[],
  signal: AbortSignal,
): Promise<void> {
  const { key, object } = state.app;
  const { inventories } = context;
  const known = inventories.of(key);
  const inherited = isTakeover(context, state)
    ? writeAhead(
        known,
        state.restoredIds.map(({ id, version }) => ({ key: idKey(id), version })),
      )
    : known;
  if (adopted.length === 0 && inherited === known) return;
  const entries = adopted.map((entry): readonly [IdKey, InventoryEntry] => [entry.key, entry]);
  await inventories.write(key, object, updated(inherited, entries), signal);
}
