import type { ObjectResult } from "#core/app/app-report.ts";
import type { HealthStatus } from "#core/health/health.ts";
import type { Change, Plan, Stage } from "#core/plan/plan.ts";
import type { IdKey } from "#core/resource/resource-id.ts";
import { assertNever } from "#core/result.ts";

/** What a sync is doing now. */
export type SyncStep = "preflight" | "apply" | "prune" | "gate" | "health" | "done";

/** One sync in progress, as plain data. */
export interface SyncState {
  readonly plan: Plan;
  /** Index of the stage at work. */
  readonly cursor: number;
  readonly step: SyncStep;
  readonly results: ReadonlyMap<IdKey, ObjectResult>;
  /** What the final gate waits for. */
  readonly gate: readonly IdKey[];
  /** When the current wait began and when it is given up, milliseconds since the epoch. */
  readonly waitingSince: number;
  readonly deadline: number;
  /** Whether what may be written of a stage is written although other objects of it are refused. */
  readonly keepGoing: boolean;
  /** How long each gate waits on its own, from when it is first looked at; null: one deadline for all. */
  readonly patienceMs: number | null;
  readonly outcome: "running" | "succeeded" | "failed" | "superseded" | "terminated";
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

/** Health of one awaited object; null: the kind has no check, so its existence is enough. */
export interface ObservedHealth {
  readonly status: HealthStatus | null;
  readonly text: string;
}

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

/** A sync that has not begun. */
export function newSync(
  plan: Plan,
  gate: readonly IdKey[],
  limits: { now: number; deadline: number; patienceMs?: number; keepGoing?: boolean },
): SyncState {
  return {
    plan,
    cursor: 0,
    step: "preflight",
    results: new Map(),
    gate,
    waitingSince: limits.now,
    deadline: limits.deadline,
    patienceMs: limits.patienceMs ?? null,
    keepGoing: limits.keepGoing ?? false,
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
      return end(state, { outcome: "superseded", message: "a newer revision took over", failedAt: null });
    case "terminate":
      return end(state, { outcome: "terminated", message: "terminated by request", failedAt: null });
    default:
      return assertNever(event);
  }
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
  if (preflight === "stage" || state.cursor > 0) return enterStage(state, state.cursor, preflight);
  const changes = state.plan.stages.flatMap((stage) => stage.changes).filter(isWrite);
  if (changes.length === 0) return enterStage(state, 0, preflight);
  return { state: { ...state, step: "preflight" }, command: { kind: "preflight", changes } };
}

function enterStage(state: SyncState, cursor: number, preflight: "plan" | "stage"): SyncTurn {
  const stage = state.plan.stages[cursor];
  if (!stage) return enterFinalGate({ ...state, cursor });
  const work = stage.changes.filter(isWork);
  if (work.length === 0) return afterStage({ ...state, cursor }, preflight);
  const writes = work.filter(isWrite);
  if (preflight === "stage" && writes.length > 0) {
    return { state: { ...state, cursor, step: "preflight" }, command: { kind: "preflight", changes: writes } };
  }
  return write({ ...state, cursor }, work);
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
  for (const refusal of refusals) results.set(refusal.key, failure(state.plan, refusal));
  const work = state.plan.stages[state.cursor]?.changes.filter(isWork) ?? [];
  const allowed = work.filter(({ key }) => results.get(key)?.outcome !== "failed");
  if (refusals.length > 0 && (!state.keepGoing || preflight === "plan" || allowed.length === 0)) {
    const message = refusals.map((refusal) => refusal.message).join("\n");
    return end({ ...state, results }, { outcome: "failed", message, failedAt: "preflight" });
  }
  if (preflight === "plan") return enterStage(state, 0, preflight);
  return write({ ...state, results }, allowed);
}

function afterWrite(state: SyncState, results: readonly ObjectResult[], preflight: "plan" | "stage"): SyncTurn {
  const merged = new Map(state.results);
  for (const result of results) merged.set(result.key, result);
  const stage = state.plan.stages[state.cursor]?.changes ?? [];
  const failed = stage.flatMap(({ key }) => merged.get(key) ?? []).filter(({ outcome }) => outcome === "failed");
  const next = { ...state, results: merged };
  if (failed.length > 0)
    return end(next, {
      outcome: "failed",
      message: failed.map((result) => result.message).join("\n"),
      failedAt: state.step,
    });
  return afterStage(next, preflight);
}

function afterStage(state: SyncState, preflight: "plan" | "stage"): SyncTurn {
  const stage = state.plan.stages[state.cursor];
  const later = state.plan.stages.slice(state.cursor + 1).some((other) => other.changes.some(isWork));
  const holds = stage !== undefined && stage.gate !== "none" && (stage.awaits !== undefined || later);
  if (!holds) return enterStage(state, state.cursor + 1, preflight);
  const deadline = state.patienceMs === null ? state.deadline : null;
  const waiting = { ...state, step: "gate" as const, deadline: deadline ?? NOT_LOOKED };
  return { state: waiting, command: { kind: "observe", keys: gatedKeys(stage) } };
}

/** What a stage's gate is about. */
export function gatedKeys({ changes, awaits }: Stage): readonly IdKey[] {
  if (awaits) return awaits;
  const counted = changes.filter((change) => change.desired !== null && change.options?.counted !== false);
  return counted.map((change) => change.key);
}

function enterFinalGate(state: SyncState): SyncTurn {
  if (state.gate.length === 0) return end(state, { outcome: "succeeded", message: "", failedAt: null });
  return { state: { ...state, step: "health" }, command: { kind: "observe", keys: state.gate } };
}

function afterObservation(
  state: SyncState,
  event: { health: ReadonlyMap<IdKey, ObservedHealth>; now: number },
  preflight: "plan" | "stage",
): SyncTurn {
  if (state.step !== "gate" && state.step !== "health") return ignored(state);
  const verdict = judge(event.health);
  const title = (state.step === "gate" && state.plan.stages[state.cursor]?.title) || "";
  const told = (message: string) => (title === "" ? message : `${title}: ${message}`);
  if (verdict.kind === "failed")
    return end(state, { outcome: "failed", message: told(verdict.message), failedAt: state.step });
  if (verdict.kind === "passed") {
    return state.step === "gate"
      ? enterStage(state, state.cursor + 1, preflight)
      : end(state, { outcome: "succeeded", message: "", failedAt: null });
  }
  if (state.deadline === NOT_LOOKED && state.patienceMs !== null)
    return { state: { ...state, deadline: event.now + state.patienceMs }, command: null };
  if (event.now >= state.deadline)
    return end(state, {
      outcome: "failed",
      message: told(`timeout waiting for: [${verdict.waiting.join(", ")}]`),
      failedAt: state.step,
    });
  return { state, command: null };
}

function judge(
  health: ReadonlyMap<IdKey, ObservedHealth>,
): { kind: "passed" } | { kind: "failed"; message: string } | { kind: "waiting"; waiting: string[] } {
  const bad = [...health.values()].filter((item) => item.status === "Degraded");
  if (bad.length > 0) {
    return {
      kind: "failed",
      message: `failed early due to stalled resources: [${bad.map((item) => item.text).join(", ")}]`,
    };
  }
  const waiting = [...health.values()].filter((item) => item.status !== null && item.status !== "Healthy");
  return waiting.length === 0 ? { kind: "passed" } : { kind: "waiting", waiting: waiting.map((item) => item.text) };
}

function end(state: SyncState, how: Pick<SyncState, "outcome" | "message" | "failedAt">): SyncTurn {
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
  };
}

function isWrite(change: Change): boolean {
  return change.action === "create" || change.action === "update" || change.action === "run";
}

function isWork(change: Change): boolean {
  return isWrite(change) || change.action === "delete" || change.action === "keep" || change.action === "clear";
}
