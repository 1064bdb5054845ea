import type { DiffView, ObjectDiff } from "#contract/diff-view.ts";
import { diffText } from "#core/diff/diff-text.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import {
  type GroupVersionKind,
  gvkOf,
  idKey,
  joinApiVersion,
  kindKey,
  parseIdKey,
} from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ScopeOf } from "#core/app/rules.ts";
import { CliError } from "#cli/cli-error.ts";
import type { DiffActions, DiffQuery } from "#cli/diff.ts";
import { exitCode } from "#cli/exit-code.ts";
import { AppRegistry } from "#engine/app-registry.ts";
import { desiredSetOf } from "#engine/desired-set.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { eachInParallel } from "#engine/requests.ts";
import { type AppRecord, findApp, type FoundApp, objectsOf, usableApp } from "./cli-app-record.ts";
import { commitOf, withCheckout } from "./cli-checkout.ts";
import { declaredRelease } from "./cli-declared-release.ts";
import { type OwnedObject, ownedObjects, recordedObjects } from "./cli-owned.ts";
import { vendorSettings, withClient } from "./cli-session.ts";

const PARALLEL = 8;

/** Compares what an app declares with the cluster, as the controller does. */
export const diffActions: DiffActions = {
  diff: (query, signal) => withClient(query, (client) => diff(client, query, signal), signal),
};

async function diff(client: ClusterClient, query: DiffQuery, signal: AbortSignal): Promise<DiffView> {
  const record = await findApp(client, query, signal);
  return diffOf({ client, record }, query, signal);
}

/** What a sync of an app would change now. */
export async function diffOf(
  { client, record }: FoundApp,
  query: Pick<DiffQuery, "revision">,
  signal: AbortSignal,
): Promise<DiffView> {
  const app = usableApp(record);
  const { commit, resources, records } = await declaredBy({ client, record }, query, signal);
  const registry = await registryFor(client, record, signal);
  const set = desiredSetOf(
    { registry, settings: vendorSettings },
    {
      app,
      dialect: record.dialect,
      rendered: { resources, readSet: [], renderer: "directory" },
      scopeOf: await scopesOf(client, resources, signal),
    },
  );
  const objects: ObjectDiff[] = [...records];
  await eachInParallel(set.objects, PARALLEL, async (desired) => {
    const one = await declaredDiff(client, { record, desired }, signal);
    if (one) objects.push(one);
  });
  const wanted = new Set(set.objects.map((desired) => desired.key));
  const recorded = await recordedObjects(client, record.object.metadata.namespace, signal);
  for (const entry of ownedObjects(record, recorded)) {
    if (!wanted.has(entry.key)) objects.push(...(await leftDiff(client, { record, entry }, signal)));
  }
  objects.sort((a, b) => (a.id < b.id ? -1 : 1));
  const refusals = set.prepared.refusals.map((refusal) => refusal.message);
  return { app: record.key, commit, objects, refusals };
}

/** What an app's source declares, and records that tell of it besides. */
interface Declared {
  readonly commit: string;
  readonly resources: readonly Resource[];
  readonly records: readonly ObjectDiff[];
}

async function declaredBy(
  { client, record }: FoundApp,
  { revision }: Pick<DiffQuery, "revision">,
  signal: AbortSignal,
): Promise<Declared> {
  if (usableApp(record).release) return releasedBy({ client, record }, revision, signal);
  return withCheckout(
    { client, record },
    async (checkout) => {
      const { repository, head } = checkout;
      const commit = revision === undefined ? head.commit : await commitOf(checkout, revision, signal);
      const rendered = await checkout.render(await repository.tree(commit, signal), signal);
      return { commit, resources: rendered.resources, records: [] };
    },
    signal,
  );
}

async function releasedBy(found: FoundApp, named: string | undefined, signal: AbortSignal): Promise<Declared> {
  if (named !== undefined) {
    throw new CliError(`Cannot compare ${found.record.key} with ${named}: which chart it has is in its spec`, {
      exitCode: exitCode.usage,
    });
  }
  const { chartVersion: commit, objects: resources, revision } = await declaredRelease(found, signal);
  if (!revision) return { commit, resources, records: [] };
  const { namespace, secret: name, why } = revision;
  const id = idKey({ group: "", kind: "Secret", namespace, name });
  return { commit, resources, records: [{ id, change: "create", text: `+ a revision of the release: ${why}\n` }] };
}

async function declaredDiff(
  client: ClusterClient,
  item: { record: AppRecord; desired: Desired },
  signal: AbortSignal,
): Promise<ObjectDiff | null> {
  const { rules } = item.record.dialect;
  const { key, id, resource } = item.desired;
  const found = await client.kind(gvkOf(resource), { signal });
  const ref = { apiVersion: resource.apiVersion, kind: id.kind, namespace: id.namespace, name: id.name };
  const live = found.known === "no" ? null : await client.get(ref, { signal });
  const options = rules.optionsOf(resource, live, usableApp(item.record));
  if (options.apply === "ignore" || (live && options.apply === "if-absent")) return null;
  const { manager, takeOver } = rules;
  const text = diffText({ live, desired: resource, manager, takeOver, ignoredPaths: options.ignoredPaths });
  return text === "" ? null : { id: key, change: live ? "update" : "create", text };
}

/** What is recorded as the app's and no longer declared. */
async function leftDiff(
  client: ClusterClient,
  item: { record: AppRecord; entry: OwnedObject },
  signal: AbortSignal,
): Promise<ObjectDiff[]> {
  const { record, entry } = item;
  const id = parseIdKey(entry.key);
  const ref = { apiVersion: joinApiVersion({ group: id.group, version: entry.version }), ...id };
  const live = await client.get(ref, { signal });
  if (!live || live.metadata.deletionTimestamp !== undefined) return [];
  const app = usableApp(record);
  const { manager, takeOver, optionsOf } = record.dialect.rules;
  const mayPrune = app.policy.prune && optionsOf(live, live, app).prune;
  const text = diffText({ live, desired: null, manager, takeOver, ignoredPaths: [] });
  return [{ id: entry.key, change: mayPrune ? "delete" : "held", text }];
}

async function registryFor(client: ClusterClient, record: AppRecord, signal: AbortSignal): Promise<AppRegistry> {
  const registry = new AppRegistry(vendorSettings, { onApp() {}, onSource() {}, onUnused() {}, onDependents() {} });
  for (const kind of record.dialect.configKinds) {
    const objects = (await objectsOf(client, { kind, namespace: vendorSettings.controlNamespace }, signal)) ?? [];
    for (const object of objects) registry.upsert(record.dialect, kind, object);
  }
  return registry;
}

async function scopesOf(client: ClusterClient, resources: readonly Resource[], signal: AbortSignal): Promise<ScopeOf> {
  const kinds = new Map<string, GroupVersionKind>(resources.map((one) => [kindKey(gvkOf(one)), gvkOf(one)]));
  const scopes = new Map<string, "namespaced" | "cluster">();
  for (const [name, kind] of kinds) {
    const found = await client.kind(kind, { signal });
    if (found.known === "yes") scopes.set(name, found.info.namespaced ? "namespaced" : "cluster");
  }
  return (kind) => scopes.get(kindKey(kind)) ?? "unknown";
}
