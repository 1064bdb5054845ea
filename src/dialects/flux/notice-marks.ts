import type { AppReport, Notice } from "#core/app/app-report.ts";
import { idText } from "#core/resource/resource-id.ts";
import type { ConditionMark, ConditionMarks } from "./status-conditions.ts";

/** Condition type and reason of each notice: additions of ours, which upstream's tools show beside their own. */
const types: Readonly<
  Record<
    Exclude<Notice["kind"], "excluded" | "orphaned" | "circle" | "rolled-back">,
    readonly [type: string, reason: string]
  >
> = {
  held: ["Held", "DeletionHeld"],
  confirm: ["Unconfirmed", "DeletionUnconfirmed"],
  deletion: ["Deletion", "DeletionBlocked"],
  fight: ["Fight", "FieldsContested"],
  shared: ["Shared", "ObjectsShared"],
  duplicate: ["Duplicate", "DuplicateObjects"],
  warning: ["Warning", "ManifestWarning"],
};

const MAX_NAMED = 10;

/** What differs and is left so, because the spec says that drift is only told. */
function driftMark({ phase, objects }: AppReport): ConditionMark | null {
  if (phase.kind !== "out-of-sync") return null;
  const drifted = objects.filter(({ comparison }) => comparison === "different" || comparison === "missing");
  const named = drifted.slice(0, MAX_NAMED).map(({ id, comparison }) => {
    return `${idText(id)} ${comparison === "missing" ? "is missing" : "differs"}`;
  });
  const more = drifted.length > named.length ? ` and ${drifted.length - named.length} more` : "";
  return { status: "True", reason: "DriftLeftAlone", message: `${named.join(", ")}${more}` };
}

/** Conditions for the notices of a report; those without a notice go. `key` names the app on the command line. */
export function noticeMarks(report: AppReport, key: string): ConditionMarks {
  const { notices, phase } = report;
  const marks: Record<string, ConditionMark | null> = { Drift: driftMark(report) };
  if (phase.kind !== "paused") marks["Paused"] = null;
  for (const [kind, [type, reason]] of Object.entries(types)) {
    const messages = notices.filter((notice) => notice.kind === kind).map((notice) => notice.message);
    marks[type] = messages.length === 0 ? null : { status: "True", reason, message: messageOf(kind, messages, key) };
  }
  return marks;
}

/** The types of conditions that stand for notices. */
export const noticeTypes: readonly string[] = ["Drift", ...Object.values(types).map(([type]) => type)];

function messageOf(kind: string, messages: readonly string[], key: string): string {
  const text = messages.join("; ");
  if (kind !== "held" || text.includes("holdfast approve")) return text;
  return `${text}; to allow it run: holdfast approve ${key}`;
}
