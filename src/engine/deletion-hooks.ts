import { type IdKey, idText, joinApiVersion } from "#core/resource/resource-id.ts";
import { type InventoryEntry, updated, writeAhead } from "#core/plan/inventory.ts";
import { type Change, changesOf, type Plan } from "#core/plan/plan.ts";
import { type HookedPlan, withHooks } from "#core/sync/hook-stages.ts";
import type { HookMoment } from "#core/sync/hook.ts";
import type { AppRecord } from "./app-registry.ts";
import type { AppState, AppWork } from "./app-state.ts";
import { assess } from "./assess.ts";
import { patchFinalizers } from "./finalizers.ts";
import { writeHook } from "./hook-objects.ts";
import { followHooks } from "./hooked-plan.ts";
import { refreshDesired } from "./refresh-desired.ts";
import { asUser } from "./requests.ts";

/** When the hooks of a deletion run. */
export type DeletionMoment = Extract<HookMoment, "before-delete" | "after-delete">;

const MOMENTS: readonly DeletionMoment[] = ["before-delete", "after-delete"];
const NOTHING: Omit<Plan, "app"> = { revision: "", stages: [], held: [], waiting: 0, digest: "" };

/** Whether finalizers of an app's object ask for hooks that run when it is deleted. */
export function awaitsHooks({ state }: AppWork, { object }: AppRecord): boolean {
  const present = object.metadata.finalizers ?? [];
  return !state.app.suspended && hookFinalizers(state).some((name) => present.includes(name));
}

/** The finalizers that keep an app's object for hooks of its deletion. */
export function hookFinalizers({ dialect }: Pick<AppState, "dialect">): readonly string[] {
  const finalizers = dialect.rules.hooks?.deletion;
  return finalizers ? MOMENTS.flatMap((moment) => Object.values(finalizers[moment])) : [];
}

/** Keeps an app's object, once it is deleted, for the hooks that its declaration holds then; lets it be without any. */
export async function ensureHookFinalizers(work: AppWork, record: AppRecord, signal: AbortSignal): Promise<void> {
  const { context, state } = work;
  const finalizers = state.dialect.rules.hooks?.deletion;
  if (!finalizers || !state.desired) return;
  // Statuses are written meanwhile.
  const now = context.registry.app(record.key) ?? record;
  const before = now.object.metadata.finalizers ?? [];
  const declared = new Set(state.desired.hooks.flatMap(({ spec }) => spec.moments.map(({ moment }) => moment)));
  const wanted = MOMENTS.filter((moment) => declared.has(moment)).flatMap((one) => Object.values(finalizers[one]));
  const unwanted = MOMENTS.filter((moment) => !declared.has(moment)).flatMap((one) => Object.values(finalizers[one]));
  const after = [...new Set([...before, ...wanted])].filter((name) => !unwanted.includes(name));
  if (after.length === before.length && after.every((name) => before.includes(name))) return;
  await patchFinalizers(context, { record: now, finalizers: after }, signal);
}

/** Does the next step of the hooks of one moment; returns what the deletion waits for, or null when they are over. */
export async function runDeletionHooks(
  work: AppWork,
  { record, moment }: { record: AppRecord; moment: DeletionMoment },
  signal: AbortSignal,
): Promise<string | null> {
  const { context, state } = work;
  const names = state.dialect.rules.hooks?.deletion?.[moment];
  const present = record.object.metadata.finalizers ?? [];
  if (!names || (!present.includes(names.run) && !present.includes(names.cleanup))) return null;
  const hooked = await deletionPlan(work, { record, moment, finalizer: names.run }, signal);
  if (typeof hooked === "string") return hooked;
  if (present.includes(names.run)) {
    const waiting = await runAll(work, { hooked, finalizer: names.run }, signal);
    if (waiting !== null) return waiting;
    await patchFinalizers(context, { record, finalizers: present.filter((name) => name !== names.run) }, signal);
    return `the hooks ${moment.replace("-", " ")} have ended`;
  }
  const retired = changesOf(hooked.plan).filter(({ action }) => action === "retire");
  await writeAll(work, { hooked, changes: retired }, signal);
  await patchFinalizers(context, { record, finalizers: present.filter((name) => name !== names.cleanup) }, signal);
  return `the hooks ${moment.replace("-", " ")} are cleaned up`;
}

/** The stages of the hooks that the app declares; the time of its deletion marks their runs. */
async function deletionPlan(
  work: AppWork,
  { record, moment, finalizer }: { record: AppRecord; moment: DeletionMoment; finalizer: string },
  signal: AbortSignal,
): Promise<HookedPlan | string> {
  const { context, state } = work;
  const rules = state.dialect.rules.hooks;
  if (!state.desired) await refreshDesired(work, signal);
  const { desired } = state;
  if (!rules || !desired)
    return `the manifests cannot be rendered that hold its hooks; remove the finalizer ${finalizer} to delete it without them`;
  const startedAt = Date.parse(record.object.metadata.deletionTimestamp ?? "");
  const hooked = withHooks(
    { ...NOTHING, app: state.app.key },
    {
      hooks: desired.hooks,
      moments: [moment],
      rules,
      sync: { startedAt, retries: 0, commit: state.applied?.commit ?? "" },
      done: new Set(),
      rankOf: () => 0,
    },
  );
  followHooks(work, hooked);
  const { inventories } = context;
  const intended = changesOf(hooked.plan).filter(({ action }) => action === "run");
  await inventories.write(state.app, writeAhead(inventories.of(state.app.key), intended, false), signal);
  return hooked;
}

/** Goes through the stages from the first: a run that was begun before is found, not begun again. */
async function runAll(
  work: AppWork,
  { hooked, finalizer }: { hooked: HookedPlan; finalizer: string },
  signal: AbortSignal,
): Promise<string | null> {
  for (const stage of hooked.plan.stages.filter(({ when }) => when === undefined)) {
    const failed = await writeAll(work, { hooked, changes: stage.changes }, signal);
    if (failed !== null) return failed;
    for (const change of stage.changes) {
      const waiting = await stateOf(work, { change, finalizer }, signal);
      if (waiting !== null) return waiting;
    }
  }
  return null;
}

/** What of a hook the deletion waits for; null: nothing any more. */
async function stateOf(
  work: AppWork,
  { change, finalizer }: { change: Change; finalizer: string },
  signal: AbortSignal,
): Promise<string | null> {
  const { context, state } = work;
  const { id, version, hook, action } = change;
  const name = `hook ${id.group}/${id.kind}/${id.name}`;
  const ref = { ...id, apiVersion: joinApiVersion({ group: id.group, version }) };
  const live = await context.client.get(ref, { signal, ...asUser(state.app) });
  const isOwnRun = live !== null && state.dialect.rules.hooks?.markOf(live) === hook?.mark;
  if (action === "clear") return live && !isOwnRun ? `waiting for deletion of ${name}` : null;
  const health = live && assess(work, live);
  if (!live || health?.status === "Degraded" || health?.status === "Unknown") {
    const why = live ? (health?.message ?? "") : "it was deleted";
    return `${idText(id)} failed as a hook: ${why}; remove the finalizer ${finalizer} to delete the app without it`;
  }
  return health && health.status !== "Healthy" ? `waiting for completion of ${name}` : null;
}

/** Returns why something was refused, or null. */
async function writeAll(
  work: AppWork,
  { hooked, changes }: { hooked: HookedPlan; changes: readonly Change[] },
  signal: AbortSignal,
): Promise<string | null> {
  const { context, state } = work;
  const { inventories } = context;
  const entries = new Map<IdKey, InventoryEntry | null>();
  const failures: string[] = [];
  for (const change of changes) {
    if (!change.hook) continue;
    const desired = hooked.extras.get(change.key);
    const { result, entry } = await writeHook(work, { change: { ...change, hook: change.hook }, desired }, signal);
    if (entry !== undefined) entries.set(change.key, entry);
    if (result.outcome === "failed") failures.push(result.message);
  }
  await inventories.write(state.app, updated(inventories.of(state.app.key), entries), signal);
  return failures.length === 0 ? null : failures.join("\n");
}
