import type { SyncWait } from "#core/app/app-report.ts";
import { finishedHealth } from "#core/health/finished-health.ts";
import type { StageGate } from "#core/order/stage.ts";
import { type IdKey, idText, joinApiVersion, parseIdKey } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ObservedHealth } from "#core/sync/judge-health.ts";
import { gatedKeys, type SyncEvent } from "#core/sync/sync-machine.ts";
import type { AppState, AppWork } from "./app-state.ts";
import { assess } from "./assess.ts";
import type { EngineContext } from "./engine-context.ts";

/** What a running sync waits for now. */
export function awaitedKeys(state: AppState): readonly IdKey[] {
  const machine = state.running?.machine;
  if (!machine) return [];
  if (machine.step === "health") return machine.gate;
  return (machine.step === "gate" && gatedKeys(machine)) || [];
}

/** What can be seen of the objects that a sync waits for. */
export async function observation(work: AppWork, keys: readonly IdKey[], signal: AbortSignal): Promise<SyncEvent> {
  const { context, state } = work;
  const now = context.clock.now();
  const health = new Map<IdKey, ObservedHealth>();
  const gate = gateOf(state);
  const hooks = hooksAtWork(state);
  for (const key of keys) {
    const live = context.index.get(key) ?? (isForeign(work, key) ? await readForeign(context, key, signal) : null);
    const seen = observedHealth(work, { key, live, gate });
    health.set(key, hooks.has(key) ? asHook(key, seen) : seen);
  }
  return { kind: "observed", health, now };
}

/** What the running sync wants of the objects that it waits for. */
function gateOf({ running }: AppState): StageGate {
  const { machine } = running ?? {};
  return (machine?.step === "gate" && machine.plan.stages[machine.cursor]?.gate) || "healthy";
}

/** Whether an app waits for an object of which no watch tells. */
function isForeign({ context, state }: AppWork, key: IdKey): boolean {
  const { running } = state;
  if (running === null || running.desired.byKey.has(key)) return false;
  const { version } = running.extras.get(key) ?? {};
  if (version === undefined || !running.watched.has(key)) return true;
  return context.index.follow({ ...parseIdKey(key), version }, state.app.key).kind !== "synced";
}

/** Whether the running sync waits for objects that no watch tells of. */
export function awaitsForeign(work: AppWork): boolean {
  return awaitedKeys(work.state).some((key) => isForeign(work, key));
}

/** The hooks that the stage at work runs. */
function hooksAtWork({ running }: AppState): ReadonlySet<IdKey> {
  const { machine } = running ?? {};
  const changes = machine?.step === "gate" ? (machine.plan.stages[machine.cursor]?.changes ?? []) : [];
  return new Set(changes.filter(({ action, hook }) => action === "run" && hook).map(({ key }) => key));
}

/** A hook whose object was taken away, or of which nothing can be said, has failed. */
function asHook(key: IdKey, seen: ObservedHealth): ObservedHealth {
  const { status } = seen;
  if (status === null || status === "Healthy") return seen;
  if (status === "Progressing" || status === "Suspended") return { ...seen, hook: "running" };
  const message = status === "Missing" ? "it is missing, it might have been deleted" : (seen.message ?? "");
  const text = `hook ${idText(parseIdKey(key))} failed${message === "" ? "" : `: ${message}`}`;
  return { status: "Degraded", text, message, hook: "ended" };
}

/** What this sync's own run has made does not have to go before it. */
function isOwnRun({ state }: AppWork, key: IdKey, live: Resource): boolean {
  const { machine } = state.running ?? {};
  const changes = machine?.plan.stages[machine.cursor]?.changes ?? [];
  const mark = changes.find((change) => change.key === key)?.hook?.mark;
  return mark !== undefined && state.dialect.rules.hooks?.markOf(live) === mark;
}

/** What the running sync waits for, in short. */
export function waitOf(work: AppWork): SyncWait | undefined {
  const { state } = work;
  const keys = awaitedKeys(state);
  const hooks = hooksAtWork(state);
  const isGone = gateOf(state) === "gone";
  const waiting = keys.filter((key) => {
    const live = work.context.index.get(key) ?? null;
    const { status } = observedHealth(work, { key, live, gate: gateOf(state) });
    return status !== null && status !== "Healthy";
  });
  const first = waiting.find((key) => hooks.has(key)) ?? waiting[0];
  if (first === undefined) return undefined;
  const kind = isGone ? "deletion" : hooks.has(first) ? "hook" : "health";
  const { machine } = state.running ?? {};
  const changes = machine?.plan.stages[machine.cursor]?.changes ?? [];
  const onlyHooks = isGone ? changes.every(({ hook }) => hook) : waiting.every((key) => hooks.has(key));
  return { kind, first: parseIdKey(first), more: waiting.length - 1, onlyHooks };
}

async function readForeign(context: EngineContext, key: IdKey, signal: AbortSignal): Promise<Resource | null> {
  const id = parseIdKey(key);
  const lookup = await context.client.kind({ group: id.group, kind: id.kind }, { signal });
  if (lookup.known !== "yes") return null;
  return context.client.get({ ...id, apiVersion: joinApiVersion(lookup.info) }, { signal });
}

function observedHealth(work: AppWork, item: { key: IdKey; live: Resource | null; gate: StageGate }): ObservedHealth {
  const { healthWords } = work.state.dialect.rules;
  const text = idText(parseIdKey(item.key));
  if (item.gate === "gone") {
    const isThere = item.live !== null && !isOwnRun(work, item.key, item.live);
    return { status: isThere ? "Progressing" : null, text: `${text} is being deleted` };
  }
  if (!item.live) return { status: "Missing", text: `${text} status: '${healthWords.Missing}'` };
  const finished = item.gate === "finished" || item.gate === "complete" ? finishedHealth(item.live) : null;
  const verdict = finished ?? (item.gate === "finished" ? null : assess(work, item.live));
  if (finished?.status === "Degraded") return { status: "Degraded", text: `${text} failed: ${finished.message}` };
  const why = verdict?.status === "Unknown" && verdict.message !== "" ? ` (${verdict.message})` : "";
  return {
    status: verdict?.status ?? null,
    text: `${text} status: '${healthWords[verdict?.status ?? "Healthy"]}'${why}`,
    ...(verdict && verdict.message !== "" && { message: verdict.message }),
  };
}
