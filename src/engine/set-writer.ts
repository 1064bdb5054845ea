import type { AppSet } from "#core/app/app-set.ts";
import { type AppKey, appKey } from "#core/app/app.ts";
import { ApiError, isVerdict } from "#core/cluster/api-error.ts";
import type { Dialect, SetRules } from "#core/app/dialect.ts";
import type { Settings } from "#core/app/settings.ts";
import { digestOf } from "#core/resource/digest.ts";
import { idOf, idText } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { AppRecord, AppRegistry } from "./app-registry.ts";
import type { AuditLog, ClusterClient, Clock, ObjectRef } from "./ports.ts";
import { eachInParallel } from "./requests.ts";
import type { PlannedWrite, SetPlan } from "./set-plan.ts";

/** What writing the apps of sets takes. */
export interface SetWriterParts {
  readonly client: ClusterClient;
  readonly registry: Pick<AppRegistry, "lookup">;
  readonly settings: Settings;
  readonly onStored: (dialect: Dialect, object: Resource) => void;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** A set whose apps are written. */
export interface WrittenSet {
  readonly key: string;
  readonly dialect: Dialect;
  readonly rules: SetRules;
  readonly object: Resource;
}

/** Names of apps that were written. */
export interface SetChanges {
  readonly created: string[];
  readonly updated: string[];
  readonly deleted: string[];
}

const WRITES_AT_ONCE = 16;

/** Creates, changes and deletes the apps of sets. */
export class SetWriter {
  readonly #parts: SetWriterParts;
  /** Changes that the server did not keep: asking again would change nothing. */
  readonly #vain = new Map<AppKey, string>();

  constructor(parts: SetWriterParts) {
    this.#parts = parts;
  }

  /** What was remembered of an app that is gone. */
  forget(app: AppKey): void {
    this.#vain.delete(app);
  }

  /** Does what a plan says, deletions last and only if all else succeeded; what was done is noted in `changes`. @throws ApiError */
  async write(
    state: WrittenSet,
    { set, plan, changes }: { set: AppSet; plan: SetPlan; changes: SetChanges },
    signal: AbortSignal,
  ): Promise<void> {
    await each(plan.writes, (one) => this.#write(state, { set, ...one, changes }, signal));
    const reason = "its set does not generate it any more";
    await each(plan.deletions, async (app) => {
      if (await this.#delete(state, { app, reason }, signal)) changes.deleted.push(app.metadata.name);
    });
  }

  /** Keeps a set until its apps were let go; returns it as it is then. @throws ApiError */
  async hold({ object, rules }: WrittenSet, finalizer: string, signal: AbortSignal): Promise<Resource> {
    const { finalizers = [], resourceVersion } = object.metadata;
    const body = { metadata: { finalizers: [...finalizers, finalizer], ...(resourceVersion && { resourceVersion }) } };
    return this.#parts.client.patch(refOf(object), body, { type: "merge", manager: rules.manager, signal });
  }

  /**
   * Lets the apps of a deleted set outlive it where its policy says so, or go in their order, then lets the set itself go:
   * not before the last of those that have an order is gone. @throws ApiError
   */
  async letGo(state: WrittenSet, members: readonly AppRecord[], signal: AbortSignal): Promise<void> {
    const { rules, object } = state;
    const parsed = rules.parse(object);
    const finalizer = parsed.ok ? parsed.value.finalizer : null;
    if (!parsed.ok || finalizer === null) return;
    if (!parsed.value.delete) {
      await each(members, async (app) => {
        await this.#patch(state, { app: app.object, patch: rules.release(app.object) }, signal);
      });
    }
    const groups = parsed.value.delete ? rules.deletionOrder(object, objectsOf(members)) : [];
    const next = groups.find((group) => group.length > 0);
    if (next) {
      const here = next.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      return each(here, async (app) => {
        await this.#delete(state, { app, reason: "its set is deleted" }, signal);
      });
    }
    const finalizers = (object.metadata.finalizers ?? []).filter((name) => name !== finalizer);
    const { resourceVersion } = object.metadata;
    const body = { metadata: { finalizers, ...(resourceVersion && { resourceVersion }) } };
    await this.#parts.client.patch(refOf(object), body, { type: "merge", manager: rules.manager, signal });
  }

  async #write(
    state: WrittenSet,
    { set, wanted, change, live, ignored, changes }: PlannedWrite & { set: AppSet; changes: SetChanges },
    signal: AbortSignal,
  ): Promise<void> {
    const { client } = this.#parts;
    const { rules, dialect } = state;
    if (change.kind === "create") {
      const stored = await client.create(change.object, { manager: rules.manager, signal });
      this.#parts.onStored(dialect, stored);
      this.#audit(state, { verb: "create", object: stored, reason: "generated" });
      changes.created.push(wanted.metadata.name);
      return;
    }
    if (!live) return;
    const { namespace = "", name, uid = "" } = live.metadata;
    const key = appKey(rules.member.short, namespace, name);
    if (this.#vain.get(key) === digestOf([uid, change.patch])) return;
    const stored = await this.#patch(state, { app: live, patch: change.patch }, signal);
    const left = rules.changeOf(set, { wanted, live: stored }, ignored);
    if (left.kind === "update") this.#vain.set(key, digestOf([uid, left.patch]));
    else this.#vain.delete(key);
    changes.updated.push(wanted.metadata.name);
  }

  async #patch(
    state: WrittenSet,
    { app, patch }: { app: Resource; patch: Readonly<Record<string, unknown>> },
    signal: AbortSignal,
  ): Promise<Resource> {
    const { manager } = state.rules;
    const body = { ...patch, metadata: { ...(patch["metadata"] as object | undefined), uid: app.metadata.uid } };
    const stored = await this.#parts.client.patch(refOf(app), body, { type: "merge", manager, signal });
    this.#parts.onStored(state.dialect, stored);
    this.#audit(state, { verb: "update", object: stored, reason: "generated" });
    return stored;
  }

  /** Deletes an app that a fresh read shows to be the set's own, by the identity and version that it showed. */
  async #delete(
    state: WrittenSet,
    { app, reason }: { readonly app: Resource; readonly reason: string },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { client, registry, settings } = this.#parts;
    const { rules, dialect, object } = state;
    let live = await client.get(refOf(app), { signal });
    if (!live || live.metadata.uid !== app.metadata.uid || live.metadata.deletionTimestamp !== undefined) return false;
    if (rules.ownerOf(live) !== object.metadata.uid) return false;
    const patch = rules.beforeDelete(live, registry.lookup(dialect.name), settings);
    if (patch) live = await this.#patch(state, { app: live, patch }, signal);
    const { uid = "", resourceVersion } = live.metadata;
    // Ahead of the request, so that no deletion goes untold, whatever ends this process meanwhile.
    this.#audit(state, { verb: "delete", object: live, reason });
    const how = { uid, ...(resourceVersion && { resourceVersion }), propagation: "Background", signal } as const;
    return await client.delete(refOf(live), how);
  }

  #audit(
    { key }: WrittenSet,
    { verb, object, reason }: { verb: "create" | "update" | "delete"; object: Resource; reason: string },
  ): void {
    const { audit, clock } = this.#parts;
    const detail = { uid: object.metadata.uid ?? "" };
    audit.append({
      at: clock.now(),
      actor: "holdfast",
      app: key,
      verb,
      object: idText(idOf(object)),
      revision: "",
      reason,
      detail,
    });
  }
}

/** What the server refuses of one app keeps nothing from the others. @throws the first refusal, after all were tried */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const refusals: ApiError[] = [];
  await eachInParallel(items, WRITES_AT_ONCE, async (item) => {
    try {
      await work(item);
    } catch (error) {
      if (!(error instanceof ApiError) || !isVerdict(error)) throw error;
      refusals.push(error);
    }
  });
  if (refusals[0]) throw refusals[0];
}

function objectsOf(records: readonly AppRecord[]): readonly Resource[] {
  return records.map(({ object }) => object);
}

function refOf({ apiVersion, kind, metadata }: Resource): ObjectRef {
  return { apiVersion, kind, namespace: metadata.namespace ?? "", name: metadata.name };
}
