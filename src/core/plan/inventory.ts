import type { IdKey } from "#core/resource/resource-id.ts";

/** What the engine recorded of one object that an app owns. */
export interface InventoryEntry {
  readonly key: IdKey;
  /** API version it was last written through. */
  readonly version: string;
  /** UID of the object we wrote; "" while it is only intended. */
  readonly uid: string;
  /** Digest of what was sent last. */
  readonly input: string;
  /** Digest of the server's answer projected onto our fields. */
  readonly baseline: string;
  /** First written while deletions waited: it does not make those look like a smaller part of the app. */
  readonly late?: true;
  /** It ran as a hook: it goes with the app, and never because nothing declares it. */
  readonly hook?: true;
}

/** The objects of one app, by key. */
export type Inventory = ReadonlyMap<IdKey, InventoryEntry>;

/**
 * The inventory to write before the first request of a sync: everything recorded and everything intended.
 * `waiting`: whether deletions of the same plan wait to be judged or approved.
 */
export function writeAhead(
  inventory: Inventory,
  intended: Iterable<{ key: IdKey; version: string; hook?: unknown }>,
  waiting: boolean,
): Inventory {
  const ahead = new Map(waiting ? inventory : [...inventory].map(([key, entry]) => [key, onTime(entry)]));
  for (const { key, version, hook } of intended) {
    const known = ahead.get(key);
    if (known && hook) ahead.set(key, { ...onTime(known), hook: true });
    if (known) continue;
    const marks = hook ? { hook: true as const } : waiting ? { late: true as const } : {};
    ahead.set(key, { key, version, uid: "", input: "", baseline: "", ...marks });
  }
  return ahead;
}

/** An inventory with entries replaced, and without those that are null. */
export function updated(inventory: Inventory, entries: Iterable<readonly [IdKey, InventoryEntry | null]>): Inventory {
  const next = new Map(inventory);
  for (const [key, entry] of entries) {
    if (entry) next.set(key, inventory.get(key)?.late ? { ...entry, late: true } : entry);
    else next.delete(key);
  }
  return next;
}

function onTime(entry: InventoryEntry): InventoryEntry {
  const { late, ...rest } = entry;
  return late ? rest : entry;
}

/** Whether two inventories record the same. */
export function sameInventory(a: Inventory, b: Inventory): boolean {
  if (a.size !== b.size) return false;
  for (const [key, entry] of a) {
    const other = b.get(key);
    if (!other) return false;
    if (other.uid !== entry.uid || other.input !== entry.input) return false;
    if (other.baseline !== entry.baseline || other.version !== entry.version) return false;
    if (other.late !== entry.late || other.hook !== entry.hook) return false;
  }
  return true;
}
