import type { SyncReport, SyncWait } from "#core/app/app-report.ts";
import { stableText } from "#core/resource/stable-text.ts";
import type { SourceList } from "./parse-sources.ts";
import type { ReportContext } from "./report-context.ts";
import { askedSources, isAbout, shownRevisions, syncedSources, textsOf } from "./report-sources.ts";
import { resultRows } from "./report-results.ts";
import type { OperationFields, StatusFields } from "./schema.ts";
import { clockText, timeMs, timeText } from "./status-time.ts";

/** `status.operationState`. */
export type OperationState = NonNullable<StatusFields["operationState"]>;

const DONE = new Set(["Succeeded", "Failed", "Error"]);

/** Whether nothing more will happen in an operation. */
export function isDone(state: OperationState | undefined): state is OperationState {
  return state !== undefined && DONE.has(state.phase);
}

/** The operation's state after this report: that of the sync at work or done last. */
export function operationStateOf(context: ReportContext): OperationState | undefined {
  const { old, report } = context;
  const refusal = refusedOperation(context);
  if (refusal) return refusal;
  const { sync } = report;
  if (!sync) return old.operationState;
  const startedAt = startOf(context, sync);
  const same = isStateOf(context, sync, startedAt);
  if (same && isDone(old.operationState)) return old.operationState;
  // Upstream runs no operation where nothing differs, and an idle commit shall cost no more than its revision.
  if (!same && (isNothing(sync) || isBefore(sync, old.operationState))) return old.operationState;
  return stateOf(context, sync, startedAt);
}

/** An order that was refused since is the newest operation, although it was no sync. */
function isBefore(sync: SyncReport, known: OperationState | undefined): boolean {
  const own = timeMs(timeText(sync.startedAt)) ?? 0;
  return sync.outcome !== "running" && isDone(known) && (timeMs(known.startedAt) ?? 0) > own;
}

/** Times are kept to the second, and two syncs may begin within one. */
function isStateOf(context: ReportContext, sync: SyncReport, startedAt: string): boolean {
  const { pending, app } = context;
  const state = context.old.operationState;
  if (state?.startedAt !== startedAt || !isAbout(state.syncResult, textsOf(sync.revision))) return false;
  if ((state.operation.sync?.autoHealAttemptsCount ?? 0) !== sync.healAttempts) return false;
  const isOrder = pending !== null && sync.request !== null && app?.request?.token === sync.request.token;
  return !isOrder || stableText(state.operation) === stableText(pending);
}

function stateOf(context: ReportContext, sync: SyncReport, startedAt: string): OperationState {
  const retryAt = retryAtOf(context, sync);
  const retryCount = retryAt === null ? sync.retries : sync.retries + 1;
  const message = messageOf(context, sync, retryAt);
  const operation = operationOf(context, sync, startedAt);
  return {
    operation,
    phase: phaseOf(sync, retryAt),
    ...(message === "" ? {} : { message }),
    startedAt,
    ...(sync.outcome === "running" || sync.finishedAt === null ? {} : { finishedAt: timeText(sync.finishedAt) }),
    ...(retryCount === 0 ? {} : { retryCount }),
    syncResult: {
      ...(sync.results.length === 0 ? {} : { resources: resultRows(context, sync) as never }),
      ...(syncedSources(askedOf(context, operation), textsOf(sync.revision)) as { revision: string }),
    },
  };
}

/** A retry goes on under the start time of the first attempt. */
function startOf({ old }: ReportContext, sync: SyncReport): string {
  const before = old.operationState;
  const own = timeText(sync.startedAt);
  if (!before || sync.retries === 0 || (before.retryCount ?? 0) === 0) return own;
  if (!isAbout(before.syncResult, textsOf(sync.revision))) return own;
  const begun = timeMs(before.startedAt);
  return begun !== null && begun <= sync.startedAt ? before.startedAt : own;
}

function isNothing(sync: SyncReport): boolean {
  if (sync.request !== null || sync.outcome !== "succeeded") return false;
  return sync.results.every(({ outcome }) => outcome === "unchanged");
}

function operationOf(context: ReportContext, sync: SyncReport, startedAt: string): OperationFields {
  const { old, pending, app } = context;
  const before = isStateOf(context, sync, startedAt) ? old.operationState?.operation : undefined;
  const { request } = sync;
  if (request !== null) {
    if (pending && app?.request?.token === request.token) return pending;
    if (before && !before.initiatedBy?.automated) return before;
    const initiatedBy = request.initiatedBy === "" ? {} : { username: request.initiatedBy };
    return { initiatedBy, retry: {}, sync: { revision: request.revision ?? sync.revision.text } };
  }
  const echo = before?.initiatedBy?.automated ? before : automatedOperation(context, textsOf(sync.revision));
  return sync.healAttempts === 0 ? echo : { ...echo, sync: { ...echo.sync, ...healed(sync) } };
}

function automatedOperation({ spec }: ReportContext, texts: readonly string[]): OperationFields {
  const { automated, retry, syncOptions } = spec.syncPolicy ?? {};
  return {
    initiatedBy: { automated: true },
    retry: retry ?? { limit: 5 },
    sync: {
      ...(automated?.prune ? { prune: true } : {}),
      ...askedSources(spec, texts),
      ...(syncOptions?.length ? { syncOptions } : {}),
    },
  };
}

/** Where a sync takes its objects from: what the order names, else what the app does. */
function askedOf({ spec }: ReportContext, { sync }: OperationFields): SourceList {
  if (sync?.sources?.length) return { sources: sync.sources };
  return sync?.source ? { source: sync.source } : spec;
}

/** Healing is a partial sync of what had drifted. */
function healed(sync: SyncReport): NonNullable<OperationFields["sync"]> {
  const drifted = sync.results.filter(({ outcome }) => outcome !== "unchanged");
  const resources = drifted.map(({ id: { group, kind, name } }) => ({
    ...(group === "" ? {} : { group }),
    kind,
    name,
  }));
  return { autoHealAttemptsCount: sync.healAttempts, ...(resources.length === 0 ? {} : { resources }) };
}

function phaseOf(sync: SyncReport, retryAt: number | null): string {
  if (sync.outcome === "running" || retryAt !== null) return "Running";
  return sync.outcome === "succeeded" ? "Succeeded" : "Failed";
}

function retryAtOf({ report, app }: ReportContext, sync: SyncReport): number | null {
  if (sync.outcome !== "failed" || report.phase.kind !== "sync-failed") return null;
  return app?.policy.mode === "auto" || sync.request !== null ? report.phase.retryAt : null;
}

function messageOf(context: ReportContext, sync: SyncReport, retryAt: number | null): string {
  switch (sync.outcome) {
    case "running":
      return sync.waitsFor ? waitText(sync.waitsFor) : "one or more tasks are running";
    case "succeeded":
      return `successfully synced (${endsWithHook(sync) ? "no more tasks" : "all tasks run"})`;
    case "superseded":
      return "operation was superseded by a newer revision";
    case "terminated":
      return "Operation terminated";
    case "failed":
      break;
  }
  const failure = failureText(context, sync.message);
  if (retryAt !== null) return `${failure}. Retrying attempt #${sync.retries + 1} at ${clockText(retryAt)}.`;
  return sync.retries > 0 ? `${failure} (retried ${sync.retries} times).` : failure;
}

function waitText({ kind, first, more, onlyHooks }: SyncWait): string {
  const reason = { hook: "completion of hook", health: "healthy state of", deletion: "deletion of" }[kind];
  const others = more > 0 ? ` and ${more} more ${onlyHooks ? "hooks" : "resources"}` : "";
  return `waiting for ${reason}${kind === "deletion" && onlyHooks ? " hook" : ""} ${first.group}/${first.kind}/${first.name}${others}`;
}

/** What is applied last is not waited for, unless hooks run beside or after it. */
function endsWithHook({ results }: SyncReport): boolean {
  return results.some(({ hook }) => hook === "PostSync" || hook === "Sync");
}

/** The words for a failed sync, by the step that failed. */
export function failureText({ report }: ReportContext, message: string): string {
  if (message.startsWith("one or more ")) return message;
  const step = report.phase.kind === "sync-failed" ? report.phase.step : null;
  const reasons = message.split("\n");
  if (step === "preflight") return `one or more synchronization tasks are not valid: ${reasons.join("; ")}`;
  if (step === "apply" || step === "prune") return `one or more objects failed to apply, reason: ${reasons.join(",")}`;
  if (step === null) return reasons.join("; ");
  return `one or more synchronization tasks completed unsuccessfully, reason: ${reasons.join(",")}`;
}

/** Whether the order that stands on the object cannot be carried out. */
export function isOrderRefused(context: ReportContext): boolean {
  return context.pending !== null && refusalText(context) !== null;
}

/** An order that cannot even begin, and a render that is refused as a whole, end at once. */
function refusedOperation(context: ReportContext): OperationState | null {
  const { report, app, old, pending } = context;
  const message = refusalText(context);
  if (message === null) return null;
  const before = old.operationState;
  const texts = shownRevisions(context);
  const operation = pending ?? automatedOperation(context, texts);
  if (!pending) {
    if (app?.policy.mode !== "auto") return null;
    const known = isDone(before) && before.message === message && isAbout(before.syncResult, texts);
    if (known) return before;
  }
  return {
    operation,
    phase: report.phase.kind === "sync-failed" ? "Failed" : "Error",
    message,
    startedAt: timeText(report.now),
    finishedAt: timeText(report.now),
    syncResult: syncedSources(askedOf(context, operation), texts) as { revision: string },
  };
}

function refusalText(context: ReportContext): string | null {
  const { report, app, pending } = context;
  const { phase, sync } = report;
  if (phase.kind === "invalid") {
    return pending ? phase.problems.map(({ message }) => `InvalidSpecError: ${message}`).join(";") : null;
  }
  if (phase.kind === "render-failed" || phase.kind === "source-failed") {
    // What was carried out already was not kept from it by what is missing now.
    const isDue = pending && app?.request && app.request.token !== sync?.request?.token;
    return isDue ? `ComparisonError: ${phase.message}` : null;
  }
  if (phase.kind === "sync-failed" && phase.step === "preflight" && phase.message !== sync?.message) {
    return failureText(context, phase.message);
  }
  const details = app?.details as { operationProblem?: string | null } | undefined;
  return pending && app && !app.request ? (details?.operationProblem ?? null) : null;
}
