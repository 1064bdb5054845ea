import type { AppPhase, Notice, ObjectResult, SyncReport } from "#core/app/app-report.ts";
import { type Change, changesOf, isIdle, type Plan } from "#core/plan/plan.ts";
import { type IdKey, idText } from "#core/resource/resource-id.ts";
import type { Revision } from "#core/source/source.ts";
import { UNCONFIRMED } from "#core/plan/make-plan.ts";
import { decideSync, type SyncDecision } from "#core/sync/decide-sync.ts";
import { isInHook } from "#core/sync/sync-machine.ts";
import type { SyncRequest } from "#core/app/app.ts";
import type { AppState, AppWork, RunningSync } from "./app-state.ts";
import type { DesiredSet } from "./desired-set.ts";
import { assess } from "./assess.ts";
import { holdByWindow } from "./hold-by-window.ts";
import { healAllowedAt, mayHealNow, noteHeal } from "./heal-policy.ts";
import { planApp } from "./plan-app.ts";
import { preflightChanges, type Refusal } from "./preflight-changes.ts";
import { hookedPlan, startOf } from "./hooked-plan.ts";
import { interrupt, leftSync, putAway } from "./interrupted-sync.ts";
import { knownAttempt } from "./known-attempt.ts";
import { sharedNotices } from "./shared-objects.ts";
import { driveSync, gateKeys, resumeEvent, startSync, type SyncStart } from "./sync-driver.ts";
import type { WriteGuard } from "./write-guard.ts";

interface SyncInput {
  readonly guard: WriteGuard;
  readonly revision: Revision;
  /** Why the newest content cannot be used: only drift of what is held is healed then. */
  readonly blocked: AppPhase | null;
  /** Whether what is held is not to be written either. */
  readonly forbidden: boolean;
}

/** Goes on with the running sync, or decides whether one begins, and carries it as far as it goes now. */
export async function syncApp(work: AppWork, input: SyncInput, signal: AbortSignal): Promise<AppPhase> {
  const { state } = work;
  const desired = state.desired;
  if (!desired) return input.blocked ?? { kind: "new" };
  if (input.guard.kind === "shadow" || input.guard.kind === "paused")
    return onlyReport(work, { ...input, desired }, signal);
  if (input.forbidden) interrupt(state);
  await endIfAsked(work, signal);
  if (input.forbidden && input.blocked) return input.blocked;
  const held = state.running && holdByWindow(work, state.running.report);
  if (held) return held;
  if (state.running && (await goOn(work, { ...input, desired }, signal)) === "waiting") {
    return input.blocked ?? phaseOf(state);
  }
  const begun = await begin(work, { ...input, desired }, signal);
  return input.blocked ?? begun;
}

/** Ends the sync at work, or the retries of the last one, when a person asked for it. */
async function endIfAsked(work: AppWork, signal: AbortSignal): Promise<void> {
  const { state } = work;
  const asked = state.app.termination;
  if (asked === null || asked === state.handledTermination) return;
  if (state.running) await driveSync(work, { kind: "terminate" }, signal);
  else if (state.interrupted) {
    const { request, retries } = state.interrupted.report;
    await putAway(work, "terminated", signal);
    state.handledRequest = request?.token ?? state.handledRequest;
    state.attempt = state.desired && {
      digest: state.desired.digest,
      outcome: "failed",
      failures: retries + 1,
      retryAt: null,
    };
  } else if (state.attempt?.outcome === "failed" && state.attempt.retryAt !== null && state.lastSync) {
    state.attempt = { ...state.attempt, retryAt: null };
    state.handledRequest = state.lastSync.request?.token ?? state.handledRequest;
    state.lastSync = { ...state.lastSync, outcome: "terminated" };
  }
  // Where the cluster did not answer it is still to be done.
  state.handledTermination = asked;
}

/** Newer content, or drift of what was written, supersedes a sync that waits; otherwise it does its next step. */
async function goOn(
  work: AppWork,
  input: SyncInput & { desired: DesiredSet },
  signal: AbortSignal,
): Promise<"waiting" | "ended"> {
  const { state } = work;
  const running = state.running;
  if (!running) return "ended";
  const newer = running.desired.digest !== input.desired.digest || isNewOrder(state, running.report.request?.token);
  if ((newer || hasDrifted(work, running)) && !input.blocked) {
    const answer = await driveSync(work, { kind: "supersede" }, signal);
    if (answer === "ended" || !isInHook(running.machine)) return answer;
  }
  return driveSync(work, await resumeEvent(work, signal), signal);
}

/** What is broken while everything waits to become healthy would never become so. */
function hasDrifted({ context, state }: AppWork, running: RunningSync): boolean {
  if (running.machine.step !== "health" || running.report.request) return false;
  const now = context.clock.now();
  return [...state.verdicts].some(([key, { kind }]) => {
    return (kind === "missing" || kind === "different") && healAllowedAt(state, key) <= now;
  });
}

function isNewOrder(state: AppState, running: string | undefined): boolean {
  const token = state.app.request?.token;
  return token !== undefined && token !== state.handledRequest && token !== running;
}

async function begin(
  work: AppWork,
  input: SyncInput & { desired: DesiredSet },
  signal: AbortSignal,
): Promise<AppPhase> {
  const { context, state } = work;
  const { desired, revision, blocked } = input;
  const order = state.app.request;
  const request = order && order.token !== state.handledRequest ? order : null;
  const whole = await planApp(work, { desired, revision: revision.text, request, deleting: false }, signal);
  const released = whole.waiting < state.waiting && !isIdle(whole);
  state.waiting = whole.waiting;
  noteHeld(state, whole);
  const plan = withoutFoughtOver(work, whole);
  const left = blocked ? null : await leftSync(work, { desired, revision, request }, signal);
  if (left?.kind === "wait") return { kind: "syncing", step: "health" };
  const now = context.clock.now();
  const { attempt, retriedOrder } = knownAttempt(state, { desired, revision, request, now });
  const decided = decideSync({
    now,
    mode: state.app.policy.mode,
    selfHeal: state.app.policy.selfHeal,
    ordered: request !== null && !blocked,
    retriedOrder,
    work: !isIdle(plan),
    attempt,
    revisionMoved: !blocked && state.attempted !== null && state.attempted.text !== revision.text,
    knownApplied: state.applied?.text === revision.text && state.restoredSpec === state.app.specDigest,
    released,
    gateLost: attempt?.outcome !== "failed" && gateLost(work, desired),
  });
  const report = left?.kind === "continue" ? left.report : null;
  const decision = report ? goingOn(report) : decided;
  if (decision.kind !== "sync") return settle(state, { decision, desired, revision });
  if (blocked && !decision.heal) return blocked;
  if (decision.heal && !report && !mayHealNow(state, now)) return { kind: "out-of-sync" };
  const shared = state.app.policy.failsOnShared ? sharedNotices(context, state) : [];
  if (shared.length > 0) return refusedAsShared(shared);
  const { heal, retries } = decision;
  const startedAt = startOf(state, { now, retries, revision, left: report });
  const hooked = hookedPlan(work, { plan, desired, revision, request, heal, retries, startedAt, left: report });
  const start = {
    ...hooked,
    watched: new Set(hooked.extras.keys()),
    desired,
    revision,
    request,
    healAttempts: report?.healAttempts ?? (heal ? (state.lastSync?.healAttempts ?? 0) + 1 : 0),
    retries,
    startedAt,
    goesOn: report !== null,
    done: report?.results ?? [],
  };
  if (request?.dryRun) return tryOut(work, { ...start, request }, signal);
  const hold = isIdle(start.plan) ? null : holdByWindow(work, { request, startedAt: report?.startedAt ?? null });
  if (hold) return hold;
  recordDrift(work, plan);
  return carryOut(work, start, signal);
}

function goingOn({ healAttempts, retries }: SyncReport): SyncDecision {
  return { kind: "sync", heal: healAttempts > 0, retries };
}

async function carryOut(work: AppWork, start: SyncStart, signal: AbortSignal): Promise<AppPhase> {
  const { context, state } = work;
  startSync(work, start);
  const started = context.clock.monotonic();
  await driveSync(work, { kind: "begin" }, signal);
  context.telemetry.step("apply", (context.clock.monotonic() - started) / 1000);
  return phaseOf(state);
}

function refusedAsShared(notices: readonly Notice[]): AppPhase {
  const message = `Shared resource found: ${notices.map((notice) => notice.message).join("; ")}`;
  return { kind: "sync-failed", step: "preflight", message, retryAt: null };
}

/** A dry run: everything is checked, nothing is written, and the order is done. */
async function tryOut(
  work: AppWork,
  start: SyncStart & { readonly request: SyncRequest },
  signal: AbortSignal,
): Promise<AppPhase> {
  const { context, state } = work;
  const { plan, request } = start;
  startSync(work, start);
  const idle = new Set(["none", "hold", "clear", "retire"]);
  const changes = changesOf(plan).filter(({ action, hook }) => !idle.has(action) || (action === "clear" && !hook));
  const running = state.running as RunningSync;
  const writes = changes.filter((change) => change.desired !== null);
  const refusals = await preflightChanges(work, { running, changes: writes }, signal);
  state.running = null;
  state.handledRequest = request.token;
  state.lastSync = {
    ...running.report,
    finishedAt: context.clock.now(),
    outcome: refusals.length === 0 ? "succeeded" : "failed",
    message: refusals.map((refusal) => refusal.message).join("\n"),
    results: changes.map((change) => triedResult(change, refusals)),
  };
  state.failedStep = "preflight";
  return isIdle(plan) ? { kind: "synced" } : { kind: "out-of-sync" };
}

const TRIED = {
  create: "created",
  update: "changed",
  delete: "deleted",
  keep: "kept",
  run: "created",
  clear: "deleted",
  retire: "unchanged",
} as const;

/** What a change would have done. */
function triedResult(change: Change, refusals: readonly Refusal[]): ObjectResult {
  const { key, id, version, action, reason, hook } = change;
  const base = { key, id, version, ...(hook && { hook: hook.word }) };
  const refusal = refusals.find((other) => other.key === key);
  if (refusal) return { ...base, outcome: "failed", message: refusal.message };
  const outcome = action === "none" || action === "hold" ? "unchanged" : TRIED[action];
  return { ...base, outcome, message: reason };
}

function settle(
  state: AppState,
  outcome: { decision: Exclude<SyncDecision, { kind: "sync" }>; desired: DesiredSet; revision: Revision },
): AppPhase {
  const { decision, desired, revision } = outcome;
  if (decision.kind === "out-of-sync") return { kind: "out-of-sync" };
  if (decision.kind === "failed") return phaseOf(state);
  if (state.attempt?.digest !== desired.digest) {
    state.attempt = { digest: desired.digest, outcome: "succeeded", failures: 0, retryAt: null };
    state.attempted = revision;
  }
  return { kind: "synced" };
}

function phaseOf(state: AppState): AppPhase {
  const step = state.running?.machine.step;
  if (step) return { kind: "syncing", step: step === "done" || step === "gate" ? "health" : step };
  const last = state.lastSync;
  if (last?.outcome === "failed" || last?.outcome === "terminated") {
    return {
      kind: "sync-failed",
      step: state.failedStep,
      message: last.message,
      retryAt: state.attempt?.retryAt ?? null,
    };
  }
  return { kind: "synced" };
}

/** What is fought over is healed more and more slowly; everything else goes on. */
export function withoutFoughtOver(work: AppWork, plan: Plan): Plan {
  const { context, state } = work;
  const now = context.clock.now();
  const deferred = (key: IdKey) => driftOf(work, key) !== null && healAllowedAt(state, key) > now;
  if (![...state.fights.keys()].some(deferred)) return plan;
  const stages = plan.stages.map((stage) => ({
    ...stage,
    changes: stage.changes.map((change) => (deferred(change.key) ? { ...change, action: "none" as const } : change)),
  }));
  return { ...plan, stages };
}

/** Counts what a plan heals. */
export function recordDrift(work: AppWork, plan: Plan): void {
  const { context, state } = work;
  const now = context.clock.now();
  for (const change of changesOf(plan)) {
    if (change.action !== "update" && change.action !== "create") continue;
    const drift = driftOf(work, change.key);
    if (!drift) continue;
    noteHeal(state, change.key, { ...drift, now });
    context.telemetry.drift(state.app.key);
  }
}

/** What others did to an object since it was written as it is declared now; no paths: it was deleted. */
function driftOf({ context, state }: AppWork, key: IdKey): { paths: readonly string[]; by: string } | null {
  const verdict = state.verdicts.get(key);
  if (verdict?.kind === "different") return verdict.drift ? { paths: verdict.paths, by: verdict.by.join(", ") } : null;
  const entry = context.inventories.of(state.app.key).get(key);
  const wasWritten = entry !== undefined && entry.uid !== "" && entry.input === state.desired?.byKey.get(key)?.input;
  return verdict?.kind === "missing" && wasWritten ? { paths: [], by: "" } : null;
}

function gateLost(work: AppWork, desired: DesiredSet): boolean {
  const { context, state } = work;
  return gateKeys(state.app, desired).some((key) => {
    const live = context.index.get(key);
    const verdict = live ? assess(work, live) : null;
    return verdict !== null && verdict.status !== "Healthy";
  });
}

/** Beside a live rival and during a pause everything is compared and told, and nothing is written. */
async function onlyReport(
  work: AppWork,
  input: SyncInput & { desired: DesiredSet },
  signal: AbortSignal,
): Promise<AppPhase> {
  const { state } = work;
  const { guard, desired, revision } = input;
  interrupt(state);
  const plan = await planApp(work, { desired, revision: revision.text, request: null, deleting: false }, signal);
  const wouldWrite = changesOf(plan).filter((change) => change.action !== "none" && change.action !== "hold").length;
  if (guard.kind === "shadow") return { kind: "shadow", rival: guard.rival, wouldWrite };
  if (guard.kind === "paused") return { kind: "paused", until: guard.until, reason: guard.reason };
  return { kind: "new" };
}

/** How to confirm the deletions of a plan that wait for it; null: none does. */
export function unconfirmedText({ app, dialect }: AppState, plan: Plan): string | null {
  const waiting = changesOf(plan).filter(({ action, reason }) => action === "hold" && reason === UNCONFIRMED);
  if (waiting.length === 0) return null;
  const names = waiting.slice(0, 10).map(({ id }) => idText(id));
  const more = waiting.length > names.length ? ` and ${waiting.length - names.length} more` : "";
  return dialect.rules.confirmText?.(app, `${names.join(", ")}${more}`) ?? null;
}

/** Tells of deletions that wait for an approval. */
export function noteHeld(state: AppState, plan: Plan): void {
  const asked = unconfirmedText(state, plan);
  const others = [
    ...state.notices.filter(({ kind }) => kind !== "held" && kind !== "confirm"),
    ...(asked === null ? [] : [{ kind: "confirm" as const, message: asked }]),
  ];
  if (plan.held.length === 0) {
    state.notices = others;
    return;
  }
  const doomed = changesOf(plan).filter(
    (change) => change.action === "hold" && change.reason.startsWith("needs approval"),
  );
  const names = doomed.slice(0, 10).map((change) => idText(change.id));
  const more = doomed.length > names.length ? ` and ${doomed.length - names.length} more` : "";
  const held: Notice = {
    kind: "held",
    message:
      `Deletions are held: ${plan.held.join("; ")}. Objects: ${names.join(", ")}${more}. ` +
      `Approve with: holdfast approve ${state.app.key} (plan ${plan.digest})`,
  };
  state.notices = [...others, held];
}
