import { updated } from "#core/plan/inventory.ts";
import type { AppPhase } from "#core/app/app-report.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { changesOf } from "#core/plan/plan.ts";
import { parseIdKey } from "#core/resource/resource-id.ts";
import type { AppRecord } from "./app-registry.ts";
import type { AppWork } from "./app-state.ts";
import type { EngineContext } from "./engine-context.ts";
import { withdrawSource } from "./declared-source.ts";
import { dependentProblem } from "./dependencies.ts";
import { planApp } from "./plan-app.ts";
import { removeRelease } from "./release/remove-release.ts";
import { noteHeld, unconfirmedText } from "./sync-app.ts";
import { writeChanges } from "./write-changes.ts";
import type { WriteGuard } from "./write-guard.ts";

/** Adds the finalizer that makes deleting the app object delete its objects, when the dialect wants one. */
export async function ensureFinalizer(work: AppWork, record: AppRecord, signal: AbortSignal): Promise<void> {
  const { context, state } = work;
  const { finalizer } = state.app;
  if (!finalizer.ensure || finalizer.present) return;
  const finalizers = [...(record.object.metadata.finalizers ?? []), finalizer.name];
  await patchFinalizers(context, { record, finalizers }, signal);
  state.app = { ...state.app, finalizer: { ...finalizer, present: true } };
}

/** Deletes what a deleted app owns, then lets its object go. Objects that cannot go yet keep it. */
export async function finalizeApp(work: AppWork, guard: WriteGuard, signal: AbortSignal): Promise<AppPhase | null> {
  const { context, state } = work;
  const record = context.registry.app(state.app.key);
  if (!record || !state.app.finalizer.present) return null;
  if (guard.kind === "unknown") return null;
  if (guard.kind === "shadow") return { kind: "shadow", rival: guard.rival, wouldWrite: 0 };
  if (guard.kind === "paused") return { kind: "paused", until: guard.until, reason: guard.reason };
  const dependent = state.app.suspended ? null : dependentProblem(work);
  if (dependent) return dependent;
  if (state.release && !state.app.suspended) {
    const removing = await removeRelease(work, signal);
    if (removing) return removing;
  }
  await withdrawSource(work, signal);
  state.running = null;
  if (!state.app.suspended) {
    const left = await deleteOwned(work, signal);
    if (left !== null)
      return { kind: "sync-failed", step: "prune", message: left, retryAt: context.clock.now() + 5_000 };
  }
  await context.inventories.remove(state.app, signal);
  const rest = (record.object.metadata.finalizers ?? []).filter((name) => name !== state.app.finalizer.name);
  await patchFinalizers(context, { record, finalizers: rest }, signal);
  return null;
}

/** Returns why objects are left that the app must wait for, or null. */
async function deleteOwned(work: AppWork, signal: AbortSignal): Promise<string | null> {
  const { context, state } = work;
  const { key, policy } = state.app;
  const { inventories } = context;
  for (const entry of inventories.of(key).values()) {
    const kind = { ...parseIdKey(entry.key), version: entry.version };
    if (context.index.follow(kind, key).kind === "pending") return "reading what the app owns";
  }
  const revision = state.applied?.text ?? "";
  const plan = await planApp(work, { desired: null, revision, request: null, deleting: true }, signal);
  const changes = changesOf(plan).filter((change) => change.action === "delete" || change.action === "keep");
  const written = await writeChanges(work, { byKey: new Map(), changes }, signal);
  await inventories.write(state.app, updated(inventories.of(key), written.entries), signal);
  noteHeld(state, plan);
  const asked = unconfirmedText(state, plan);
  if (asked !== null) return asked;
  const failed = written.results.filter((result) => result.outcome === "failed");
  if (failed.length > 0) return failed.map((result) => result.message).join("\n");
  const left = inventories.of(key).size;
  if (left > 0 && policy.onDelete === "prune-and-wait") return `${left} objects are still being deleted`;
  return null;
}

async function patchFinalizers(
  context: EngineContext,
  change: { record: AppRecord; finalizers: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  const { record, finalizers } = change;
  const { apiVersion, kind, metadata } = record.object;
  const ref = { apiVersion, kind, namespace: metadata.namespace ?? "", name: metadata.name };
  // The resourceVersion keeps a finalizer that somebody else adds at this moment.
  const body = { metadata: { finalizers, resourceVersion: metadata.resourceVersion } };
  try {
    const manager = record.dialect.rules.statusManager;
    await context.home.patch(ref, body, { type: "merge", manager, signal });
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return;
    throw error;
  }
}
