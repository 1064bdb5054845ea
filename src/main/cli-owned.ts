import { idKey, type IdKey } from "#core/resource/resource-id.ts";
import { entriesOf } from "#engine/inventory-store.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { type AppRecord, objectsOf } from "./cli-app-record.ts";

/** An object that an app owns. */
export interface OwnedObject {
  readonly key: IdKey;
  readonly version: string;
}

/** The inventories that this engine keeps, by app; nothing where nobody keeps any. */
export async function recordedObjects(
  client: ClusterClient,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly OwnedObject[]>> {
  const kind = { group: "holdfast.dev", version: "v1alpha1", kind: "Inventory", plural: "inventories", short: "" };
  const recorded = new Map<string, OwnedObject[]>();
  for (const object of (await objectsOf(client, { kind, namespace }, signal)) ?? []) {
    const app = String(object["app"]);
    recorded.set(app, [...(recorded.get(app) ?? []), ...entriesOf(object)]);
  }
  return recorded;
}

/** What an app owns: as recorded and, where another controller serves it, as its status tells. */
export function ownedObjects(
  { key, dialect, object }: AppRecord,
  recorded: ReadonlyMap<string, readonly OwnedObject[]>,
): readonly OwnedObject[] {
  const told = dialect.restore(object).inventory.map(({ id, version }) => ({ key: idKey(id), version }));
  const owned = new Map([...told, ...(recorded.get(key) ?? [])].map((one) => [one.key, one]));
  return [...owned.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}
