import type { AppReport, Notice } from "#core/app/app-report.ts";
import type { ConditionMark, ConditionMarks } from "./status-conditions.ts";

/** Condition type and reason of each notice: additions of ours, which upstream's tools show beside their own. */
const types: Readonly<Record<Notice["kind"], readonly [type: string, reason: string]>> = {
  held: ["Held", "DeletionHeld"],
  fight: ["Fight", "FieldsContested"],
  shared: ["Shared", "ObjectsShared"],
  duplicate: ["Duplicate", "DuplicateObjects"],
  drift: ["Drift", "DriftLeftAlone"],
  warning: ["Warning", "ManifestWarning"],
};

/** Conditions for the notices of a report; those without a notice go. `key` names the app on the command line. */
export function noticeMarks({ notices, phase }: AppReport, key: string): ConditionMarks {
  const marks: Record<string, ConditionMark | null> = {};
  if (phase.kind !== "paused") marks["Paused"] = null;
  for (const [kind, [type, reason]] of Object.entries(types)) {
    const messages = notices.filter((notice) => notice.kind === kind).map((notice) => notice.message);
    marks[type] = messages.length === 0 ? null : { status: "True", reason, message: messageOf(kind, messages, key) };
  }
  return marks;
}

/** The types of conditions that stand for notices. */
export const noticeTypes: readonly string[] = Object.values(types).map(([type]) => type);

function messageOf(kind: string, messages: readonly string[], key: string): string {
  const text = messages.join("; ");
  if (kind !== "held" || text.includes("holdfast approve")) return text;
  return `${text}; to allow it run: holdfast approve ${key}`;
}
