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
}

/** The objects of one app, by key. */
export type Inventory = ReadonlyMap<IdKey, InventoryEntry>;

/** The inventory to write before the first request of a sync: everything recorded and everything intended. */
export function writeAhead(inventory: Inventory, intended: Iterable<{ key: IdKey; version: string }>): Inventory {
  const ahead = new Map(inventory);
  for (const { key, version } of intended) {
    if (!ahead.has(key)) ahead.set(key, { key, version, uid: "", input: "", baseline: "" });
  }
  return ahead;
}

/** Whether two inventories record the same. */
export function sameInventory(a: Inventory, b: Inventory): boolean {
  if (a.size !== b.size) return false;
  for (const [key, entry] of a) {
    const other = b.get(key);
    if (!other) return false;
    if (other.uid !== entry.uid || other.input !== entry.input) return false;
    if (other.baseline !== entry.baseline || other.version !== entry.version) return false;
  }
  return true;
}
