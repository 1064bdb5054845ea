import type { EventNote, ReportInput } from "#core/app/app-report.ts";
import { conditionOf, textAt } from "#core/health/condition.ts";
import { durationText } from "./duration.ts";
import { appliedRevision, appliedWords, changeLog } from "./kustomization-marks.ts";
import { noticeTypes } from "./notice-marks.ts";
import { group } from "./object-options.ts";
import { type ConditionMark, type ConditionMarks, alreadySays } from "./status-conditions.ts";

const longestMessage = 1_024;

/** Events of a report, on changes only: what a sync did, how it ended, and what turned up. */
export function kustomizationEvents(
  input: ReportInput,
  marks: ConditionMarks,
  recorded: boolean,
): readonly EventNote[] {
  const events = recorded ? changeEvents(input) : [];
  const ready = marks["Ready"];
  if (ready?.status === "True") events.push(...successEvents(input, marks, recorded));
  if (ready?.status === "False" && isNews(input, "Ready", ready)) events.push(...failureEvents(input, ready));
  for (const type of noticeTypes) {
    const mark = marks[type];
    if (mark && isNews(input, type, mark)) events.push(note(input, { type: "Warning", ...mark }));
  }
  return events;
}

function changeEvents(input: ReportInput): EventNote[] {
  const { phase, sync } = input.report;
  // A revision may be applied without a sync of its own; what an earlier one changed was told then.
  if (phase.kind === "synced" && sync?.revision.text !== appliedRevision(input)) return [];
  const logs = [changeLog(input.report, appliedWords), changeLog(input.report, { deleted: "deleted" })];
  return logs
    .filter((log) => log !== "")
    .map((message) => note(input, { type: "Normal", reason: "Progressing", message }));
}

function successEvents(input: ReportInput, marks: ConditionMarks, recorded: boolean): readonly EventNote[] {
  const { object, app, report } = input;
  const events: EventNote[] = [];
  const healthy = marks["Healthy"];
  const newRevision = textAt(object, ["status", "lastAppliedRevision"]) !== appliedRevision(input);
  const drifted = recorded && changeLog(report, appliedWords) !== "";
  if (healthy?.status === "True" && (isNews(input, "Healthy", healthy) || (newRevision && drifted))) {
    events.push(note(input, { type: "Normal", reason: "Progressing", message: healthy.message }));
  }
  // Upstream tells of every revision; one that changes nothing is no news, and a thousand of them are a burden.
  if (conditionOf(object, "Ready")?.status === "True" && !drifted) return events;
  const took = report.sync?.finishedAt ? report.sync.finishedAt - report.sync.startedAt : 0;
  const next = durationText(app?.policy.intervalMs ?? 0);
  const message = `Reconciliation finished in ${durationText(took)}, next run in ${next}`;
  const success = note(input, { type: "Normal", reason: "ReconciliationSucceeded", message });
  return [...events, { ...success, annotations: { [`${group}/commit_status`]: "update", ...success.annotations } }];
}

function failureEvents(input: ReportInput, { reason, message }: ConditionMark): readonly EventNote[] {
  switch (input.report.phase.kind) {
    // Upstream logs a missing source and tells nobody.
    case "source-failed":
      return input.report.phase.unfetched ? [note(input, { type: "Warning", reason, message })] : [];
    case "dependency": {
      const waits = "Dependencies do not meet ready condition, retrying in 30s";
      return [note(input, { type: "Normal", reason, message: waits })];
    }
    default:
      return [note(input, { type: "Warning", reason, message })];
  }
}

function isNews({ object }: ReportInput, type: string, mark: ConditionMark): boolean {
  return !alreadySays(conditionOf(object, type), mark);
}

function note({ report }: ReportInput, event: Omit<EventNote, "annotations">): EventNote {
  const revision = (report.phase.kind === "synced" ? report.applied : null) ?? report.sync?.revision ?? report.revision;
  return {
    type: event.type,
    reason: event.reason,
    message: event.message.length > longestMessage ? `${event.message.slice(0, longestMessage - 3)}...` : event.message,
    annotations: revision ? { [`${group}/revision`]: revision.text } : {},
  };
}
