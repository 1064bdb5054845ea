import type { TreeNode, TreeView } from "#contract/tree-view.ts";
import type { Dialect } from "#core/app/dialect.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import type { Answer } from "#core/health/expression-health.ts";
import { judge, type ScriptValue } from "#core/health/script-health.ts";
import {
  gvkOf,
  type GroupKind,
  type IdKey,
  joinApiVersion,
  kindKey,
  keyOf,
  parseIdKey,
} from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { TreeActions } from "#cli/tree.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { eachInParallel, failureText } from "#engine/requests.ts";
import { type AppRecord, findApp, listApps } from "./cli-app-record.ts";
import { appView } from "./cli-app-view.ts";
import { ownedObjects, recordedObjects } from "./cli-owned.ts";
import { scriptAnswers } from "./cli-script-answers.ts";
import { withClient } from "./cli-session.ts";
import { withTarget } from "./cli-target.ts";

const PARALLEL = 8;

/** What workloads make; the kinds of the app itself are looked through too. */
const madeKinds: readonly GroupKind[] = [
  { group: "", kind: "Pod" },
  { group: "", kind: "PersistentVolumeClaim" },
  { group: "apps", kind: "ReplicaSet" },
  { group: "batch", kind: "Job" },
  { group: "discovery.k8s.io", kind: "EndpointSlice" },
];

/** Reads what apps own and what that made. */
export const treeActions: TreeActions = {
  tree: (query, signal) => withClient(query, (client) => tree(client, query, signal), signal),
};

/** What is read once for a whole tree. */
interface Forest {
  readonly client: ClusterClient;
  readonly apps: ReadonlyMap<IdKey, AppRecord>;
  readonly ownedBy: (record: AppRecord) => readonly IdKey[];
  readonly notes: Set<string>;
  /** Apps on the way down: an app that holds itself ends there. */
  readonly open: Set<string>;
}

async function tree(
  client: ClusterClient,
  query: { name: string; namespace?: string },
  signal: AbortSignal,
): Promise<TreeView> {
  const record = await findApp(client, query, signal);
  const { namespace } = query;
  const records = await listApps(client, namespace, signal);
  const recorded = await recordedObjects(client, namespace, signal);
  const forest: Forest = {
    client,
    apps: new Map(records.map((one) => [keyOf(one.object), one])),
    ownedBy: (one) => ownedObjects(one, recorded).map(({ key }) => key),
    notes: new Set(),
    open: new Set(),
  };
  const { key, state, revision } = appView(record, () => null);
  const objects = await nodesOf(forest, record, signal);
  return { app: key, state, revision, objects, notes: [...forest.notes] };
}

async function nodesOf(forest: Forest, record: AppRecord, signal: AbortSignal): Promise<readonly TreeNode[]> {
  const { open } = forest;
  const keys = forest.ownedBy(record);
  const judged = await judgedOf(await seenOf(forest, { record, keys }, signal), record.dialect, signal);
  const { live } = judged;
  // Apps are objects of the cluster that was asked for them.
  const isHome = record.parsed.ok && record.parsed.value.target.kubeconfig === null;
  open.add(record.key);
  const nodes: TreeNode[] = [];
  for (const key of keys) {
    const object = live.get(key);
    const app = isHome ? forest.apps.get(key) : undefined;
    const isBelow = object !== undefined && app !== undefined && !open.has(app.key);
    const children = isBelow ? await nodesOf(forest, app, signal) : childrenOf(object, judged);
    nodes.push({ id: key, ...verdictOf(object, judged), children });
  }
  open.delete(record.key);
  return nodes;
}

/** Objects as they are where the app's objects are, and what names them as its owner. */
interface Seen {
  readonly live: ReadonlyMap<IdKey, Resource | Error | null>;
  readonly made: ReadonlyMap<string, readonly Resource[]>;
}

/** What there is of an app; nothing where its cluster cannot be asked, which a note tells. */
async function seenOf(
  { client, notes }: Forest,
  { record, keys }: { record: AppRecord; keys: readonly IdKey[] },
  signal: AbortSignal,
): Promise<Seen> {
  const seenOn = async (target: ClusterClient): Promise<Seen> => {
    const live = new Map<IdKey, Resource | Error | null>();
    await eachInParallel(keys, PARALLEL, async (key) => {
      live.set(key, await liveOf(target, key, signal));
    });
    return { live, made: await madeBy({ client: target, notes }, { keys, live }, signal) };
  };
  // Who owns objects is known even of an app that cannot be read any more.
  if (!record.parsed.ok) return seenOn(client);
  const isHome = record.parsed.value.target.kubeconfig === null;
  try {
    return await withTarget({ client, record }, seenOn, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (isHome) throw error;
    notes.add(`What is there of ${record.key} is not known: ${failureText(error)}`);
    return { live: new Map(), made: new Map() };
  }
}

async function liveOf(client: ClusterClient, key: IdKey, signal: AbortSignal): Promise<Resource | Error | null> {
  const { group, kind, namespace, name } = parseIdKey(key);
  const found = await client.kind({ group, kind }, { signal });
  if (found.known === "no") return null;
  if (found.known === "unknown") return new Error(found.reason);
  const apiVersion = joinApiVersion(found.info);
  try {
    return await client.get({ apiVersion, kind, namespace, name }, { signal });
  } catch (error) {
    if (error instanceof ApiError && error.code === 403) return error;
    throw error;
  }
}

/** Objects that name an owner, by the owner's UID. */
async function madeBy(
  { client, notes }: Pick<Forest, "client" | "notes">,
  { keys, live }: { keys: readonly IdKey[]; live: ReadonlyMap<IdKey, Resource | Error | null> },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly Resource[]>> {
  const objects = [...live.values()].filter((one): one is Resource => one !== null && !(one instanceof Error));
  const namespaces = new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []));
  const kinds = new Map(
    [...madeKinds, ...objects.map(gvkOf)].map(({ group, kind }) => [`${group}/${kind}`, { group, kind }]),
  );
  const owned = new Set<string>(keys);
  const made = new Map<string, Resource[]>();
  const lists = [...namespaces].flatMap((namespace) => [...kinds.values()].map((kind) => ({ namespace, kind })));
  await eachInParallel(lists, PARALLEL, async ({ namespace, kind }) => {
    const found = await client.kind(kind, { signal });
    if (found.known !== "yes" || !found.info.namespaced || !found.info.verbs.includes("list")) return;
    try {
      for (const object of await client.list(found.info, { namespace }, { signal })) {
        if (owned.has(keyOf(object))) continue;
        for (const { uid } of object.metadata.ownerReferences ?? []) made.set(uid, [...(made.get(uid) ?? []), object]);
      }
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 403) throw error;
      notes.add(`What was made in namespace ${namespace} is not complete: you may not list ${kindKey(kind)}.`);
    }
  });
  return made;
}

/** Objects of an app and below, and what scripts say of them. */
interface Judged extends Seen {
  readonly dialect: Dialect;
  readonly answers: ReadonlyMap<Resource, Answer<ScriptValue>>;
}

/** Asks the scripts of the dialect about everything that was seen. */
async function judgedOf(seen: Seen, dialect: Dialect, signal: AbortSignal): Promise<Judged> {
  const live = [...seen.live.values()].filter((one): one is Resource => one !== null && !(one instanceof Error));
  const objects = new Set([...live, ...[...seen.made.values()].flat()]);
  return { ...seen, dialect, answers: await scriptAnswers([...objects], dialect, signal) };
}

function childrenOf(
  owner: Resource | Error | null | undefined,
  from: Judged,
  above: ReadonlySet<IdKey> = new Set(),
): readonly TreeNode[] {
  if (!owner || owner instanceof Error) return [];
  const path = new Set([...above, keyOf(owner)]);
  const children = (from.made.get(owner.metadata.uid ?? "") ?? []).filter((child) => !path.has(keyOf(child)));
  return children
    .map((child) => ({
      id: keyOf(child),
      ...verdictOf(child, from),
      children: childrenOf(child, from, path),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function verdictOf(
  object: Resource | Error | null | undefined,
  { dialect: { rules }, answers }: Judged,
): Pick<TreeNode, "health" | "message"> {
  const { healthWords } = rules;
  if (object === undefined) return { health: healthWords.Unknown, message: "" };
  if (object === null) return { health: healthWords.Missing, message: "it is not in the cluster" };
  if (object instanceof Error) return { health: healthWords.Unknown, message: object.message };
  const ask = () => answers.get(object) ?? { kind: "pending" as const };
  const verdict = judge(object, rules.health, { now: Date.now(), ask });
  return verdict
    ? { health: healthWords[verdict.status], message: verdict.message ?? "" }
    : { health: "", message: "" };
}
