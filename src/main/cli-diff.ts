import type { DiffView, ObjectDiff } from "#contract/diff-view.ts";
import { diffText } from "#core/diff/diff-text.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import { type GroupVersionKind, gvkOf, joinApiVersion, kindKey, parseIdKey } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ScopeOf } from "#core/app/rules.ts";
import type { DiffActions, DiffQuery } from "#cli/diff.ts";
import { AppRegistry } from "#engine/app-registry.ts";
import { desiredSetOf } from "#engine/desired-set.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { eachInParallel } from "#engine/requests.ts";
import { type AppRecord, findApp, objectsOf, usableApp } from "./cli-app-record.ts";
import { commitOf, withCheckout } from "./cli-checkout.ts";
import { type OwnedObject, recordedObjects } from "./cli-owned.ts";
import { vendorSettings, withClient } from "./cli-session.ts";

const PARALLEL = 8;

/** Compares what an app declares with the cluster, as the controller does. */
export const diffActions: DiffActions = {
  diff: (query, signal) => withClient(query, (client) => diff(client, query, signal), signal),
};

async function diff(client: ClusterClient, query: DiffQuery, signal: AbortSignal): Promise<DiffView> {
  const record = await findApp(client, query, signal);
  const { commit, resources } = await withCheckout(
    { client, record },
    async (checkout) => {
      const { repository, head } = checkout;
      const chosen = query.revision === undefined ? head.commit : await commitOf(checkout, query.revision, signal);
      const rendered = await checkout.render(await repository.tree(chosen, signal), signal);
      return { commit: chosen, resources: rendered.resources };
    },
    signal,
  );
  const app = usableApp(record);
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
  const objects: ObjectDiff[] = [];
  await eachInParallel(set.objects, PARALLEL, async (desired) => {
    const one = await declaredDiff(client, { record, desired }, signal);
    if (one) objects.push(one);
  });
  const wanted = new Set(set.objects.map((desired) => desired.key));
  const recorded = await recordedObjects(client, record.object.metadata.namespace, signal);
  for (const entry of recorded.get(record.key) ?? []) {
    if (!wanted.has(entry.key)) objects.push(...(await leftDiff(client, { record, entry }, signal)));
  }
  objects.sort((a, b) => (a.id < b.id ? -1 : 1));
  const refusals = set.prepared.refusals.map((refusal) => refusal.message);
  return { app: record.key, commit, objects, refusals };
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
