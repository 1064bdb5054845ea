import type { EventNote, ReportInput } from "#core/app/app-report.ts";
import { conditionOf } from "#core/health/condition.ts";
import type { ReleaseOutcome, ReleaseSnapshot } from "#core/release/release-memory.ts";
import type { ReleaseReport } from "#core/release/release-report.ts";
import { helmGroup } from "./helm-release-marking.ts";
import { outcomesOf } from "./helm-release-outcomes.ts";
import { fullName } from "./helm-release-words.ts";
import { appliedWords, changeLog } from "./kustomization-marks.ts";
import { noticeTypes } from "./notice-marks.ts";
import { alreadySays, type ConditionMark, type ConditionMarks } from "./status-conditions.ts";

const longestMessage = 1_024;

/** Events of a report, on changes only: how actions ended, drift, and what keeps a release waiting. */
export function helmReleaseEvents(input: ReportInput, marks: ConditionMarks): readonly EventNote[] {
  const { release } = input.report;
  const events = release
    ? [...outcomeEvents(input, release, marks), ...driftEvents(input, release, marks["Drifted"])]
    : [];
  const ready = marks["Ready"];
  if (ready?.status === "False" && isNews(input, "Ready", ready)) events.push(...waitEvents(input, ready));
  for (const type of noticeTypes) {
    const mark = marks[type];
    if (mark && isNews(input, type, mark)) events.push(note(input, { type: "Warning", ...mark }));
  }
  return events;
}

function outcomeEvents(input: ReportInput, release: ReleaseReport, marks: ConditionMarks): EventNote[] {
  return Object.entries(outcomesOf(input, release)).flatMap(([type, { outcome, mark }]) => {
    // What the status will not say is not told, or it would be told again and again.
    if (marks[type]?.message !== mark.message || !isNews(input, type, mark)) return [];
    const kind = outcome.ok ? "Normal" : "Warning";
    return [note(input, { type: kind, reason: mark.reason, message: mark.message }, outcome)];
  });
}

function driftEvents(
  input: ReportInput,
  { memory }: ReleaseReport,
  mark: ConditionMark | null | undefined,
): readonly EventNote[] {
  if (!mark || !isNews(input, "Drifted", mark)) return [];
  if (mark.status === "True") return [note(input, { type: "Warning", ...mark })];
  const [latest] = memory.history;
  const changes = changeLog(input.report, appliedWords);
  if (conditionOf(input.object, "Drifted")?.status !== "True" || !latest || changes === "") return [];
  const message = `Cluster state of release ${fullName(latest)} has been corrected:\n${changes}`;
  return [note(input, { type: "Normal", reason: "DriftCorrected", message })];
}

function waitEvents(input: ReportInput, { reason, message }: ConditionMark): readonly EventNote[] {
  switch (input.report.phase.kind) {
    // Upstream logs a source that is not ready and tells nobody.
    case "source-failed":
      return input.report.phase.unfetched ? [note(input, { type: "Warning", reason, message })] : [];
    case "dependency":
      return [note(input, { type: "Normal", reason, message })];
    case "invalid":
    case "render-failed":
      return [note(input, { type: "Warning", reason, message })];
    default:
      // What an action did was told with its outcome.
      return reason === "ReconcileError" ? [note(input, { type: "Warning", reason, message })] : [];
  }
}

function isNews({ object }: ReportInput, type: string, mark: ConditionMark): boolean {
  return !alreadySays(conditionOf(object, type), mark);
}

function note(
  input: ReportInput,
  { type, reason, message }: Omit<EventNote, "annotations">,
  outcome?: ReleaseOutcome,
): EventNote {
  const isLong = message.length > longestMessage;
  return {
    type,
    reason,
    message: isLong ? `${message.slice(0, longestMessage - 3)}...` : message,
    annotations: annotationsOf(input, outcome),
  };
}

/** Chart, values and artifact that an event is about; upstream's receivers tell events apart by them. */
function annotationsOf({ report }: ReportInput, outcome: ReleaseOutcome | undefined): EventNote["annotations"] {
  const { history = [], attempted } = report.release?.memory ?? {};
  const about: Partial<ReleaseSnapshot> | undefined = outcome
    ? (outcome.snapshot ?? attempted ?? undefined)
    : history[0];
  const { chartVersion, configDigest, appVersion, ociDigest } = about ?? {};
  return {
    ...(chartVersion && { [`${helmGroup}/revision`]: chartVersion }),
    ...(configDigest && { [`${helmGroup}/token`]: configDigest }),
    ...(appVersion && { [`${helmGroup}/app-version`]: appVersion }),
    ...(ociDigest && { [`${helmGroup}/oci-digest`]: ociDigest }),
  };
}
