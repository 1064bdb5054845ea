import type { AppKey } from "#core/app/app.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { type Inventory, type InventoryEntry, sameInventory } from "#core/plan/inventory.ts";
import { digestText } from "#core/resource/digest.ts";
import type { IdKey } from "#core/resource/resource-id.ts";
import type { ObjectMeta, Resource } from "#core/resource/resource.ts";
import type { ObjectAddress } from "#core/source/source.ts";
import type { ClusterClient, KindInfo, Selection } from "./ports.ts";

/** The API of inventory objects. */
export const INVENTORY_API = "holdfast.dev/v1alpha1";
const MANAGER = "holdfast";
const ROWS_PER_PART = 2000;
const FORMAT = "v1";

interface Part {
  readonly name: string;
  readonly resourceVersion: string;
}

interface AppRecord {
  inventory: Inventory;
  parts: readonly Part[];
}

/**
 * The inventories of all apps: objects of our own kind, one or more per app, written ahead of the first request of a
 * sync. They are read once at start; afterwards this process is their only writer, and the resourceVersion of each
 * write orders it against a writer that should not exist.
 */
export class InventoryStore {
  readonly #client: ClusterClient;
  readonly #epoch: () => number;
  readonly #records = new Map<AppKey, AppRecord>();

  constructor(client: ClusterClient, epoch: () => number) {
    this.#client = client;
    this.#epoch = epoch;
  }

  /** Reads every inventory of the cluster, or of the given namespaces. @throws ApiError; nothing is assumed then. */
  async load(namespaces: readonly string[] | null, signal: AbortSignal): Promise<void> {
    const lookup = await this.#client.kind({ group: "holdfast.dev", kind: "Inventory" }, { signal });
    if (lookup.known !== "yes") {
      throw new Error(
        "Cannot read inventories: the CustomResourceDefinition inventories.holdfast.dev is missing; run `holdfast install`",
      );
    }
    const selections: Selection[] = namespaces ? namespaces.map((namespace) => ({ namespace })) : [{}];
    this.#records.clear();
    for (const selection of selections) await this.#loadSome(lookup.info, selection, signal);
  }

  /** What is recorded for an app; empty when nothing is. */
  of(key: AppKey): Inventory {
    return this.#records.get(key)?.inventory ?? new Map<IdKey, InventoryEntry>();
  }

  /** Whether anything was ever recorded for an app. */
  has(key: AppKey): boolean {
    return this.#records.has(key);
  }

  /** Makes `inventory` the record of an app. No request when it is recorded already. @throws ApiError 409 when another writer came first. */
  async write(key: AppKey, owner: ObjectAddress, inventory: Inventory, signal: AbortSignal): Promise<void> {
    const record = this.#records.get(key);
    if (record && sameInventory(record.inventory, inventory)) return;
    const rows = [...inventory.values()].map(encodeRow).sort();
    const count = Math.max(1, Math.ceil(rows.length / ROWS_PER_PART));
    const parts: Part[] = [];
    for (let part = 0; part < count; part++) {
      const slice = rows.slice(part * ROWS_PER_PART, (part + 1) * ROWS_PER_PART);
      const object = inventoryObject({ key, owner, part, entries: slice, epoch: this.#epoch() });
      parts.push(await this.#writePart(object, record?.parts[part], signal));
    }
    for (const extra of record?.parts.slice(count) ?? []) await this.#deletePart(owner, extra, signal);
    this.#records.set(key, { inventory, parts });
  }

  /** Deletes the record of an app that owns nothing any more. */
  async remove(key: AppKey, owner: ObjectAddress, signal: AbortSignal): Promise<void> {
    const record = this.#records.get(key);
    for (const part of record?.parts ?? []) await this.#deletePart(owner, part, signal);
    this.#records.delete(key);
  }

  /** Forgets what is in memory about an app, e.g. after its object is gone. */
  forget(key: AppKey): void {
    this.#records.delete(key);
  }

  async #loadSome(info: KindInfo, selection: Selection, signal: AbortSignal): Promise<void> {
    const objects = [...(await this.#client.list(info, selection, { signal }))].sort((a, b) => partOf(a) - partOf(b));
    for (const object of objects) {
      const key = String(object["app"]) as AppKey;
      const record = this.#records.get(key) ?? { inventory: new Map(), parts: [] };
      const inventory = new Map(record.inventory);
      for (const row of object["entries"] as readonly string[]) {
        const entry = decodeRow(row);
        inventory.set(entry.key, entry);
      }
      this.#records.set(key, { inventory, parts: [...record.parts, partRecord(object)] });
    }
  }

  async #writePart(object: Resource, known: Part | undefined, signal: AbortSignal): Promise<Part> {
    if (!known) return partRecord(await this.#client.create(object, { manager: MANAGER, signal }));
    const metadata = { ...object.metadata, resourceVersion: known.resourceVersion };
    return partRecord(await this.#client.replace({ ...object, metadata }, { manager: MANAGER, signal }));
  }

  async #deletePart(owner: ObjectAddress, part: Part, signal: AbortSignal): Promise<void> {
    const ref = { apiVersion: INVENTORY_API, kind: "Inventory", namespace: owner.namespace, name: part.name };
    const live = await this.#client.get(ref, { signal });
    if (!live?.metadata.uid) return;
    if (live.metadata.resourceVersion !== part.resourceVersion) {
      throw new ApiError({
        code: 409,
        reason: "Conflict",
        message: `Cannot delete inventory ${part.name}: another writer changed it`,
      });
    }
    await this.#client.delete(ref, { uid: live.metadata.uid, signal });
  }
}

/** Name of an app's inventory object; a digest keeps long names within Kubernetes' limit. */
export function inventoryName(key: AppKey, part: number): string {
  const [short = "", , name = ""] = key.split("/");
  const plain = part === 0 ? `${short}.${name}` : `${short}.${name}.${part}`;
  return plain.length <= 200 ? plain : `${plain.slice(0, 180)}.${digestText(plain).slice(0, 16)}`;
}

function inventoryObject(input: {
  key: AppKey;
  owner: ObjectAddress;
  part: number;
  entries: readonly string[];
  epoch: number;
}): Resource {
  const { owner } = input;
  const metadata: ObjectMeta = {
    name: inventoryName(input.key, input.part),
    namespace: owner.namespace,
    labels: { "app.kubernetes.io/managed-by": "holdfast" },
    ownerReferences: [{ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name, uid: owner.uid }],
  };
  return {
    apiVersion: INVENTORY_API,
    kind: "Inventory",
    metadata,
    app: input.key,
    part: input.part,
    epoch: input.epoch,
    format: FORMAT,
    entries: input.entries,
  };
}

function partRecord(object: Resource): Part {
  return { name: object.metadata.name, resourceVersion: object.metadata.resourceVersion ?? "" };
}

function partOf(object: Resource): number {
  return Number(object["part"] ?? 0);
}

/** One compact row: key, version, uid, digest sent, digest stored; `-` stands for nothing. */
export function encodeRow(entry: InventoryEntry): string {
  // No Kubernetes name holds a "%", but names of roles may hold a space.
  const key = entry.key.replaceAll(" ", "%20");
  return [key, entry.version, entry.uid, entry.input, entry.baseline].map((field) => field || "-").join(" ");
}

/** The entry of a row. */
export function decodeRow(row: string): InventoryEntry {
  const fields = row.split(" ").map((field) => (field === "-" ? "" : field));
  const [key = "", version = "", uid = "", input = "", baseline = ""] = fields;
  return { key: key.replaceAll("%20", " ") as IdKey, version, uid, input, baseline };
}
