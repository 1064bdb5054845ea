import type { ObjectOptions } from "#core/app/rules.ts";
import type { AppKey, SyncRequest } from "#core/app/app.ts";
import { type DeletionFacts, makePlan } from "#core/plan/make-plan.ts";
import type { Inventory } from "#core/plan/inventory.ts";
import type { Plan } from "#core/plan/plan.ts";
import { idKey, type IdKey, parseIdKey } from "#core/resource/resource-id.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import type { AppState, AppWork } from "./app-state.ts";
import type { DesiredSet } from "./desired-set.ts";
import type { EngineContext } from "./engine-context.ts";

/** Annotation with which a person approves held deletions; its value is the plan's digest. */
export const APPROVE_ANNOTATION = "holdfast.dev/approve";

/** Plans an app from what is known; asks the server only about the blast radius of definitions and namespaces that would go. */
export async function planApp(
  work: AppWork,
  input: { desired: DesiredSet | null; revision: string; request: SyncRequest | null; deleting: boolean },
  signal: AbortSignal,
): Promise<Plan> {
  const { context, state } = work;
  const { app, dialect } = state;
  const desired = input.desired?.objects ?? [];
  const inventory = input.deleting ? context.inventories.of(app.key) : ofObjects(work, input.desired);
  const wanted = input.desired?.byKey;
  const doomed = [...inventory.keys()].filter((key) => !wanted?.has(key));
  const cascades = await cascadesOf(work, doomed, signal);
  const unread = doomed.length > 0 && !input.deleting ? (context.unsettled(app.key)[0] ?? null) : null;
  const isSelected = selectionOf(input.request);
  return makePlan({
    app,
    rules: dialect.rules,
    revision: input.revision,
    renderDigest: input.desired?.digest ?? "",
    cause: input.deleting ? "app-deleted" : "left-source",
    desired: isSelected ? desired.filter(({ key }) => isSelected(key)) : desired,
    verdicts: state.verdicts,
    inventory: isSelected ? new Map([...inventory].filter(([key]) => isSelected(key))) : inventory,
    factsOf: (key) => factsOf(work, { key, cascade: cascades.get(key) ?? null, ...input, unread }),
    prune: input.request?.prune ?? app.policy.prune,
    approval: annotationsOf(context.registry.app(app.key)?.object as Resource)[APPROVE_ANNOTATION] ?? null,
  });
}

/** Which objects an order is about; null: all. */
function selectionOf(request: SyncRequest | null): ((key: IdKey) => boolean) | null {
  const { only } = request ?? {};
  if (!only) return null;
  const named = new Set(only.map((one) => idKey({ ...one, namespace: one.namespace ?? "*" })));
  return (key) => named.has(key) || named.has(idKey({ ...parseIdKey(key), namespace: "*" }));
}

/** What ran as a hook, or will, is not pruned: it goes with the app. */
function ofObjects({ context, state }: AppWork, desired: DesiredSet | null): Inventory {
  const inventory = context.inventories.of(state.app.key);
  const hooks = new Set(desired?.hooks.map((hook) => hook.desired.key));
  if (hooks.size === 0 && ![...inventory.values()].some(({ hook }) => hook)) return inventory;
  return new Map([...inventory].filter(([key, { hook }]) => !hook && !hooks.has(key)));
}

function factsOf(
  work: AppWork,
  item: { key: IdKey; cascade: string | null; deleting: boolean; revision: string; unread: AppKey | null },
): DeletionFacts {
  const { context, state } = work;
  const { app, dialect } = state;
  const live = context.index.get(item.key) ?? null;
  const others = [...context.index.claimants(item.key)].filter(
    (other) => other !== app.key && isStaying(context, other),
  );
  const options = live ? dialect.rules.optionsOf(live, live, app) : null;
  const allowed = item.deleting ? options?.deleteWithApp : options?.prune;
  return {
    uid: live?.metadata.uid ?? null,
    mayPrune: allowed ?? true,
    unconfirmed: isUnconfirmed(work, options, item),
    wave: (live && dialect.rules.waveOf?.(live)) ?? 0,
    claimedBy: others[0] ?? null,
    unread: item.unread ?? (item.deleting ? null : unreadKind(work, item.key)),
    cascade: item.cascade,
    terminating: live?.metadata.deletionTimestamp !== undefined,
  };
}

/** A word that was given before the deletion was known is no word on it. */
function isUnconfirmed(
  { context, state }: AppWork,
  options: ObjectOptions | null,
  { deleting, revision }: { deleting: boolean; revision: string },
): boolean {
  if (!options?.confirms?.includes(deleting ? "delete" : "prune")) return false;
  const { lastSync, app } = state;
  if (state.unconfirmed?.revision !== revision) {
    const isTried = lastSync?.revision.text === revision;
    state.unconfirmed = { revision, since: isTried ? lastSync.startedAt : context.clock.now() };
  }
  const deletedAt = Date.parse(context.registry.app(app.key)?.object.metadata.deletionTimestamp ?? "");
  const since = deleting ? deletedAt : state.unconfirmed.since;
  // Times that people write are kept to the second.
  return !(app.confirmedAt !== undefined && app.confirmedAt >= Math.floor(since / 1000) * 1000);
}

/** Absence of data is no reason to delete: an object goes when the objects of its kind can be read. */
function unreadKind(work: AppWork, key: IdKey): string | null {
  const { context, state } = work;
  const id = parseIdKey(key);
  const version = context.inventories.of(state.app.key).get(key)?.version ?? "";
  return context.index.follow({ ...id, version }, state.app.key).kind === "failed" ? `every ${id.kind}` : null;
}

/** An app that is being deleted itself keeps nothing from being deleted. */
export function isStaying(context: Pick<EngineContext, "registry">, app: AppKey): boolean {
  const record = context.registry.app(app);
  return record !== null && record.object.metadata.deletionTimestamp === undefined;
}

/** What would be lost with definitions and namespaces, beyond themselves. */
async function cascadesOf(
  work: AppWork,
  keys: readonly IdKey[],
  signal: AbortSignal,
): Promise<ReadonlyMap<IdKey, string>> {
  const { context } = work;
  const cascades = new Map<IdKey, string>();
  for (const key of keys) {
    const id = parseIdKey(key);
    const live = context.index.get(key);
    if (id.kind === "CustomResourceDefinition" && live) {
      const lost = await instancesOf(context, live, signal);
      if (lost) cascades.set(key, lost);
    } else if (id.kind === "Namespace" && id.group === "") {
      const lost = strangersIn(work, id.name) ?? (await tenantsOf(work, id.name, signal));
      if (lost) cascades.set(key, lost);
    }
  }
  return cascades;
}

async function instancesOf(context: EngineContext, definition: Resource, signal: AbortSignal): Promise<string | null> {
  const spec = definition["spec"] as { group: string; names: { kind: string } };
  const lookup = await context.client.kind({ group: spec.group, kind: spec.names.kind }, { signal });
  if (lookup.known === "no") return null;
  if (lookup.known === "unknown") return `its instances cannot be counted: ${lookup.reason}`;
  const instances = await context.client.list(lookup.info, {}, { signal });
  return instances.length > 0 ? `${instances.length} ${spec.names.kind} objects would be deleted with it` : null;
}

function strangersIn(work: AppWork, namespace: string): string | null {
  const { context, state } = work;
  const others = context.registry.apps().filter((record) => record.key !== state.app.key);
  const other = others.find((record) => {
    for (const key of context.inventories.of(record.key).keys())
      if (parseIdKey(key).namespace === namespace) return true;
    return false;
  });
  return other ? `it holds objects of ${other.key}` : null;
}

const TENANT_KINDS = ["PersistentVolumeClaim", "Pod", "Secret", "ConfigMap", "Service"];
/** What every namespace has by itself. */
const BORN_WITH = new Set(["ConfigMap/kube-root-ca.crt"]);

async function tenantsOf(work: AppWork, namespace: string, signal: AbortSignal): Promise<string | null> {
  const { context, state } = work;
  for (const kind of TENANT_KINDS) {
    const lookup = await context.client.kind({ group: "", kind }, { signal });
    if (lookup.known !== "yes") return `its content cannot be listed: ${kind}`;
    const objects = await context.client.list(lookup.info, { namespace }, { signal });
    const foreign = objects.find((object) => isForeign(state, kind, object));
    if (foreign) return `it holds ${kind} ${foreign.metadata.name}, which is not of this app`;
  }
  return null;
}

function isForeign(state: AppState, kind: string, object: Resource): boolean {
  if (BORN_WITH.has(`${kind}/${object.metadata.name}`)) return false;
  if (object.metadata.ownerReferences && object.metadata.ownerReferences.length > 0) return false;
  return state.dialect.rules.ownerOf(object) !== state.app.key;
}
