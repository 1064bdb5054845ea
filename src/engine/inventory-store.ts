import type { AppKey } from "#core/app/app.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { type Inventory, type InventoryEntry, sameInventory } from "#core/plan/inventory.ts";
import { digestText } from "#core/resource/digest.ts";
import type { IdKey } from "#core/resource/resource-id.ts";
import type { ObjectMeta, Resource } from "#core/resource/resource.ts";
import type { ObjectAddress } from "#core/source/source.ts";
import type { ClusterClient, KindInfo, ObjectRef, Selection } from "./ports.ts";

/** The API of inventory objects. */
export const INVENTORY_API = "holdfast.dev/v1alpha1";
const MANAGER = "holdfast";
const ROWS_PER_PART = 2000;
const FORMAT = "v1";

/** The app that an inventory belongs to. */
export interface InventoryOwner {
  readonly key: AppKey;
  readonly object: ObjectAddress;
}

/** One object of a record as it was last seen on the server. */
interface Part {
  readonly resourceVersion: string;
  /** Digest of its rows; empty when what the server holds is not certain. */
  readonly digest: string;
}

interface AppRecord {
  inventory: Inventory;
  readonly parts: Map<number, Part>;
  /** Where entries are that are not in the first part. */
  readonly places: Map<IdKey, number>;
  /** Which cluster the objects are on: what it is called, and its identity; "": nobody said so. */
  cluster: string;
  /** Whether the server holds exactly `inventory`. */
  isSettled: boolean;
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

  /** Which cluster an app's objects were said to be on; "" when nobody did. */
  clusterOf(key: AppKey): string {
    return this.#records.get(key)?.cluster ?? "";
  }

  /** From the next write on the record says on which cluster the objects are. */
  place(key: AppKey, cluster: string): void {
    const record = this.#records.get(key) ?? emptyRecord();
    if (record.cluster === cluster) return;
    this.#records.set(key, Object.assign(record, { cluster, isSettled: false }));
  }

  /** Whether anything was ever recorded for an app. */
  has(key: AppKey): boolean {
    return (this.#records.get(key)?.parts.size ?? 0) > 0;
  }

  /**
   * Makes `inventory` the record of an app. No request for parts that are recorded already; an entry stays in its part,
   * so that a write that ends between two parts loses none. @throws ApiError 409 when another writer came first.
   */
  async write(app: InventoryOwner, inventory: Inventory, signal: AbortSignal): Promise<void> {
    const record = this.#records.get(app.key) ?? emptyRecord();
    if (record.isSettled && sameInventory(record.inventory, inventory)) return;
    record.isSettled = false;
    for (const [part, entries] of placed(record, inventory)) {
      if (entries.length === 0 && part > 0) await this.#deletePart(app, { record, part }, signal);
      else await this.#writePart(app, { record, part, entries }, signal);
    }
    record.inventory = inventory;
    record.isSettled = true;
    this.#records.set(app.key, record);
  }

  /** Deletes the record of an app that owns nothing any more. */
  async remove(app: InventoryOwner, signal: AbortSignal): Promise<void> {
    const record = this.#records.get(app.key) ?? emptyRecord();
    for (const part of record.parts.keys()) await this.#deletePart(app, { record, part }, signal);
    this.#records.delete(app.key);
  }

  /** Forgets what is in memory about an app, e.g. after its object is gone. */
  forget(key: AppKey): void {
    this.#records.delete(key);
  }

  /** Reads the record of an app that came after `load`, e.g. from another controller. Returns whether there is one. */
  async recall(app: InventoryOwner, signal: AbortSignal): Promise<boolean> {
    for (let part = 0; ; part++) {
      const object = await this.#client.get(refOf(inventoryObject(app, { part, rows: [], epoch: 0 })), { signal });
      if (!object) return part > 0;
      this.#take(object);
    }
  }

  async #loadSome(info: KindInfo, selection: Selection, signal: AbortSignal): Promise<void> {
    for (const object of await this.#client.list(info, selection, { signal })) this.#take(object);
  }

  #take(object: Resource): void {
    const key = String(object["app"]) as AppKey;
    const record = this.#records.get(key) ?? { ...emptyRecord(), isSettled: true };
    const inventory = new Map(record.inventory);
    const part = Number(object["part"] ?? 0);
    for (const entry of entriesOf(object)) {
      inventory.set(entry.key, entry);
      if (part > 0) record.places.set(entry.key, part);
    }
    record.inventory = inventory;
    const { cluster } = object;
    if (part === 0 && typeof cluster === "string") record.cluster = cluster;
    record.parts.set(part, partRecord(object));
    this.#records.set(key, record);
  }

  async #writePart(
    app: InventoryOwner,
    { record, part, entries }: { record: AppRecord; part: number; entries: readonly InventoryEntry[] },
    signal: AbortSignal,
  ): Promise<void> {
    const object = inventoryObject(app, {
      part,
      rows: entries.map(encodeRow).sort(),
      epoch: this.#epoch(),
      ...(part === 0 && record.cluster !== "" && { cluster: record.cluster }),
    });
    const known = record.parts.get(part);
    if (known?.digest === digestOfRows(object)) return;
    if (known) record.parts.set(part, { ...known, digest: "" });
    const send = (resourceVersion?: string) =>
      resourceVersion === undefined
        ? this.#client.create(object, { manager: MANAGER, signal })
        : this.#client.replace(withVersion(object, resourceVersion), { manager: MANAGER, signal });
    const stored = await send(known?.resourceVersion).catch(async (error: unknown) => {
      if (!(error instanceof ApiError) || (error.code !== 409 && error.code !== 404)) throw error;
      const live = await this.#client.get(refOf(object), { signal });
      if (live) this.#adopt(live, { record, entries });
      return send(live?.metadata.resourceVersion);
    });
    record.parts.set(part, partRecord(stored));
    for (const { key } of entries) if (part > 0) record.places.set(key, part);
  }

  /**
   * Accepts what is on the server in place of what was expected there: a write of this process whose answer was lost,
   * or the object with a label that a person set. @throws ApiError 409 when a later leader wrote it, or when it records
   * objects that this process does not know: they are taken over, for the next plan to see
   */
  #adopt(live: Resource, { record, entries }: { record: AppRecord; entries: readonly InventoryEntry[] }): void {
    const conflict = (why: string) =>
      new ApiError({
        code: 409,
        reason: "Conflict",
        message: `Cannot write inventory ${live.metadata.name}: another controller ${why}`,
      });
    const epoch = Number(live["epoch"]);
    if (epoch > this.#epoch()) throw conflict("leads since");
    // Nothing was applied after a write of ours whose answer was lost.
    if (epoch === this.#epoch()) return;
    const written = new Set(entries.map(({ key }) => key));
    const strangers = entriesOf(live).filter(({ key }) => !written.has(key) && !record.inventory.has(key));
    if (strangers.length === 0) return;
    record.inventory = new Map([...record.inventory, ...strangers.map((entry) => [entry.key, entry] as const)]);
    throw conflict("added objects to it");
  }

  async #deletePart(
    app: InventoryOwner,
    { record, part }: { record: AppRecord; part: number },
    signal: AbortSignal,
  ): Promise<void> {
    const ref = refOf(inventoryObject(app, { part, rows: [], epoch: 0 }));
    const live = await this.#client.get(ref, { signal });
    if (live?.metadata.uid) {
      if (live.metadata.resourceVersion !== record.parts.get(part)?.resourceVersion) {
        this.#adopt(live, { record, entries: [] });
      }
      await this.#client.delete(ref, { uid: live.metadata.uid, signal });
    }
    record.parts.delete(part);
    for (const [key, place] of record.places) if (place === part) record.places.delete(key);
  }
}

function emptyRecord(): AppRecord {
  return { inventory: new Map(), parts: new Map(), places: new Map(), cluster: "", isSettled: false };
}

/** The entries of each part: one that has a place keeps it, others fill parts up; recorded parts may come out empty. */
function placed(record: AppRecord, inventory: Inventory): ReadonlyMap<number, readonly InventoryEntry[]> {
  const parts = new Map<number, InventoryEntry[]>([[0, []]]);
  for (const part of record.parts.keys()) parts.set(part, []);
  const newcomers: InventoryEntry[] = [];
  for (const entry of inventory.values()) {
    const part = record.places.get(entry.key) ?? (record.inventory.has(entry.key) ? 0 : undefined);
    (parts.get(part ?? -1) ?? newcomers).push(entry);
  }
  for (let part = 0; newcomers.length > 0; part++) {
    const entries = parts.get(part) ?? [];
    entries.push(...newcomers.splice(0, Math.max(0, ROWS_PER_PART - entries.length)));
    parts.set(part, entries);
  }
  return parts;
}

/** Name of an app's inventory object; a digest keeps long names within Kubernetes' limit. */
export function inventoryName(key: AppKey, part: number): string {
  const [short = "", , name = ""] = key.split("/");
  const plain = part === 0 ? `${short}.${name}` : `${short}.${name}.${part}`;
  return plain.length <= 200 ? plain : `${plain.slice(0, 180)}.${digestText(plain).slice(0, 16)}`;
}

function inventoryObject(
  { key, object: owner }: InventoryOwner,
  content: { part: number; rows: readonly string[]; epoch: number; cluster?: string },
): Resource {
  const metadata: ObjectMeta = {
    name: inventoryName(key, content.part),
    namespace: owner.namespace,
    labels: { "app.kubernetes.io/managed-by": "holdfast" },
    ownerReferences: [{ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name, uid: owner.uid }],
  };
  const { part, rows: entries, epoch, cluster } = content;
  const record = { app: key, part, epoch, format: FORMAT, entries, ...(cluster !== undefined && { cluster }) };
  return { apiVersion: INVENTORY_API, kind: "Inventory", metadata, ...record };
}

function refOf({ metadata }: Resource): ObjectRef {
  return { apiVersion: INVENTORY_API, kind: "Inventory", namespace: metadata.namespace ?? "", name: metadata.name };
}

function withVersion(object: Resource, resourceVersion: string): Resource {
  return { ...object, metadata: { ...object.metadata, resourceVersion } };
}

function partRecord(object: Resource): Part {
  return { resourceVersion: object.metadata.resourceVersion ?? "", digest: digestOfRows(object) };
}

/** Of its rows and its owner, so that an app that was made anew does not lose its record with the old one. */
function digestOfRows({ metadata, entries, cluster }: Resource): string {
  const owners = metadata.ownerReferences?.map(({ uid }) => uid) ?? [];
  return digestText(
    [...owners, ...(typeof cluster === "string" ? [cluster] : []), ...(entries as readonly string[])].join("\n"),
  );
}

/** The entries that an inventory object holds. */
export function entriesOf(object: Resource): readonly InventoryEntry[] {
  return (object["entries"] as readonly string[]).map(decodeRow);
}

/** One compact row: key, version, uid, digest sent, digest stored, and `late` or `hook` where it is; `-` stands for nothing. */
export function encodeRow(entry: InventoryEntry): string {
  // No Kubernetes name holds a "%", but names of roles may hold a space.
  const key = entry.key.replaceAll(" ", "%20");
  const fields = [key, entry.version, entry.uid, entry.input, entry.baseline].map((field) => field || "-");
  return [...fields, ...(entry.late ? ["late"] : entry.hook ? ["hook"] : [])].join(" ");
}

/** The entry of a row. */
export function decodeRow(row: string): InventoryEntry {
  const fields = row.split(" ").map((field) => (field === "-" ? "" : field));
  const [key = "", version = "", uid = "", input = "", baseline = "", mark] = fields;
  const entry = { key: key.replaceAll("%20", " ") as IdKey, version, uid, input, baseline };
  return mark === "late" || mark === "hook" ? { ...entry, [mark]: true } : entry;
}
