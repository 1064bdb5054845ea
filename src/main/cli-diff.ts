import type { DiffView, ObjectDiff } from "#contract/diff-view.ts";
import { diffText } from "#core/diff/diff-text.ts";
import { type GroupVersionKind, gvkOf, joinApiVersion, kindKey, parseIdKey } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ScopeOf } from "#core/app/rules.ts";
import { CliError } from "#cli/cli-error.ts";
import type { DiffActions, DiffQuery } from "#cli/diff.ts";
import { exitCode } from "#cli/exit-code.ts";
import { jqFinder } from "#adapters/upstream/jq-paths.ts";
import { AppRegistry } from "#engine/app-registry.ts";
import { desiredSetOf } from "#engine/desired-set.ts";
import { FieldQueries } from "#engine/field-queries.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { withDefined } from "#engine/release/held-release.ts";
import { eachInParallel } from "#engine/requests.ts";
import { type AppRecord, findApp, type FoundApp, objectsOf, usableApp } from "./cli-app-record.ts";
import { hasSeveralSources, mustBeTracked, renderedSources } from "./cli-app-sources.ts";
import { commitOf, withCheckout } from "./cli-checkout.ts";
import { declaredDiff } from "./cli-declared-diff.ts";
import { declaredRelease, type DeclaredRelease } from "./cli-declared-release.ts";
import { releaseDiffs } from "./cli-diff-release.ts";
import { withHelpers } from "./cli-files.ts";
import { renderedLocally } from "./cli-local-render.ts";
import { type OwnedObject, ownedObjects, recordedObjects } from "./cli-owned.ts";
import { vendorSettings, withClient } from "./cli-session.ts";
import { withTarget } from "./cli-target.ts";

const PARALLEL = 8;

/** What to compare with instead of what is tracked. */
type Wanted = Pick<DiffQuery, "revision" | "local" | "pluginDir">;

/** Compares what an app declares with the cluster, as the controller does. */
export const diffActions: DiffActions = {
  diff: (query, signal) => withClient(query, (client) => diff(client, query, signal), signal),
};

async function diff(client: ClusterClient, query: DiffQuery, signal: AbortSignal): Promise<DiffView> {
  const record = await findApp(client, query, signal);
  return diffOf({ client, record }, query, signal);
}

/** What a sync of an app would change now, on the cluster that its objects are on. */
export async function diffOf(found: FoundApp, query: Wanted, signal: AbortSignal): Promise<DiffView> {
  return withHelpers((pools) => {
    const queries = new FieldQueries(jqFinder(pools));
    return withTarget(found, (target) => diffOn({ ...found, target, queries }, query, signal), signal);
  });
}

/** An app, the cluster that it is declared on, and that of its objects. */
type Targeted = FoundApp & { readonly target: ClusterClient };

/** What comparing takes besides: what ignore rules name. */
type Compared = Targeted & { readonly queries: FieldQueries };

async function diffOn(
  { client, target, record, queries }: Compared,
  query: Wanted,
  signal: AbortSignal,
): Promise<DiffView> {
  const app = usableApp(record);
  const { commit, resources, release } = await declaredBy({ client, target, record }, query, signal);
  const registry = await registryFor(client, record, signal);
  const others = release ? [...release.crds, ...release.hooks.map(({ object }) => object)] : [];
  const scopeOf = withDefined(await scopesOf(target, [...resources, ...others], signal), [...resources, ...others]);
  const setOf = (some: readonly Resource[]) => {
    const rendered = { resources: some, readSet: [], renderer: "directory" as const };
    return desiredSetOf({ registry, settings: vendorSettings }, { app, dialect: record.dialect, rendered, scopeOf });
  };
  const set = setOf(resources);
  const objects: ObjectDiff[] = [];
  let marked = 0;
  await eachInParallel(set.objects, PARALLEL, async (desired) => {
    const one = await declaredDiff({ client: target, queries }, { record, desired }, signal);
    if (one === "marked") marked++;
    else if (one) objects.push(one);
  });
  const wanted = new Set(set.objects.map((desired) => desired.key));
  const recorded = await recordedObjects(client, record.object.metadata.namespace, signal);
  for (const entry of ownedObjects(record, recorded)) {
    if (!wanted.has(entry.key)) objects.push(...(await leftDiff(target, { record, entry }, signal)));
  }
  objects.sort((a, b) => (a.id < b.id ? -1 : 1));
  const refusals = set.prepared.refusals.map((refusal) => refusal.message);
  const view = { app: record.key, commit, objects, marked, refusals };
  if (!release?.revision) return view;
  const parts = {
    ...release,
    revision: release.revision,
    objectsOf: (some: readonly Resource[]) => setOf(some).objects,
  };
  const { before, after } = await releaseDiffs({ client: target, record, queries }, parts, signal);
  return { ...view, objects: [...before, ...objects, ...after] };
}

/** What an app's source declares, and what a release does besides. */
interface Declared {
  readonly commit: string;
  readonly resources: readonly Resource[];
  readonly release: DeclaredRelease | null;
}

async function declaredBy(
  { client, target, record }: Targeted,
  { revision, local, pluginDir }: Wanted,
  signal: AbortSignal,
): Promise<Declared> {
  const found = { client, record, ...(pluginDir !== undefined && { pluginDir }) };
  if (usableApp(record).release) return releasedBy({ client, target, record }, local ?? revision, signal);
  if (hasSeveralSources(record)) {
    mustBeTracked(found, local ?? revision);
    const { commit, rendered } = await renderedSources(found, signal);
    return { commit, resources: rendered.resources, release: null };
  }
  return withCheckout(
    found,
    async (checkout) => {
      const { repository, head } = checkout;
      if (local !== undefined) {
        return { commit: local, resources: await renderedLocally(checkout, local, signal), release: null };
      }
      const commit = revision === undefined ? head.commit : await commitOf(checkout, revision, signal);
      const rendered = await checkout.render(await repository.tree(commit, signal), signal);
      return { commit, resources: rendered.resources, release: null };
    },
    signal,
  );
}

async function releasedBy(found: Targeted, named: string | undefined, signal: AbortSignal): Promise<Declared> {
  if (named !== undefined) {
    throw new CliError(`Cannot compare ${found.record.key} with ${named}: which chart it has is in its spec`, {
      exitCode: exitCode.usage,
    });
  }
  const release = await declaredRelease(found, { fresh: false }, signal);
  return { commit: release.chartVersion, resources: release.objects, release };
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
