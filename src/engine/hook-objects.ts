import type { ObjectResult } from "#core/app/app-report.ts";
import { ApiError, isVerdict } from "#core/cluster/api-error.ts";
import type { InventoryEntry } from "#core/plan/inventory.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import type { Change } from "#core/plan/plan.ts";
import { idText, joinApiVersion } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { HookRules } from "#core/sync/hook.ts";
import type { AppWork } from "./app-state.ts";
import { assess } from "./assess.ts";
import type { ObjectRef } from "./ports.ts";
import { asUser, failureText } from "./requests.ts";

/** What became of a hook's object; entry undefined: the inventory keeps what it has. */
export interface HookOutcome {
  readonly result: ObjectResult;
  readonly entry: InventoryEntry | null | undefined;
}

type HookChange = Change & Required<Pick<Change, "hook">>;

const LET_GO_ATTEMPTS = 8;

/** Carries out one step of a hook's run. A refusal ends as a failed result; @throws when the server does not answer. */
export async function writeHook(
  work: AppWork,
  item: { change: HookChange; desired: Desired | undefined },
  signal: AbortSignal,
): Promise<HookOutcome> {
  const { change, desired } = item;
  const rules = work.state.dialect.rules.hooks;
  if (!rules) throw new Error("Cannot run a hook: the dialect has none");
  try {
    if (change.action === "clear") return await clearHook(work, { change, rules }, signal);
    if (change.action === "retire" || !desired || !change.desired)
      return await retireHook(work, { change, rules }, signal);
    return await runHook(work, { change, rules, desired: { ...desired, resource: change.desired } }, signal);
  } catch (error) {
    if (!(error instanceof ApiError) || !isVerdict(error)) throw error;
    const verb = { run: "apply", clear: "delete", retire: "removal of the hook finalizer" } as Record<string, string>;
    const message = `${idText(change.id)} ${verb[change.action] ?? "apply"} failed: ${failureText(error)}`;
    return { result: { ...baseOf(change), outcome: "failed", message }, entry: undefined };
  }
}

/** Takes off the finalizer that keeps a hook's object until it was looked at; returns the object without it. */
export async function letGo(
  { context, state }: AppWork,
  item: { ref: ObjectRef; live: Resource; finalizer: string },
  signal: AbortSignal,
): Promise<Resource | null> {
  const { ref, finalizer } = item;
  const as = asUser(state.app);
  let live: Resource | null = item.live;
  for (let attempt = 1; live?.metadata.finalizers?.includes(finalizer); attempt++) {
    const finalizers = live.metadata.finalizers.filter((name) => name !== finalizer);
    const metadata = { finalizers, resourceVersion: live.metadata.resourceVersion, uid: live.metadata.uid };
    const { manager } = state.dialect.rules;
    try {
      return await context.client.patch(ref, { metadata }, { type: "merge", manager, signal, ...as });
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return null;
      // Its own controller writes at the same time.
      if (!(error instanceof ApiError) || error.code !== 409 || attempt === LET_GO_ATTEMPTS) throw error;
      live = await context.client.get(ref, { signal, ...as });
    }
  }
  return live;
}

/** Creates the object of a run, unless this very run has been begun before. */
async function runHook(
  work: AppWork,
  item: { change: HookChange; rules: HookRules; desired: Desired },
  signal: AbortSignal,
): Promise<HookOutcome> {
  const { context, state } = work;
  const { change, rules, desired } = item;
  const as = asUser(state.app);
  const live = await context.client.get(refOf(change), { signal, ...as });
  if (live && rules.markOf(live) === change.hook.mark) {
    context.index.record(live);
    return { result: { ...baseOf(change), outcome: "unchanged", message: "" }, entry: entryOf(change, live) };
  }
  const { manager } = state.dialect.rules;
  const answer = await context.client.apply(desired.resource, { manager, signal, ...as });
  context.index.record(answer.object);
  audit(work, { change, verb: answer.created ? "create" : "update", uid: answer.object.metadata.uid ?? "" });
  const outcome = answer.created ? "created" : "changed";
  return { result: { ...baseOf(change), outcome, message: "" }, entry: entryOf(change, answer.object) };
}

/** Deletes what an earlier run left: only the app's own object, and never the one of this very run. */
async function clearHook(
  work: AppWork,
  { change, rules }: { change: HookChange; rules: HookRules },
  signal: AbortSignal,
): Promise<HookOutcome> {
  const { context, state } = work;
  const live = await context.client.get(refOf(change), { signal, ...asUser(state.app) });
  if (!live) return gone(work, change);
  if (rules.markOf(live) === change.hook.mark)
    return { result: { ...baseOf(change), outcome: "unchanged", message: "" }, entry: undefined };
  if (state.dialect.rules.ownerOf(live) !== state.app.key) {
    const message = `${idText(change.id)} delete failed: it is in the way of a hook and not of this app`;
    return { result: { ...baseOf(change), outcome: "failed", message }, entry: undefined };
  }
  return remove(work, { change, live, finalizer: rules.finalizer }, signal);
}

/** Lets the object of a run go when its sync ends; deletes it when its policy says so, or while it still runs. */
async function retireHook(
  work: AppWork,
  { change, rules }: { change: HookChange; rules: HookRules },
  signal: AbortSignal,
): Promise<HookOutcome> {
  const { context, state } = work;
  const untouched = { result: { ...baseOf(change), outcome: "unchanged", message: "" }, entry: undefined } as const;
  const ref = refOf(change);
  if (state.running && !context.index.get(change.key) && !wasRun(work, change)) return untouched;
  const live = await context.client.get(ref, { signal, ...asUser(state.app) });
  if (!live) return gone(work, change);
  if (rules.markOf(live) !== change.hook.mark) return untouched;
  const outcome = state.running?.machine.ending?.outcome ?? "superseded";
  const isWell = outcome === "succeeded" || outcome === "superseded";
  const status = assess(work, live)?.status;
  const isRunning = status === "Progressing" || status === "Suspended";
  if (isRunning || rules.of(live)?.clears.includes(isWell ? "succeeded" : "failed"))
    return remove(work, { change, live, finalizer: rules.finalizer }, signal);
  const left = await letGo(work, { ref, live, finalizer: rules.finalizer }, signal);
  if (!left) return gone(work, change);
  context.index.record(left);
  return untouched;
}

function wasRun({ state }: AppWork, { key, hook }: HookChange): boolean {
  const results = [...(state.running?.machine.results.values() ?? [])];
  return results.some((result) => result.key === key && result.hook === hook.word);
}

async function remove(
  work: AppWork,
  item: { change: HookChange; live: Resource; finalizer: string },
  signal: AbortSignal,
): Promise<HookOutcome> {
  const { context, state } = work;
  const { change, finalizer } = item;
  const ref = refOf(change);
  const as = asUser(state.app);
  const live = await letGo(work, { ref, live: item.live, finalizer }, signal);
  const uid = live?.metadata.uid;
  if (!live || !uid) return gone(work, change);
  if (live.metadata.deletionTimestamp === undefined) {
    audit(work, { change, verb: "delete", uid });
    await context.client.delete(ref, { uid, propagation: "Background", signal, ...as });
  }
  const left = await context.client.get(ref, { signal, ...as });
  if (!left || left.metadata.uid !== uid) return gone(work, change);
  context.index.record(left);
  return { result: { ...baseOf(change), outcome: "deleted", message: change.reason }, entry: undefined };
}

function gone({ context }: AppWork, change: HookChange): HookOutcome {
  context.index.drop(change.key);
  return { result: { ...baseOf(change), outcome: "deleted", message: change.reason }, entry: null };
}

function entryOf({ key, version }: HookChange, live: Resource): InventoryEntry {
  return { key, version, uid: live.metadata.uid ?? "", input: "", baseline: "", hook: true };
}

function baseOf({ key, id, version, hook }: HookChange): Pick<ObjectResult, "key" | "id" | "version" | "hook"> {
  return { key, id, version, hook: hook.word };
}

function refOf({ id, version }: HookChange): ObjectRef {
  const { group, kind, namespace, name } = id;
  return { apiVersion: joinApiVersion({ group, version }), kind, namespace, name };
}

function audit(
  { context, state }: AppWork,
  { change, verb, uid }: { change: HookChange; verb: "create" | "update" | "delete"; uid: string },
): void {
  context.audit.append({
    at: context.clock.now(),
    actor: "holdfast",
    app: state.app.key,
    verb,
    object: idText(change.id),
    revision: state.attempted?.text ?? "",
    reason: change.reason,
    detail: { uid },
  });
}
