import type { ObjectResult, SyncReport } from "#core/app/app-report.ts";
import type { App, SyncRequest } from "#core/app/app.ts";
import { updated, writeAhead } from "#core/plan/inventory.ts";
import { type Change, changesOf, type Plan } from "#core/plan/plan.ts";
import type { IdKey } from "#core/resource/resource-id.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import { assertNever } from "#core/result.ts";
import type { Revision } from "#core/source/source.ts";
import { newSync, step, type SyncCommand, type SyncEvent } from "#core/sync/sync-machine.ts";
import { appReportOf } from "./app-report-of.ts";
import type { AppWork, RunningSync } from "./app-state.ts";
import type { DesiredSet } from "./desired-set.ts";
import { hookResults } from "./interrupted-sync.ts";
import { awaitedKeys, observation } from "./observe-sync.ts";
import { preflightChanges } from "./preflight-changes.ts";
import { keepRender } from "./recall-render.ts";
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
  /** Objects among the extras of which the watch tells. */
  readonly watched?: ReadonlySet<IdKey>;
  /** When it began, milliseconds since the epoch; absent: now. */
  readonly startedAt?: number;
  /** Whether it was interrupted before, and what it did until then. */
  readonly goesOn?: boolean;
  readonly done?: readonly ObjectResult[];
}

/** Makes a new sync the app's running one; nothing is done yet. */
export function startSync(work: AppWork, start: SyncStart): void {
  const { context, state } = work;
  const now = context.clock.now();
  const startedAt = start.startedAt ?? now;
  const gate = gateKeys(state.app, start.desired);
  state.attempted = start.revision;
  state.running = {
    machine: newSync(start.plan, gate, {
      now,
      // One that goes on has its time from when it began.
      deadline: (start.goesOn ? startedAt : now) + state.app.policy.timeoutMs,
      keepGoing: state.app.policy.keepGoing,
      ...(start.patienceMs !== undefined && { patienceMs: start.patienceMs }),
      results: hookResults(start.done ?? []),
    }),
    report: {
      id: `${startedAt}`,
      startedAt,
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
    watched: start.watched ?? new Set(),
    isTold: false,
  };
  state.interrupted = null;
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
  await tellAhead(work, order, signal);
  if (!running.ahead) {
    const intended = changesOf(running.machine.plan).filter(
      ({ desired, action, hook }) => desired && (action !== "run" || hook),
    );
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

/**
 * A hook runs once in a sync, whatever ends this process: that the sync has begun is on record before the first of its
 * hooks runs, and how a hook ended before its object goes.
 */
async function tellAhead(
  work: AppWork,
  { running, changes }: { running: RunningSync; changes: readonly Change[] },
  signal: AbortSignal,
): Promise<void> {
  const { context, state } = work;
  const hooks = changes.filter(({ hook }) => hook);
  const leave = ({ key, action }: Change) =>
    action !== "run" && [...running.machine.results.values()].some((result) => result.hook && result.key === key);
  if (hooks.length === 0 || (running.isTold && !hooks.some(leave))) return;
  const phase = { kind: "syncing", step: "apply" } as const;
  await context.tellNow(state.app.key, appReportOf(work, { phase, revision: running.revision }), signal);
  running.isTold = true;
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
  if (machine.outcome === "succeeded") {
    state.applied = running.revision;
    keepRender(work, running);
  }
  recordAttempt(work, { running, report });
  const again = report.outcome === "failed" && state.attempt?.retryAt !== null && report.request?.retry;
  if (report.request && !again) state.handledRequest = report.request.token;
  context.telemetry.sync(state.app.key, report.outcome);
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
