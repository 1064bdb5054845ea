import type { AppPhase, ReportInput } from "#core/app/app-report.ts";
import { conditionOf, numberAt } from "#core/health/condition.ts";
import type { ReleaseReport } from "#core/release/release-report.ts";
import { assertNever } from "#core/result.ts";
import { durationText } from "./duration.ts";
import { unresolvedValues } from "./helm-release-values.ts";
import { actionName } from "./helm-release-words.ts";
import { outcomeMarks, releaseSummary } from "./helm-release-outcomes.ts";
import { sourceKinds } from "./kinds.ts";
import { pausedMark, terminalMarks } from "./kustomization-marks.ts";
import type { ConditionMark, ConditionMarks } from "./status-conditions.ts";

const prerequisites: ConditionMark = { status: "True", reason: "Progressing", message: "Fulfilling prerequisites" };

/** What the phase of a release says in upstream's conditions. */
export function releasePhaseMarks(input: ReportInput): ConditionMarks {
  const { report } = input;
  const { phase } = report;
  switch (phase.kind) {
    case "new":
    case "shadow":
    case "suspended":
      return {};
    case "paused":
      return { Paused: pausedMark(phase) };
    case "invalid":
      return terminalMarks(phase.problems);
    case "source-failed":
      return waitingMarks(input, sourceMark(phase, input));
    case "dependency":
      return waitingMarks(input, notReady("DependencyNotReady", phase.message));
    case "render-failed":
      return waitingMarks(input, renderMark(phase.message));
    case "syncing":
      return runningMarks(input);
    case "sync-failed":
      return failedMarks(input, phase.message);
    case "out-of-sync":
    case "synced":
      return settledMarks(input);
    default:
      return assertNever(phase);
  }
}

function notReady(reason: string, message: string): ConditionMark {
  return { status: "False", reason, message };
}

/** Nothing is attempted: what is known of the release is told besides. */
function waitingMarks(input: ReportInput, ready: ConditionMark): ConditionMarks {
  const { release } = input.report;
  return { ...(release && outcomeMarks(input, release)), Reconciling: prerequisites, Stalled: null, Ready: ready };
}

function sourceMark(
  { missing, unfetched, message }: Extract<AppPhase, { kind: "source-failed" }>,
  input: ReportInput,
): ConditionMark {
  if (unfetched) return renderMark(message);
  const key = input.app?.sources[0]?.source ?? "";
  const [kind = "", namespace = "", name = ""] = key.split("/");
  const plural = sourceKinds.find((one) => one.kind === kind)?.plural;
  // What the release declares itself is only not there yet.
  if (missing && plural !== undefined && !input.app?.declares) {
    const text = `could not get Source object: ${plural}.source.toolkit.fluxcd.io "${name}" not found`;
    return notReady("ArtifactFailed", text);
  }
  const isBare = missing || message === `${key} has no revision yet`;
  const why = isBare ? "does not have an artifact" : message;
  return notReady("SourceNotReady", `${kind} '${namespace}/${name}' is not ready: ${why}`);
}

function renderMark(message: string): ConditionMark {
  if (message.startsWith(unresolvedValues)) return notReady("ValuesError", message);
  return notReady("ArtifactFailed", `Could not load chart: ${message}`);
}

function runningMarks(input: ReportInput): ConditionMarks {
  const { object, report } = input;
  const { release } = report;
  if (!release?.running) {
    // Looking at what is known already is no news.
    const observed = numberAt(object, ["status", "observedGeneration"], -1) === object.metadata.generation;
    return observed || conditionOf(object, "Ready") ? {} : { Reconciling: prerequisites, Stalled: null };
  }
  const { action, timeoutMs } = release.running;
  const message = `Running '${actionName(action)}' action with timeout of ${durationText(timeoutMs)}`;
  const marks = outcomeMarks(input, release);
  // Other actions leave what an earlier one said of the release.
  const isRelease = action === "install" || action === "upgrade";
  const ready: ConditionMark | undefined = isRelease
    ? { status: "Unknown", reason: "Progressing", message }
    : (releaseSummary(input, marks) ?? undefined);
  return {
    ...marks,
    Reconciling: { status: "True", reason: "Progressing", message },
    Stalled: null,
    ...(ready && { Ready: ready }),
  };
}

function failedMarks(input: ReportInput, message: string): ConditionMarks {
  const { release } = input.report;
  const marks = release ? outcomeMarks(input, release) : {};
  const summary = releaseSummary(input, marks);
  const ready = summary?.status === "False" ? summary : notReady("ReconcileError", message);
  if (release && release.stalled !== null) return { ...marks, ...stalledMarks(release.stalled), Ready: ready };
  const after = release ? retryMs(input, release) : null;
  const again = after === null ? ready.message : `retrying after ${durationText(after)}`;
  return {
    ...marks,
    Reconciling: { status: "True", reason: "ProgressingWithRetry", message: again },
    Stalled: null,
    Ready: ready,
  };
}

function stalledMarks(message: string): ConditionMarks {
  return { Reconciling: null, Stalled: { status: "True", reason: "RetriesExceeded", message } };
}

/** How long a failure waits for its retry where failures are not undone; null: it is undone, or there is none. */
export function retryMs({ app }: Pick<ReportInput, "app">, { memory }: ReleaseReport): number | null {
  if (!app?.release || memory.lastAction === "") return null;
  const { onFailure } = app.release[memory.lastAction];
  return onFailure.kind === "retry" ? onFailure.intervalMs : null;
}

/** Nothing is left to do, be it because all is well or because drift is only told. */
function settledMarks(input: ReportInput): ConditionMarks {
  const { release } = input.report;
  const marks = release ? outcomeMarks(input, release, "settled") : {};
  const ready = releaseSummary(input, marks);
  if (release && release.stalled !== null)
    return { ...marks, ...stalledMarks(release.stalled), ...(ready && { Ready: ready }) };
  return { ...marks, Reconciling: null, Stalled: null, ...(ready && { Ready: ready }) };
}
