import type { OrphansView, OrphanView } from "#contract/orphan-view.ts";
import { referenceKey } from "#core/app/app.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { textAt } from "#core/health/condition.ts";
import { gvkOf, type GroupKind, type IdKey, kindKey, keyOf, parseIdKey } from "#core/resource/resource-id.ts";
import { annotationsOf, labelsOf, type Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import type { OrphansActions, OrphansQuery } from "#cli/orphans.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { eachInParallel } from "#engine/requests.ts";
import { type AppRecord, listApps, objectsOf } from "./cli-app-record.ts";
import { ownedObjects, recordedObjects } from "./cli-owned.ts";
import { withClient } from "./cli-session.ts";
import { dialects, ownKinds } from "./dialects.ts";

const PARALLEL = 8;

/** Compares what lies in namespaces with what apps own. */
export const orphansActions: OrphansActions = {
  orphans: (query, signal) => withClient(query, (client) => orphans(client, query, signal), signal),
};

/** What accounts for objects. */
interface Owned {
  readonly keys: ReadonlySet<IdKey>;
  /** Secrets and ConfigMaps that apps and sources read. */
  readonly read: ReadonlySet<string>;
  /** Releases whose hooks may have stayed. */
  readonly apps: ReadonlySet<string>;
}

async function orphans(client: ClusterClient, query: OrphansQuery, signal: AbortSignal): Promise<OrphansView> {
  const records = (await everyApp(client, signal)).filter(isHere);
  const recorded = await recordedObjects(client, undefined, signal);
  const notes: string[] = [];
  const keys = new Set<IdKey>();
  for (const record of records) {
    const owned = ownedObjects(record, recorded);
    if (owned.length === 0) notes.push(`${record.key} owns nothing yet: what it declares may be among these.`);
    for (const { key } of owned) keys.add(key);
  }
  const ids = [...keys].map(parseIdKey);
  const own = new Set(ids.flatMap(({ namespace }) => (namespace === "" ? [] : [namespace])));
  const namespaces = query.namespaces.length > 0 ? query.namespaces : [...own].sort();
  const kinds = new Map(
    ids.filter((id) => !isOurs(id)).map(({ group, kind }) => [kindKey({ group, kind }), { group, kind }]),
  );
  const apps = new Set<string>(records.map(({ key }) => key));
  const owned: Owned = { keys, apps, read: await readByApps(client, records, signal) };
  const objects: OrphanView[] = [];
  const lists = namespaces.flatMap((namespace) => [...kinds.values()].map((kind) => ({ namespace, kind })));
  await eachInParallel(lists, PARALLEL, async (list) => {
    const found = (await listed(client, { ...list, notes }, signal)).filter((object) => isOrphan(object, owned));
    objects.push(...found.map(orphanView));
  });
  objects.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { namespaces, objects, notes };
}

/** Without a view of every app, an app that is not seen would make orphans. */
async function everyApp(client: ClusterClient, signal: AbortSignal): Promise<readonly AppRecord[]> {
  try {
    return await listApps(client, undefined, signal);
  } catch (error) {
    if (!(error instanceof CliError) || !(error.cause instanceof ApiError)) throw error;
    const advice = "Ask somebody who may list the apps of all namespaces.";
    throw new CliError("Cannot tell orphans: you may not list every app", {
      advice,
      exitCode: error.exitCode,
      cause: error,
    });
  }
}

function isHere({ parsed }: AppRecord): boolean {
  return !parsed.ok || parsed.value.target.cluster === "in-cluster";
}

/** Apps, sources and what configures them are there for the engine; people make the first ones by hand. */
function isOurs({ group, kind }: GroupKind): boolean {
  if (group === "holdfast.dev") return true;
  return dialects.some((dialect) => ownKinds(dialect).some((one) => one.group === group && one.kind === kind));
}

async function listed(
  client: ClusterClient,
  { namespace, kind, notes }: { namespace: string; kind: GroupKind; notes: string[] },
  signal: AbortSignal,
): Promise<readonly Resource[]> {
  const found = await client.kind(kind, { signal });
  if (found.known !== "yes" || !found.info.namespaced || !found.info.verbs.includes("list")) return [];
  try {
    return await client.list(found.info, { namespace }, { signal });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 403) throw error;
    notes.push(`You may not list ${kindKey(kind)} in namespace ${namespace}.`);
    return [];
  }
}

async function readByApps(
  client: ClusterClient,
  records: readonly AppRecord[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const read = new Set<string>();
  for (const { parsed } of records) {
    if (parsed.ok) for (const reference of parsed.value.references) read.add(referenceKey(reference));
  }
  for (const dialect of dialects) {
    for (const kind of dialect.sourceKinds) {
      for (const object of (await objectsOf(client, { kind, namespace: undefined }, signal)) ?? []) {
        const parsed = dialect.parseSource(object, () => null);
        const secrets = parsed.ok ? Object.values(parsed.value.secrets) : [];
        for (const secret of secrets) read.add(referenceKey({ kind: "Secret", ...secret }));
      }
    }
  }
  return read;
}

function isOrphan(object: Resource, { keys, read, apps }: Owned): boolean {
  const { name, namespace, ownerReferences = [], deletionTimestamp } = object.metadata;
  if (keys.has(keyOf(object)) || ownerReferences.length > 0 || deletionTimestamp !== undefined) return false;
  return !read.has(`${object.kind}/${namespace ?? ""}/${name}`) && !isBorn(object) && !isHookOf(object, apps);
}

/** A hook stays until its release runs it again; nobody owns it meanwhile. */
function isHookOf(object: Resource, apps: ReadonlySet<string>): boolean {
  if (annotationsOf(object)["helm.sh/hook"] === undefined) return false;
  return dialects.some(({ rules }) => apps.has(rules.ownerOf(object) ?? ""));
}

const bornNames: readonly string[] = [
  "/ServiceAccount/default",
  "/ConfigMap/kube-root-ca.crt",
  "/ConfigMap/openshift-service-ca.crt",
];
const bornTypes: readonly string[] = ["kubernetes.io/service-account-token", "helm.sh/release.v1"];

/** What the cluster itself puts into namespaces, and Helm's records. */
function isBorn(object: Resource): boolean {
  const { group, kind } = gvkOf(object);
  const { name, namespace } = object.metadata;
  if (bornNames.includes(`${group}/${kind}/${name}`)) return true;
  if (group === "" && kind === "Secret") return bornTypes.includes(textAt(object, ["type"]));
  // Each Service has its own of these.
  if (kind === "Endpoints" || kind === "EndpointSlice") return true;
  if (kind === "Service" && namespace === "default" && name === "kubernetes") return true;
  return labelsOf(object)["kubernetes.io/bootstrapping"] !== undefined;
}

function orphanView(object: Resource): OrphanView {
  const markedFor = dialects.map(({ rules }) => rules.ownerOf(object)).find((key) => key !== null) ?? "";
  return { id: keyOf(object), createdAt: object.metadata.creationTimestamp ?? "", markedFor };
}
