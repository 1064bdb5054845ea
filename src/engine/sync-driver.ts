import type { SyncReport } from "#core/app/app-report.ts";
import type { App, SyncRequest } from "#core/app/app.ts";
import { updated, writeAhead } from "#core/plan/inventory.ts";
import { type Change, changesOf, type Plan } from "#core/plan/plan.ts";
import { type IdKey, idText, joinApiVersion, parseIdKey } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import { assertNever } from "#core/result.ts";
import type { Revision } from "#core/source/source.ts";
import {
  gatedKeys,
  newSync,
  type ObservedHealth,
  step,
  type SyncCommand,
  type SyncEvent,
} from "#core/sync/sync-machine.ts";
import type { AppState, AppWork, RunningSync } from "./app-state.ts";
import type { DesiredSet } from "./desired-set.ts";
import { finishedHealth } from "#core/health/finished-health.ts";
import type { StageGate } from "#core/order/stage.ts";
import { assess } from "./assess.ts";
import type { EngineContext } from "./engine-context.ts";
import { preflightChanges } from "./preflight-changes.ts";
import { writeChanges } from "./write-changes.ts";

/** What a new sync is about. */
export interface SyncStart {
  readonly plan: Plan;
  readonly desired: DesiredSet;
  readonly revision: Revision;
  readonly request: SyncRequest | null;
  readonly healAttempts: number;
  readonly retries: number;
  /** How long each gate waits on its own; absent: one deadline for all. */
  readonly patienceMs?: number;
  /** Objects that it writes or deletes without owning them. */
  readonly extras?: ReadonlyMap<IdKey, Desired>;
  /** Whether what it writes is on record already, so that the inventory need not be written ahead. */
  readonly recorded?: boolean;
}

/** Makes a new sync the app's running one; nothing is done yet. */
export function startSync(work: AppWork, start: SyncStart): void {
  const { context, state } = work;
  const now = context.clock.now();
  const gate = gateKeys(state.app, start.desired);
  state.attempted = start.revision;
  state.running = {
    machine: newSync(start.plan, gate, {
      now,
      deadline: now + state.app.policy.timeoutMs,
      keepGoing: state.app.policy.keepGoing,
      ...(start.patienceMs !== undefined && { patienceMs: start.patienceMs }),
    }),
    report: {
      id: `${now}`,
      startedAt: now,
      finishedAt: null,
      revision: start.revision,
      request: start.request,
      healAttempts: start.healAttempts,
      retries: start.retries,
      outcome: "running",
      message: "",
      results: [],
    },
    desired: start.desired,
    revision: start.revision,
    ahead: start.recorded ?? false,
    extras: start.extras ?? new Map(),
  };
}

/**
 * Feeds an event to the running sync and does what it asks for, until it waits or ends. Returns whether it ended.
 * @throws when the cluster does not answer; the sync stays where it was and goes on at the next call.
 */
export async function driveSync(work: AppWork, event: SyncEvent, signal: AbortSignal): Promise<"waiting" | "ended"> {
  const { state } = work;
  const running = state.running;
  if (!running) return "ended";
  const { preflight } = state.dialect.rules;
  let turn = step(running.machine, event, preflight);
  while (turn.command) {
    running.machine = turn.state;
    if (turn.command.kind === "finish") {
      finishSync(work, running);
      return "ended";
    }
    const answer = await obey(work, { running, command: turn.command }, signal);
    turn = step(running.machine, answer, preflight);
  }
  running.machine = turn.state;
  return "waiting";
}

/** The event that lets a sync go on after a restart or a failure of the world: it does its current step again. */
export async function resumeEvent(work: AppWork, signal: AbortSignal): Promise<SyncEvent> {
  const { state } = work;
  const machine = state.running?.machine;
  if (machine && (machine.step === "gate" || machine.step === "health")) {
    return observation(work, awaitedKeys(state), signal);
  }
  return { kind: "begin" };
}

async function obey(
  work: AppWork,
  order: { running: RunningSync; command: Exclude<SyncCommand, { kind: "finish" }> },
  signal: AbortSignal,
): Promise<SyncEvent> {
  const { running, command } = order;
  switch (command.kind) {
    case "preflight": {
      const refusals = await preflightChanges(work, { running, changes: command.changes }, signal);
      return { kind: "preflighted", refusals };
    }
    case "write":
      return {
        kind: "written",
        results: await writeRecorded(work, { running, changes: command.changes }, signal),
      };
    case "observe":
      return observation(work, command.keys, signal);
    default:
      return assertNever(command);
  }
}

/** Writes with the inventory ahead of the first request and up to date after the last, also when a write failed. */
async function writeRecorded(
  work: AppWork,
  order: { running: RunningSync; changes: readonly Change[] },
  signal: AbortSignal,
) {
  const { context, state } = work;
  const { running } = order;
  const { inventories } = context;
  const { key } = state.app;
  if (!running.ahead) {
    const intended = changesOf(running.machine.plan).filter(({ desired, action }) => desired && action !== "run");
    await inventories.write(
      state.app,
      writeAhead(inventories.of(key), intended, running.machine.plan.waiting > 0),
      signal,
    );
    running.ahead = true;
  }
  const byKey =
    running.extras.size === 0 ? running.desired.byKey : new Map([...running.desired.byKey, ...running.extras]);
  const written = await writeChanges(work, { byKey, changes: order.changes }, signal);
  await inventories.write(state.app, updated(inventories.of(key), written.entries), signal);
  return written.results;
}

/** What a running sync waits for now. */
export function awaitedKeys(state: AppState): readonly IdKey[] {
  const machine = state.running?.machine;
  if (!machine) return [];
  if (machine.step === "health") return machine.gate;
  const stage = machine.plan.stages[machine.cursor];
  return machine.step === "gate" && stage ? gatedKeys(stage) : [];
}

async function observation(work: AppWork, keys: readonly IdKey[], signal: AbortSignal): Promise<SyncEvent> {
  const { context, state } = work;
  const now = context.clock.now();
  const health = new Map<IdKey, ObservedHealth>();
  const gate = gateOf(state);
  for (const key of keys) {
    const live = context.index.get(key) ?? (isForeign(state, key) ? await readForeign(context, key, signal) : null);
    health.set(key, observedHealth(work, { key, live, gate }));
  }
  return { kind: "observed", health, now };
}

/** What the running sync wants of the objects that it waits for. */
function gateOf({ running }: AppState): StageGate {
  const { machine } = running ?? {};
  return (machine?.step === "gate" && machine.plan.stages[machine.cursor]?.gate) || "healthy";
}

/** Whether an app waits for an object that it does not declare: no watch tells of that one. */
function isForeign(state: AppState, key: IdKey): boolean {
  return state.running !== null && !state.running.desired.byKey.has(key);
}

/** Whether the running sync waits for objects that no watch tells of. */
export function awaitsForeign(state: AppState): boolean {
  return awaitedKeys(state).some((key) => isForeign(state, key));
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
  if (item.gate === "gone") return { status: item.live ? "Progressing" : null, text: `${text} is being deleted` };
  if (!item.live) return { status: "Missing", text: `${text} status: '${healthWords.Missing}'` };
  const finished = item.gate === "finished" || item.gate === "complete" ? finishedHealth(item.live) : null;
  const verdict = finished ?? (item.gate === "finished" ? null : assess(work, item.live));
  if (finished?.status === "Degraded") return { status: "Degraded", text: `${text} failed: ${finished.message}` };
  const why = verdict?.status === "Unknown" && verdict.message !== "" ? ` (${verdict.message})` : "";
  return {
    status: verdict?.status ?? null,
    text: `${text} status: '${healthWords[verdict?.status ?? "Healthy"]}'${why}`,
  };
}

/** The objects whose health decides whether a sync of this content succeeded. */
export function gateKeys(app: App, desired: DesiredSet): readonly IdKey[] {
  if (app.policy.wait === "none") return [];
  if (app.policy.wait !== "all") return app.policy.wait;
  return desired.objects
    .filter((object) => object.options.counted && object.options.apply !== "ignore")
    .map((object) => object.key);
}

function finishSync(work: AppWork, running: RunningSync): void {
  const { context, state } = work;
  const { machine } = running;
  const now = context.clock.now();
  const gated = machine.gate.length > 0 && (machine.outcome === "succeeded" || machine.failedAt === "health");
  const tookMs = now - running.report.startedAt;
  if (gated)
    state.gate = { state: machine.outcome === "succeeded" ? "passed" : "failed", tookMs, message: machine.message };
  else state.gate = { state: "none", tookMs: 0, message: "" };
  const report: SyncReport = {
    ...running.report,
    finishedAt: now,
    outcome: machine.outcome,
    message: machine.message,
    results: [...machine.results.values()],
  };
  state.lastSync = report;
  const failedAt = machine.failedAt;
  state.failedStep = failedAt === null || failedAt === "done" || failedAt === "gate" ? "health" : failedAt;
  state.running = null;
  if (machine.outcome === "succeeded") state.applied = running.revision;
  recordAttempt(work, { running, report });
  const again = report.outcome === "failed" && state.attempt?.retryAt !== null && report.request?.retry;
  if (report.request && !again) state.handledRequest = report.request.token;
  context.log.info(
    { app: state.app.key, revision: running.revision.text, outcome: report.outcome, tookMs, changed: changed(report) },
    "sync ended",
  );
}

function changed(report: SyncReport): number {
  return report.results.filter((result) => result.outcome !== "unchanged").length;
}

function recordAttempt(work: AppWork, done: { running: RunningSync; report: SyncReport }): void {
  const { context, state } = work;
  const { running, report } = done;
  if (report.outcome === "superseded") return;
  if (report.outcome === "succeeded") {
    state.attempt = { digest: running.desired.digest, outcome: "succeeded", failures: 0, retryAt: null };
    return;
  }
  const failures = report.retries + 1;
  const retry = report.request?.retry ?? state.app.policy.retry;
  const exhausted = report.outcome === "terminated" || (retry.limit >= 0 && failures > retry.limit);
  const wait = Math.min(retry.maxMs, retry.baseMs * retry.factor ** Math.min(failures - 1, 40));
  const retryAt = exhausted ? null : context.clock.now() + wait;
  state.attempt = { digest: running.desired.digest, outcome: "failed", failures, retryAt };
}
