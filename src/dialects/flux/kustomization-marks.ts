import type { AppPhase, AppReport, ReportInput } from "#core/app/app-report.ts";
import { conditionOf, numberAt, textAt } from "#core/health/condition.ts";
import { assertNever, type Problem } from "#core/result.ts";
import { durationText } from "./duration.ts";
import { sourceKinds } from "./kinds.ts";
import type { ConditionMark, ConditionMarks } from "./status-conditions.ts";
import { timeText } from "./time-text.ts";

/** Upstream's `--requeue-dependency` default, part of its messages. */
const requeueText = "30s";

/** What the phase of an app says in Flux's conditions. */
export function phaseMarks(input: ReportInput): ConditionMarks {
  const { object, report } = input;
  const { phase } = report;
  switch (phase.kind) {
    case "new":
    case "shadow":
    case "suspended":
    case "out-of-sync":
      return {};
    case "paused":
      return { Paused: pausedMark(phase) };
    case "invalid":
      return terminalMarks(phase.problems);
    case "source-failed":
      return waitingMarks(input, notReady("ArtifactFailed", sourceMessage(phase, input)));
    case "dependency":
      return waitingMarks(input, notReady("DependencyNotReady", phase.message));
    case "render-failed":
      return failedMarks(
        input,
        renderFailure(phase),
        phase.code === "path" ? "Fetching manifests" : "Building manifests",
      );
    case "syncing":
      return isQuiet(input) ? {} : progressMarks(input, phase.step === "health");
    case "sync-failed":
      return syncFailedMarks(input, phase);
    case "synced":
      return {
        Ready: {
          status: "True",
          reason: "ReconciliationSucceeded",
          message: `Applied revision: ${appliedRevision(input)}`,
        },
        Reconciling: null,
        Stalled: null,
        Healthy: healthyMark(report, conditionOf(object, "Healthy")?.status === "True"),
      };
    default:
      return assertNever(phase);
  }
}

/** The reason a failed step has in conditions and history. */
export function failureReason(step: "preflight" | "apply" | "prune" | "health"): string {
  if (step === "health") return "HealthCheckFailed";
  return step === "prune" ? "PruneFailed" : "ReconciliationFailed";
}

/** The revision a sync is about, or the newest one when it was refused before a sync began. */
export function syncRevision({ report }: ReportInput): string {
  const { sync, attempted, revision } = report;
  const about = hasOwnSync(report) ? (sync?.revision ?? attempted ?? revision) : (revision ?? attempted);
  return about?.text ?? "";
}

/** Whether the last sync is what the phase tells of: a render may be refused while an older sync is remembered. */
export function hasOwnSync({ phase, sync }: AppReport): boolean {
  if (phase.kind !== "sync-failed" || sync === null) return true;
  return sync.outcome === "failed" && sync.message === phase.message;
}

/** The revision that a synced app has applied. */
export function appliedRevision({ object, report }: ReportInput): string {
  return (report.applied ?? report.revision)?.text ?? textAt(object, ["status", "lastAppliedRevision"]);
}

/** Objects that a sync created or changed, or deleted, in the words of upstream's change log. */
export function changeLog(report: AppReport, outcomes: Readonly<Record<string, string>>): string {
  const results = report.sync?.results ?? [];
  return results
    .filter(({ outcome }) => outcomes[outcome] !== undefined)
    .map(({ id, outcome }) => {
      const name = id.namespace === "" ? id.name : `${id.namespace}/${id.name}`;
      return `${id.kind}/${name} ${outcomes[outcome]}`;
    })
    .join("\n");
}

const retriedReasons: readonly string[] = ["ReconciliationFailed", "PruneFailed", "HealthCheckFailed"];

/** Upstream's words for what applying did. */
export const appliedWords: Readonly<Record<string, string>> = { created: "created", changed: "configured" };

function notReady(reason: string, message: string): ConditionMark {
  return { status: "False", reason, message };
}

/** What a spec that cannot be used says. */
export function terminalMarks(problems: readonly Problem[]): ConditionMarks {
  const message = problems.map(({ path, message: what }) => `${path}: ${what}`).join("; ");
  const text = `Reconciliation failed terminally due to configuration error: ${message}`;
  const reason = "InvalidSpec";
  return {
    Ready: notReady(reason, text),
    Stalled: { status: "True", reason, message: text },
    Reconciling: null,
  };
}

/** What an app says that is held until a moment. */
export function pausedMark(phase: Extract<AppPhase, { kind: "paused" }>): ConditionMark {
  return { status: "True", reason: "Paused", message: `Paused until ${timeText(phase.until)}: ${phase.reason}` };
}

/** Before a reconciliation begins upstream sets no Reconciling; one left by an earlier failure becomes a retry. */
function waitingMarks({ object }: ReportInput, ready: ConditionMark): ConditionMarks {
  const left = conditionOf(object, "Reconciling");
  if (left === undefined) return { Ready: ready, Stalled: null };
  return {
    Ready: ready,
    Stalled: null,
    Reconciling: { status: "True", reason: "ProgressingWithRetry", message: left.message },
  };
}

function sourceMessage(phase: Extract<AppPhase, { kind: "source-failed" }>, { app }: ReportInput): string {
  if (phase.unfetched) return phase.message;
  if (!phase.missing) return `Source artifact not found, retrying in ${requeueText}`;
  const [kind = "", , name] = app?.sources[0]?.source.split("/") ?? [];
  const plural = sourceKinds.find((one) => one.kind === kind)?.plural;
  if (name === undefined || plural === undefined) return phase.message;
  return `${plural}.source.toolkit.fluxcd.io "${name}" not found`;
}

function renderFailure({ code, message }: Extract<AppPhase, { kind: "render-failed" }>): ConditionMark {
  if (code === "build") return notReady("BuildFailed", message);
  const prefix = "kustomization path not found: ";
  return notReady("ArtifactFailed", message.startsWith(prefix) ? message : `${prefix}${message}`);
}

function failedMarks(input: ReportInput, ready: ConditionMark, doing: string): ConditionMarks {
  const revision =
    input.report.phase.kind === "render-failed" ? (input.report.revision?.text ?? "") : syncRevision(input);
  return {
    Ready: ready,
    Stalled: null,
    Reconciling: { status: "True", reason: "ProgressingWithRetry", message: doingMessage(input, doing, revision) },
  };
}

function doingMessage({ app }: ReportInput, doing: string, revision: string): string {
  return `${doing} for revision ${revision} with a timeout of ${durationText(app?.policy.timeoutMs ?? 0)}`;
}

function progressMarks(input: ReportInput, checksHealth: boolean): ConditionMarks {
  const message = doingMessage(input, checksHealth ? "Running health checks" : "Detecting drift", syncRevision(input));
  const progressing = { reason: "Progressing", message } as const;
  return {
    Ready: { status: "Unknown", reason: "Progressing", message: "Reconciliation in progress" },
    Reconciling: { status: "True", ...progressing },
    Stalled: null,
    ...(checksHealth && { Healthy: { status: "Unknown", ...progressing } }),
  };
}

/**
 * Whether a running sync leaves the conditions alone: a retry of what failed, or the healing of what is applied. Each
 * would otherwise cost two writes and make dependants wait, without telling anybody anything.
 */
function isQuiet(input: ReportInput): boolean {
  const { object, report } = input;
  const ready = conditionOf(object, "Ready");
  const generation = object.metadata.generation ?? 0;
  const revision = syncRevision(input);
  if (ready?.status === "True") {
    const healing = report.phase.kind === "syncing" && report.phase.step !== "health";
    const observed = numberAt(object, ["status", "observedGeneration"], -1) === generation;
    return healing && observed && textAt(object, ["status", "lastAppliedRevision"]) === revision;
  }
  const failed = ready?.status === "False" && conditionOf(object, "Reconciling")?.reason === "ProgressingWithRetry";
  const sameRevision = textAt(object, ["status", "lastAttemptedRevision"]) === revision;
  const retried = ready !== undefined && retriedReasons.includes(ready.reason);
  return failed && retried && sameRevision && ready.observedGeneration === generation;
}

function syncFailedMarks(input: ReportInput, phase: Extract<AppPhase, { kind: "sync-failed" }>): ConditionMarks {
  const { report } = input;
  const reason = failureReason(phase.step);
  if (phase.step === "health") {
    const message = `health check failed after ${durationText(report.gate.tookMs)}: ${phase.message}`;
    return {
      ...failedMarks(input, notReady(reason, message), "Running health checks"),
      Healthy: notReady(reason, phase.message),
    };
  }
  const log = hasOwnSync(report) ? changeLog(report, appliedWords) : "";
  const written = phase.step === "prune" ? phase.message : `${phase.message}\n${log === "" ? "" : `${log}\n`}`;
  return failedMarks(input, notReady(reason, written), "Detecting drift");
}

/** The gate of an earlier sync still counts where the last one had nothing to wait for. */
function healthyMark({ gate, sync }: AppReport, wasHealthy: boolean): ConditionMark | null | undefined {
  if (gate.state === "passed") {
    return { status: "True", reason: "Succeeded", message: `Health check passed in ${durationText(gate.tookMs)}` };
  }
  return wasHealthy && sync === null ? undefined : null;
}
