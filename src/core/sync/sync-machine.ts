import type { ObjectResult } from "#core/app/app-report.ts";
import type { Change, Plan, Stage } from "#core/plan/plan.ts";
import type { IdKey } from "#core/resource/resource-id.ts";
import { assertNever } from "#core/result.ts";
import { judge, type ObservedHealth, withProgress } from "./judge-health.ts";
import { resultKey } from "./result-key.ts";

/** What a sync is doing now. */
export type SyncStep = "preflight" | "apply" | "prune" | "gate" | "health" | "done";

/** How a sync came to its end. */
export interface SyncEnd {
  readonly outcome: "succeeded" | "failed" | "superseded" | "terminated";
  readonly message: string;
  /** The step that failed. */
  readonly failedAt: SyncStep | null;
}

/** One sync in progress, as plain data. */
export interface SyncState {
  readonly plan: Plan;
  /** Index of the stage at work. */
  readonly cursor: number;
  readonly step: SyncStep;
  /** By object; by object and moment for hooks. */
  readonly results: ReadonlyMap<string, ObjectResult>;
  /** What the final gate waits for. */
  readonly gate: readonly IdKey[];
  /** When the current wait began and when it is given up, milliseconds since the epoch. */
  readonly waitingSince: number;
  readonly deadline: number;
  /** Whether what may be written of a stage is written although other objects of it are refused. */
  readonly keepGoing: boolean;
  /** How long each gate waits on its own, from when it is first looked at; null: one deadline for all. */
  readonly patienceMs: number | null;
  /** How it will end once the stages have run that close it; null: it is on its way. */
  readonly ending: SyncEnd | null;
  /** Newer content takes over as soon as no hook runs. */
  readonly outdated: boolean;
  readonly outcome: "running" | SyncEnd["outcome"];
  /** The step that failed. */
  readonly failedAt: SyncStep | null;
  readonly message: string;
}

/** Something that happened to a sync. */
export type SyncEvent =
  | { readonly kind: "begin" }
  | { readonly kind: "preflighted"; readonly refusals: readonly { key: IdKey; message: string }[] }
  | { readonly kind: "written"; readonly results: readonly ObjectResult[] }
  | { readonly kind: "observed"; readonly health: ReadonlyMap<IdKey, ObservedHealth>; readonly now: number }
  | { readonly kind: "supersede" }
  | { readonly kind: "terminate" };

/** Something the engine must do for a sync. */
export type SyncCommand =
  | { readonly kind: "preflight"; readonly changes: readonly Change[] }
  | { readonly kind: "write"; readonly changes: readonly Change[] }
  | { readonly kind: "observe"; readonly keys: readonly IdKey[] }
  | { readonly kind: "finish" };

/** The step's result: the new state and what to do next; no command means: wait for the next event. */
export interface SyncTurn {
  readonly state: SyncState;
  readonly command: SyncCommand | null;
}

/** The deadline of a gate that nobody has looked at yet. */
const NOT_LOOKED = Number.POSITIVE_INFINITY;

const SUPERSEDED: SyncEnd = { outcome: "superseded", message: "a newer revision took over", failedAt: null };
const TERMINATED: SyncEnd = { outcome: "terminated", message: "terminated by request", failedAt: null };
const SUCCEEDED: SyncEnd = { outcome: "succeeded", message: "", failedAt: null };

/** A sync that has not begun; `results`: what it did before it was interrupted. */
export function newSync(
  plan: Plan,
  gate: readonly IdKey[],
  limits: {
    now: number;
    deadline: number;
    patienceMs?: number;
    keepGoing?: boolean;
    results?: ReadonlyMap<string, ObjectResult>;
  },
): SyncState {
  return {
    plan,
    cursor: 0,
    step: "preflight",
    results: limits.results ?? new Map(),
    gate,
    waitingSince: limits.now,
    deadline: limits.deadline,
    patienceMs: limits.patienceMs ?? null,
    keepGoing: limits.keepGoing ?? false,
    ending: null,
    outdated: false,
    outcome: "running",
    failedAt: null,
    message: "",
  };
}

/**
 * The re-entrant sync machine: (state, event) → (state, command). It holds no clock and does nothing itself, so it can
 * stop after any event and go on elsewhere.
 */
export function step(state: SyncState, event: SyncEvent, preflight: "plan" | "stage"): SyncTurn {
  if (state.outcome !== "running") return ignored(state);
  switch (event.kind) {
    case "begin":
      return begin(state, preflight);
    case "preflighted":
      return state.step === "preflight" ? afterPreflight(state, event.refusals, preflight) : ignored(state);
    case "written":
      return isWriting(state) ? afterWrite(state, event.results, preflight) : ignored(state);
    case "observed":
      return afterObservation(state, event, preflight);
    case "supersede":
      if (state.ending) return ignored(state);
      return isInHook(state) ? ignored({ ...state, outdated: true }) : end(state, SUPERSEDED, preflight);
    case "terminate":
      if (!state.ending) return end(state, TERMINATED, preflight);
      return enterStage({ ...state, ending: TERMINATED }, state.cursor + 1, preflight);
    default:
      return assertNever(event);
  }
}

/** Whether hooks of the stage at work may be running: nothing takes over then. */
export function isInHook(state: SyncState): boolean {
  const changes = state.plan.stages[state.cursor]?.changes ?? [];
  return (state.step === "gate" || isWriting(state)) && changes.some(isHookRun);
}

/** An answer that comes late or twice is no answer to what was asked since. */
function ignored(state: SyncState): SyncTurn {
  return { state, command: null };
}

function isWriting(state: SyncState): boolean {
  return state.step === "apply" || state.step === "prune";
}

function begin(state: SyncState, preflight: "plan" | "stage"): SyncTurn {
  // A sync that was interrupted does its current step again.
  if (preflight === "stage" || state.cursor > 0 || state.ending) return enterStage(state, state.cursor, preflight);
  const changes = state.plan.stages.flatMap((stage) => stage.changes).filter(isWrite);
  if (changes.length === 0) return afterChecks(state, preflight);
  return { state: { ...state, step: "preflight" }, command: { kind: "preflight", changes } };
}

/** A sync that had failed before it was interrupted goes on to fail. */
function afterChecks(state: SyncState, preflight: "plan" | "stage"): SyncTurn {
  const failed = [...state.results.values()].filter((result) => result.phase === "Failed");
  if (failed.length === 0) return enterStage(state, 0, preflight);
  return end(state, { outcome: "failed", message: messagesOf(failed), failedAt: "gate" }, preflight);
}

function enterStage(state: SyncState, cursor: number, preflight: "plan" | "stage"): SyncTurn {
  const stage = state.plan.stages[cursor];
  if (!stage) return afterStages({ ...state, cursor }, preflight);
  const work = isDue(stage, state) ? stage.changes.filter(isWork) : [];
  if (work.length === 0) return afterStage({ ...state, cursor }, preflight);
  const writes = work.filter(isWrite);
  if (preflight === "stage" && writes.length > 0) {
    return { state: { ...state, cursor, step: "preflight" }, command: { kind: "preflight", changes: writes } };
  }
  return write({ ...state, cursor }, work);
}

function afterStages(state: SyncState, preflight: "plan" | "stage"): SyncTurn {
  if (state.ending) return finish(state, state.ending);
  if (state.gate.length === 0) return end(state, SUCCEEDED, preflight);
  return { state: { ...state, step: "health" }, command: { kind: "observe", keys: state.gate } };
}

/** Stages that close a sync come when it is known how it ends, all others only before. */
function isDue({ when }: Stage, { ending }: SyncState): boolean {
  if (when === undefined || ending === null) return when === undefined && ending === null;
  return when === "always" || ending.outcome === "failed";
}

function write(state: SyncState, changes: readonly Change[]): SyncTurn {
  const prunes = changes.every((change) => !isWrite(change));
  return { state: { ...state, step: prunes ? "prune" : "apply" }, command: { kind: "write", changes } };
}

function afterPreflight(
  state: SyncState,
  refusals: readonly { key: IdKey; message: string }[],
  preflight: "plan" | "stage",
): SyncTurn {
  const results = new Map(state.results);
  for (const refusal of refusals) {
    const failed = failure(state.plan, refusal);
    results.set(resultKey(failed.key, failed.hook), failed);
  }
  const work = state.plan.stages[state.cursor]?.changes.filter(isWork) ?? [];
  const allowed = work.filter((change) => results.get(resultKeyOf(change))?.outcome !== "failed");
  if (refusals.length > 0 && (!state.keepGoing || preflight === "plan" || allowed.length === 0)) {
    return end(
      { ...state, results },
      { outcome: "failed", message: messagesOf(refusals), failedAt: "preflight" },
      preflight,
    );
  }
  if (preflight === "plan") return afterChecks(state, preflight);
  return write({ ...state, results }, allowed);
}

function afterWrite(state: SyncState, results: readonly ObjectResult[], preflight: "plan" | "stage"): SyncTurn {
  const stage = state.plan.stages[state.cursor]?.changes ?? [];
  const aside = new Set(stage.filter(isAside).map(resultKeyOf));
  const merged = new Map(state.results);
  for (const result of results) {
    const key = resultKey(result.key, result.hook);
    // How a run went stays told when its object goes.
    if (!aside.has(key) || isRefused(result)) merged.set(key, result);
  }
  const next = { ...state, results: merged };
  const known = state.ending ? results : stage.flatMap((change) => merged.get(resultKeyOf(change)) ?? []);
  const failed = known.filter(isRefused);
  if (failed.length > 0)
    return end(next, { outcome: "failed", message: messagesOf(failed), failedAt: state.step }, preflight);
  return afterStage(next, preflight);
}

function afterStage(state: SyncState, preflight: "plan" | "stage"): SyncTurn {
  const keys = gatedKeys(state);
  if (keys === null) return enterStage(state, state.cursor + 1, preflight);
  const deadline = state.patienceMs === null ? state.deadline : null;
  const waiting = { ...state, step: "gate" as const, deadline: deadline ?? NOT_LOOKED };
  return { state: waiting, command: { kind: "observe", keys } };
}

/**
 * What the gate of the stage at work is about; null: nothing need be waited for. Hooks are waited for in any case,
 * objects while there is later work.
 */
export function gatedKeys(state: SyncState): readonly IdKey[] | null {
  const stage = state.plan.stages[state.cursor];
  if (!stage || stage.gate === "none" || !isDue(stage, state)) return null;
  if (stage.awaits) return stage.awaits;
  const later = hasLaterWork(state);
  if (stage.gate === "gone") {
    const isAwaited = ({ action, hook }: Change) => (action === "clear" && hook) || (later && action === "delete");
    const leaving = stage.changes.filter(isAwaited);
    return leaving.length === 0 ? null : leaving.map(({ key }) => key);
  }
  const counted = stage.changes.filter(
    (change) => change.desired !== null && (isHookRun(change) || (later && change.options?.counted !== false)),
  );
  return counted.length === 0 && !later ? null : counted.map(({ key }) => key);
}

function hasLaterWork(state: SyncState): boolean {
  const later = state.plan.stages.slice(state.cursor + 1);
  return later.some((stage) => stage.when !== "always" && isDue(stage, state) && stage.changes.some(isWork));
}

function afterObservation(
  state: SyncState,
  event: { health: ReadonlyMap<IdKey, ObservedHealth>; now: number },
  preflight: "plan" | "stage",
): SyncTurn {
  if (state.step !== "gate" && state.step !== "health") return ignored(state);
  const stage = state.step === "gate" ? state.plan.stages[state.cursor] : undefined;
  const seen = stage ? { ...state, results: withProgress(state.results, stage.changes, event.health) } : state;
  const verdict = judge(event.health);
  const title = stage?.title ?? "";
  const told = (message: string) => (title === "" ? message : `${title}: ${message}`);
  const failed = (message: string) =>
    end(seen, { outcome: "failed", message: told(message), failedAt: state.step }, preflight);
  if (verdict.kind === "failed") return failed(verdict.message);
  if (verdict.kind === "passed") {
    if (state.outdated) return end(seen, SUPERSEDED, preflight);
    return state.step === "gate" ? enterStage(seen, state.cursor + 1, preflight) : end(seen, SUCCEEDED, preflight);
  }
  if (state.deadline === NOT_LOOKED && state.patienceMs !== null)
    return { state: { ...seen, deadline: event.now + state.patienceMs }, command: null };
  if (event.now >= state.deadline) return failed(`timeout waiting for: [${verdict.waiting.join(", ")}]`);
  return { state: seen, command: null };
}

/** Ends the sync, after the stages that close it where something has been begun. */
function end(state: SyncState, how: SyncEnd, preflight: "plan" | "stage"): SyncTurn {
  if (state.ending) {
    const message = [state.ending.message, how.message].filter((text) => text !== "").join("\n");
    const both = { ...state.ending, message: how.outcome === "failed" ? message : state.ending.message };
    return enterStage({ ...state, ending: both }, state.cursor + 1, preflight);
  }
  const hasBegun = how.failedAt !== "preflight" || [...state.results.values()].some(({ hook, phase }) => hook && phase);
  if (!hasBegun || !state.plan.stages.some(({ when }) => when !== undefined)) return finish(state, how);
  // What closes a sync has a time of its own: the sync's may be over.
  const patienceMs = state.patienceMs ?? Math.max(0, state.deadline - state.waitingSince);
  return enterStage({ ...state, ending: how, patienceMs }, 0, preflight);
}

function finish(state: SyncState, how: SyncEnd): SyncTurn {
  return { state: { ...state, ...how, step: "done" }, command: { kind: "finish" } };
}

function failure(plan: Plan, refusal: { key: IdKey; message: string }): ObjectResult {
  const change = plan.stages.flatMap((stage) => stage.changes).find((item) => item.key === refusal.key);
  return {
    key: refusal.key,
    id: change?.id ?? { group: "", kind: "", namespace: "", name: refusal.key },
    version: change?.version ?? "",
    outcome: "failed",
    message: refusal.message,
    ...(change?.hook && { hook: change.hook.word }),
  };
}

function messagesOf(refused: readonly { readonly message: string }[]): string {
  return refused.map(({ message }) => message).join("\n");
}

function resultKeyOf(change: Change): string {
  return resultKey(change.key, change.hook?.word);
}

function isRefused({ outcome }: ObjectResult): boolean {
  return outcome === "failed";
}

function isHookRun({ action, hook }: Change): boolean {
  return action === "run" && hook !== undefined;
}

/** What makes room for a run, or ends one. */
function isAside({ action, hook }: Change): boolean {
  return hook !== undefined && (action === "clear" || action === "retire");
}

function isWrite(change: Change): boolean {
  return change.action === "create" || change.action === "update" || change.action === "run";
}

const IDLE: ReadonlySet<Change["action"]> = new Set(["none", "hold"]);

function isWork(change: Change): boolean {
  return !IDLE.has(change.action);
}
