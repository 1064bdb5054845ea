import type { App } from "#core/app/app.ts";
import { appKey, type AppKey } from "#core/app/app.ts";
import type { Dialect, DialectKind, Lookup } from "#core/app/dialect.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { joinApiVersion } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Problem, Result } from "#core/result.ts";
import type { Source } from "#core/source/source.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import { selectionsOf } from "#engine/read-registry.ts";
import type { ClusterClient, ObjectRef } from "#engine/ports.ts";
import { parseAppAddress } from "./cli-app-address.ts";
import { nearestNames } from "./cli-near-names.ts";
import { vendorSettings } from "./cli-session.ts";
import { configuredDialects } from "./cli-settings.ts";
import { sourceAt } from "./cli-source-object.ts";
import { dialects } from "./dialects.ts";

/** An app object as the cluster has it, and what its dialect makes of it. */
export interface AppRecord {
  readonly key: AppKey;
  readonly dialect: Dialect;
  readonly kind: DialectKind;
  readonly object: Resource;
  readonly parsed: Result<App, readonly Problem[]>;
}

/** An app and the cluster where it is. */
export interface FoundApp {
  readonly client: ClusterClient;
  readonly record: AppRecord;
  /** Folder of plugins here. */
  readonly pluginDir?: string;
}

/** How commands address an app. */
export interface AppAddress {
  readonly name: string;
  readonly namespace?: string | undefined;
}

/** Every app of a namespace, or of the cluster. @throws CliError when the cluster serves none of the kinds. */
export async function listApps(
  client: ClusterClient,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<readonly AppRecord[]> {
  const records: AppRecord[] = [];
  let served = 0;
  for (const dialect of await configuredDialects(client, signal)) {
    const lookup = await lookupFor(client, dialect, signal);
    for (const kind of dialect.appKinds) {
      const objects = await objectsOf(client, { kind, namespace }, signal);
      if (objects === null) continue;
      served++;
      for (const object of objects) records.push(recordOf({ dialect, kind, lookup }, object));
    }
  }
  if (served === 0) throw noKinds();
  return records.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** The one app that an address means. @throws CliError naming near matches when there is none or more than one. */
export async function findApp(client: ClusterClient, address: AppAddress, signal: AbortSignal): Promise<AppRecord> {
  const wanted = parseAppAddress(address, dialects);
  const records = await listApps(client, wanted.namespace, signal);
  const found = records.filter((record) => {
    return record.object.metadata.name === wanted.name && (wanted.short === null || record.kind.short === wanted.short);
  });
  if (found.length === 1) return found[0] as AppRecord;
  if (found.length > 1) {
    throw new CliError(`Cannot tell which app "${address.name}" is: there are ${found.length} of that name`, {
      advice: `Name one of them: ${found.map((record) => record.key).join(", ")}`,
      exitCode: exitCode.notFound,
    });
  }
  const place = wanted.namespace === undefined ? "" : ` in namespace ${wanted.namespace}`;
  throw new CliError(`Cannot find the app "${address.name}"${place}`, {
    advice: adviceFor(wanted.name, records, wanted.namespace),
    exitCode: exitCode.notFound,
  });
}

/** The objects of a kind; null when the cluster does not serve it. @throws CliError when they may not be read */
export async function objectsOf(
  client: ClusterClient,
  { kind, namespace }: { kind: DialectKind; namespace: string | undefined },
  signal: AbortSignal,
): Promise<readonly Resource[] | null> {
  const found = await client.kind(kind, { signal });
  if (found.known === "no") return null;
  if (found.known === "unknown") {
    throw new CliError(`Cannot look for ${kind.kind} objects: ${found.reason}`, { exitCode: exitCode.unreachable });
  }
  try {
    return await client.list(found.info, namespace === undefined ? {} : { namespace }, { signal });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 403 || namespace !== undefined) throw error;
    throw new CliError(`Cannot list ${kind.kind} objects of all namespaces: you may not`, {
      advice: "Name a namespace with -n.",
      exitCode: exitCode.unreachable,
      cause: error,
    });
  }
}

/** The address of an app's object. */
export function refOfApp(record: AppRecord): ObjectRef {
  const { namespace = "", name } = record.object.metadata;
  return { apiVersion: joinApiVersion(record.kind), kind: record.kind.kind, namespace, name };
}

/** Parsed app or the reason why nobody can use it. @throws CliError */
export function usableApp(record: AppRecord): App {
  if (record.parsed.ok) return record.parsed.value;
  const problems = record.parsed.error.map(({ path, message }) => `${path}: ${message}`).join("; ");
  throw new CliError(`Cannot use ${record.key}: ${problems}`, {
    advice: "Correct its spec.",
    exitCode: exitCode.refused,
  });
}

/** The source that an app follows: its own, or the object that it refers to. @throws CliError when that is missing. */
export async function sourceOfApp(client: ClusterClient, record: AppRecord, signal: AbortSignal): Promise<Source> {
  const declared = usableApp(record).sources[0];
  if (declared?.inline) return declared.inline;
  if (!declared) throw new CliError(`Cannot read ${record.key}: it names no source`, { exitCode: exitCode.refused });
  return sourceAt(client, { key: declared.source, object: null }, signal);
}

function recordOf(place: { dialect: Dialect; kind: DialectKind; lookup: Lookup }, object: Resource): AppRecord {
  const { dialect, kind, lookup } = place;
  const key = appKey(kind.short, object.metadata.namespace ?? "", object.metadata.name);
  return { key, dialect, kind, object, parsed: dialect.parseApp(object, lookup, vendorSettings) };
}

/** Configuration objects such as projects live in the vendor's own namespace; those that may not be read are not there. */
export async function lookupFor(client: ClusterClient, dialect: Dialect, signal: AbortSignal): Promise<Lookup> {
  const objects: Resource[] = [];
  for (const kind of dialect.configKinds) {
    const found = await client.kind(kind, { signal });
    if (found.known !== "yes") continue;
    const selections = kind.only ? selectionsOf(kind.only) : [{ namespace: vendorSettings.controlNamespace }];
    try {
      for (const selection of selections) objects.push(...(await client.list(found.info, selection, { signal })));
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 403) throw error;
    }
  }
  const byKind = Map.groupBy(objects, ({ kind }) => kind);
  const one = (kind: string, namespace: string, name: string) =>
    byKind.get(kind)?.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name) ?? null;
  return Object.assign(one, { all: (kind: string) => byKind.get(kind) ?? NONE });
}

const NONE: readonly Resource[] = [];

function noKinds(): CliError {
  return new CliError("Cannot look for apps: this cluster knows no Kustomizations, HelmReleases and Applications", {
    advice: "Install their definitions: holdfast install | kubectl apply --server-side -f -",
    exitCode: exitCode.notFound,
  });
}

function adviceFor(name: string, records: readonly AppRecord[], namespace: string | undefined): string {
  const near = nearestNames(
    name,
    records.map((record) => record.key),
  );
  if (near.length > 0) return `Did you mean ${near.join(" or ")}?`;
  if (records.length > 0) return "See all apps: holdfast get apps";
  if (namespace !== undefined) return "It has no apps; see all: holdfast get apps";
  return "There are no apps yet; make one: holdfast create app NAME --url URL --path DIR";
}
