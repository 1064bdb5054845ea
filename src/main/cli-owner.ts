import type { App } from "#core/app/app.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { textAt } from "#core/health/condition.ts";
import { type IdKey, keyOf } from "#core/resource/resource-id.ts";
import { labelsOf, type Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { type AppRecord, type FoundApp, listApps } from "./cli-app-record.ts";
import { ownedObjects, recordedObjects } from "./cli-owned.ts";

/** Which app each object is of. */
export interface Ownership {
  /** All apps or, for those who may not see them, the apps of one namespace. */
  readonly records: readonly AppRecord[];
  readonly ownerOf: ReadonlyMap<IdKey, AppRecord>;
}

/** Reads what apps own; `notes` are told what could not be looked at. */
export async function ownership(
  client: ClusterClient,
  { namespace, notes }: { readonly namespace: string; readonly notes: string[] },
  signal: AbortSignal,
): Promise<Ownership> {
  const { records, scope } = await knownApps(client, { namespace, notes }, signal);
  const recorded = await recordedObjects(client, scope, signal);
  const owned = records.flatMap((record) => ownedObjects(record, recorded).map(({ key }) => [key, record] as const));
  return { records, ownerOf: new Map(owned) };
}

/** The app that owns an app's own object; undefined: none does. */
export async function ownerOfApp({ client, record }: FoundApp, signal: AbortSignal): Promise<AppRecord | undefined> {
  const namespace = record.object.metadata.namespace ?? "";
  return appOf(record.object, await ownership(client, { namespace, notes: [] }, signal));
}

async function knownApps(
  client: ClusterClient,
  { namespace, notes }: { readonly namespace: string; readonly notes: string[] },
  signal: AbortSignal,
): Promise<{ readonly records: readonly AppRecord[]; readonly scope: string | undefined }> {
  try {
    return { records: await listApps(client, undefined, signal), scope: undefined };
  } catch (error) {
    if (!(error instanceof CliError) || !(error.cause instanceof ApiError)) throw error;
    notes.push(`Only apps of namespace ${namespace} were looked at: you may not list all.`);
    return { records: await listApps(client, namespace, signal), scope: namespace };
  }
}

/** The app that recorded an object, marked it, made it as its chart, or that it is a release record of. */
export function appOf(object: Resource, { records, ownerOf }: Ownership): AppRecord | undefined {
  return (
    ownerOf.get(keyOf(object)) ??
    records.find(({ key, dialect }) => dialect.rules.ownerOf(object) === key) ??
    records.find(({ parsed }) => parsed.ok && (declares(parsed.value, object) || hasRecord(parsed.value, object)))
  );
}

function declares({ declares: declared }: App, object: Resource): boolean {
  return declared !== null && keyOf(declared) === keyOf(object);
}

function hasRecord({ release, target }: App, object: Resource): boolean {
  if (!release || target.kubeconfig !== null || textAt(object, ["type"]) !== "helm.sh/release.v1") return false;
  return object.metadata.namespace === release.storageNamespace && labelsOf(object)["name"] === release.name;
}

/** An app, the app that owns its object, and so on. */
export function appsAbove(record: AppRecord, owned: Ownership): readonly AppRecord[] {
  const chain: AppRecord[] = [];
  for (let next: AppRecord | undefined = record; next && !chain.includes(next);) {
    chain.push(next);
    next = appOf(next.object, owned);
  }
  return chain;
}
