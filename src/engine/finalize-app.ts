import { updated } from "#core/plan/inventory.ts";
import type { AppPhase } from "#core/app/app-report.ts";
import { keyOf, parseIdKey } from "#core/resource/resource-id.ts";
import { circleOf } from "./app-circle.ts";
import type { AppRecord } from "./app-registry.ts";
import type { AppState, AppWork } from "./app-state.ts";
import { withdrawSource } from "./declared-source.ts";
import { awaitsHooks, hookFinalizers, runDeletionHooks } from "./deletion-hooks.ts";
import { dependentProblem } from "./dependencies.ts";
import { patchFinalizers } from "./finalizers.ts";
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
  if (!record || !(state.app.finalizer.present || awaitsHooks(work, record))) return null;
  if (guard.kind === "unknown") return null;
  if (guard.kind === "shadow") return { kind: "shadow", rival: guard.rival, wouldWrite: 0 };
  if (guard.kind === "paused") return { kind: "paused", until: guard.until, reason: guard.reason };
  const dependent = state.app.suspended ? null : dependentProblem(work);
  if (dependent) return dependent;
  if (state.release && !state.app.suspended) {
    const removing = await removeRelease(work, signal);
    if (removing) return removing;
  }
  state.running = null;
  state.interrupted = null;
  const isAbandoned = state.app.policy.onDelete === "abandon";
  const left = state.app.suspended || isAbandoned ? null : await leftToDo(work, record, signal);
  noteDeletion(state, left);
  if (left !== null) return { kind: "sync-failed", step: "prune", message: left, retryAt: context.clock.now() + 5_000 };
  await withdrawSource(work, signal);
  await context.inventories.remove(state.app, signal);
  const done = [state.app.finalizer.name, ...(isAbandoned ? hookFinalizers(state) : [])];
  const rest = (record.object.metadata.finalizers ?? []).filter((name) => !done.includes(name));
  await patchFinalizers(context, { record, finalizers: rest }, signal);
  return null;
}

/** The hooks before, the objects, the hooks after: returns what a deletion waits for, or null when all is done. */
async function leftToDo(work: AppWork, record: AppRecord, signal: AbortSignal): Promise<string | null> {
  const { context, state } = work;
  const before = await runDeletionHooks(work, { record, moment: "before-delete" }, signal);
  if (before !== null) return before;
  const { finalizer } = state.app;
  if (finalizer.present) {
    const left = await deleteOwned(work, signal);
    if (left !== null) return left;
    if (awaitsHooks(work, record)) {
      // The objects of the hooks that follow are not to be taken for the app's own.
      const finalizers = (record.object.metadata.finalizers ?? []).filter((name) => name !== finalizer.name);
      await patchFinalizers(context, { record, finalizers }, signal);
      return "its objects are deleted";
    }
  }
  return runDeletionHooks(work, { record, moment: "after-delete" }, signal);
}

/** People are told why a deleted app is still there. */
function noteDeletion(state: AppState, left: string | null): void {
  const others = state.notices.filter(({ kind }) => kind !== "deletion");
  const isTold = left !== null && left.includes("remove the finalizer");
  state.notices = isTold ? [...others, { kind: "deletion", message: left }] : others;
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
  noteHeld(state, plan);
  const asked = unconfirmedText(state, plan);
  for (const [at, stage] of plan.stages.entries()) {
    const changes = stage.changes.filter(({ action }) => action === "delete" || action === "keep");
    const written = await writeChanges(work, { byKey: new Map(), changes }, signal);
    await inventories.write(state.app, updated(inventories.of(key), written.entries), signal);
    const failed = written.results.filter((result) => result.outcome === "failed");
    if (failed.length > 0) return failed.map((result) => result.message).join("\n");
    // What a lower wave holds is needed until the higher one is gone.
    const staying = stage.changes.filter((change) => inventories.of(key).has(change.key));
    for (const change of staying) context.index.awaitGone(change.key, key);
    if (staying.length > 0 && at < plan.stages.length - 1)
      return asked ?? `${staying.length} objects of a later wave are still being deleted`;
  }
  if (asked !== null) return asked;
  // Of apps that hold each other none can wait until the others are gone.
  const circle = new Set(
    circleOf(context.registry, state)
      .flatMap((one) => context.registry.objectOf(one) ?? [])
      .map(keyOf),
  );
  const left = [...inventories.of(key).keys()].filter((entry) => !circle.has(entry)).length;
  if (left > 0 && policy.onDelete === "prune-and-wait") return `${left} objects are still being deleted`;
  return null;
}
