import type { AppKey } from "#core/app/app.ts";
import type { ObjectResult } from "#core/app/app-report.ts";
import { ApiError, isVerdict } from "#core/cluster/api-error.ts";
import { entryOf } from "#core/resource/field-set-of.ts";
import type { Change } from "#core/plan/plan.ts";
import { idText, joinApiVersion } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { AppWork } from "./app-state.ts";
import type { EngineContext } from "./engine-context.ts";
import { letGo } from "./hook-objects.ts";
import type { ObjectRef } from "./ports.ts";
import { isStaying } from "./plan-app.ts";
import { asUser, failureText } from "./requests.ts";

interface Outcome {
  readonly result: ObjectResult;
  /** null: the entry leaves the inventory; undefined: it stays. */
  readonly entry: null | undefined;
}

/**
 * Deletes one object that a plan certified, after a fresh read has shown that it is still the one that was recorded:
 * same UID, our mark, our manager's entry. The entry leaves the inventory only when the object was seen gone.
 */
export async function deleteObject(work: AppWork, change: Change, signal: AbortSignal): Promise<Outcome> {
  const { context } = work;
  const base = { key: change.key, id: change.id, version: change.version };
  try {
    const ref = await servedRef(context, change, signal);
    if (typeof ref === "string") return failedOutcome(base, ref);
    const live = await context.client.get(ref, { signal });
    if (!live) return gone(context, base);
    const spared = sparedBecause(work, change, live);
    if (spared) return { result: { ...base, outcome: "kept", message: spared }, entry: null };
    return await deleteLive(work, { change, ref, live }, signal);
  } catch (error) {
    if (!(error instanceof ApiError) || !isVerdict(error)) throw error;
    return failedOutcome(base, failureText(error));
  }
}

function failedOutcome(base: Pick<ObjectResult, "key" | "id" | "version">, reason: string): Outcome {
  const message = `${idText(base.id)} delete failed: ${reason}`;
  return { result: { ...base, outcome: "failed", message }, entry: undefined };
}

function gone(context: EngineContext, base: Pick<ObjectResult, "key" | "id" | "version">): Outcome {
  context.index.drop(base.key);
  return { result: { ...base, outcome: "deleted", message: "" }, entry: null };
}

/** An unreadable API is no proof that the object is gone. */
async function servedRef(context: EngineContext, change: Change, signal: AbortSignal): Promise<ObjectRef | string> {
  const { id } = change;
  const lookup = await context.client.kind({ group: id.group, kind: id.kind }, { signal });
  if (lookup.known === "unknown") return `the API group ${id.group} cannot be read now: ${lookup.reason}`;
  const version = lookup.known === "yes" ? lookup.info.version : change.version;
  return {
    apiVersion: joinApiVersion({ group: id.group, version }),
    kind: id.kind,
    namespace: id.namespace,
    name: id.name,
  };
}

function sparedBecause(work: AppWork, change: Change, live: Resource): string | null {
  const { state } = work;
  const { rules } = state.dialect;
  const recorded = change.certificate?.uid ?? "";
  if (recorded !== "" && live.metadata.uid !== recorded) return "was recreated by somebody else";
  if (!isMarkedAsOurs(work, live, recorded)) return "no longer carries this app's mark";
  // What a predecessor under the same name wrote counts, in whichever way it wrote.
  if (!entryOf(live, rules.manager) && !entryOf(live, rules.manager, "Update"))
    return `${rules.manager} no longer owns any of its fields`;
  const options = rules.optionsOf(live, live, state.app);
  const allowed = change.certificate?.cause === "app-deleted" ? options.deleteWithApp : options.prune;
  return allowed ? null : "deletion is off for this object";
}

/** Another app's mark counts while that app is there; what it left behind is ours when we wrote it too. */
function isMarkedAsOurs({ context, state }: AppWork, live: Resource, recorded: string): boolean {
  const owner = state.dialect.rules.ownerOf(live);
  if (owner === state.app.key) return true;
  return owner !== null && recorded !== "" && !isStaying(context, owner as AppKey);
}

async function deleteLive(
  work: AppWork,
  item: { change: Change; ref: ObjectRef; live: Resource },
  signal: AbortSignal,
): Promise<Outcome> {
  const { context, state } = work;
  const { change, ref } = item;
  const base = { key: change.key, id: change.id, version: change.version };
  const finalizer = state.dialect.rules.hooks?.finalizer;
  const live = finalizer === undefined ? item.live : await letGo(work, { ref, live: item.live, finalizer }, signal);
  if (!live) return gone(context, base);
  const { uid, resourceVersion, deletionTimestamp } = live.metadata;
  if (!uid || !resourceVersion) return failedOutcome(base, "the server's answer holds no identity");
  if (!deletionTimestamp) {
    const { propagation } = state.app.policy;
    // Ahead of the request, so that no deletion is without its certificate, whatever ends this process meanwhile.
    audit(work, { change, verb: "delete", reason: change.reason, uid });
    const options = { uid, resourceVersion, propagation, signal, ...asUser(state.app) };
    await context.client.delete(ref, options).catch((error: unknown) => {
      if (error instanceof ApiError && isVerdict(error)) {
        audit(work, { change, verb: "delete-refused", reason: failureText(error), uid });
      }
      throw error;
    });
  }
  const left = await context.client.get(ref, { signal });
  if (!left || left.metadata.uid !== uid) return gone(context, base);
  context.index.record(left);
  return { result: { ...base, outcome: "deleted", message: "waits for finalizers" }, entry: undefined };
}

function audit(
  { context, state }: AppWork,
  record: { change: Change; verb: "delete" | "delete-refused"; reason: string; uid: string },
): void {
  const { change, verb, reason, uid } = record;
  context.audit.append({
    at: context.clock.now(),
    actor: "holdfast",
    app: state.app.key,
    verb,
    object: idText(change.id),
    revision: change.certificate?.revision ?? "",
    reason,
    detail: { certificate: { ...change.certificate, uid } },
  });
}
