import type { EventNote, ObjectWrite } from "#core/app/app-report.ts";
import type { SetReport } from "#core/app/app-set.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import { schemaProblems } from "../schema-problems.ts";
import { fieldAt, textAt, withoutNulls } from "../fields.ts";
import { timeText } from "../status-time.ts";
import { REFRESH_ANNOTATION } from "./parse-set.ts";
import { type SetStatusFields, setStatusSchema } from "./set-schema.ts";

/** One entry of `status.conditions` but for its time. */
interface Condition {
  readonly type: string;
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

const UP_TO_DATE = "ApplicationSetUpToDate";
const GENERATED = "Successfully generated parameters for all Applications";
const REASONS = {
  parameters: "ApplicationGenerationFromParamsError",
  template: "RenderTemplateParamsError",
  write: "UpdateApplicationError",
} as const;
const MAX_ROWS = 5_000;
const MAX_NAMED = 10;
const LONGEST_MESSAGE = 1_000;

/** The status of a set after a pass over it. */
export function reportSet(object: Resource, report: SetReport): ObjectWrite {
  const read = (withoutNulls(object["status"]) ?? {}) as SetStatusFields;
  const old = schemaProblems(setStatusSchema, read, "status").length > 0 ? {} : read;
  const now = timeText(report.now);
  const rolling = rollingConditions(report.rows);
  const conditions = [...conditionsOf(object, report), ...rolling].map((condition) => {
    const before = old.conditions?.find(({ type }) => type === condition.type);
    const isSame = before && (["status", "reason", "message"] as const).every((key) => before[key] === condition[key]);
    return { ...condition, lastTransitionTime: (isSame && before.lastTransitionTime) || now };
  });
  const { rows: standing = old.applicationStatus ?? null } = report;
  const rows = report.apps.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)).map(rowOf);
  const isAsked = annotationsOf(object)[REFRESH_ANNOTATION] !== undefined && report.isFresh;
  return {
    status: {
      conditions,
      ...(standing && { applicationStatus: standing }),
      resources: rows.slice(0, MAX_ROWS),
      resourcesCount: rows.length,
    },
    patch: isAsked ? { metadata: { annotations: { [REFRESH_ANNOTATION]: null } } } : null,
    events: eventsOf(report),
  };
}

function rowOf(app: Resource): Record<string, unknown> {
  const health = fieldAt(app["status"], "health");
  return {
    group: "argoproj.io",
    version: "v1alpha1",
    kind: "Application",
    namespace: app.metadata.namespace ?? "",
    name: app.metadata.name,
    status: textAt(app["status"], "sync", "status"),
    ...(health !== undefined && { health }),
  };
}

function conditionsOf(object: Resource, { phase, problems, held }: SetReport): readonly Condition[] {
  if (phase.kind === "invalid") {
    return failed(phase.messages.join("; "), { reason: "ApplicationValidationError", isGenerated: false });
  }
  if (phase.kind === "failed") {
    return failed(phase.message, { reason: REASONS[phase.stage], isGenerated: phase.stage === "write" });
  }
  const [first, ...more] = problems;
  if (first !== undefined) {
    const message = more.length > 0 ? `${first} (and ${more.length} more)` : first;
    return failed(message, { reason: "ApplicationValidationError", isGenerated: true });
  }
  return [
    { type: "ErrorOccurred", status: "False", reason: UP_TO_DATE, message: GENERATED },
    { type: "ParametersGenerated", status: "True", reason: "ParametersGenerated", message: GENERATED },
    held === null
      ? { type: "ResourcesUpToDate", status: "True", reason: UP_TO_DATE, message: "ApplicationSet up to date" }
      : { type: "ResourcesUpToDate", status: "False", reason: "DeletionsHeld", message: heldText(object, held) },
  ];
}

function rollingConditions(rows: SetReport["rows"]): readonly Condition[] {
  if (!rows) return [];
  const isDone = rows.every((row) => textAt(row, "status") === "Healthy");
  return [
    isDone
      ? {
          type: "RolloutProgressing",
          status: "False",
          reason: "ApplicationSetRolloutComplete",
          message: "ApplicationSet Rollout complete",
        }
      : {
          type: "RolloutProgressing",
          status: "True",
          reason: "ApplicationSetModified",
          message: "ApplicationSet Rollout started",
        },
  ];
}

function failed(text: string, { reason, isGenerated }: { reason: string; isGenerated: boolean }): readonly Condition[] {
  const message = text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE)}…` : text;
  return [
    { type: "ErrorOccurred", status: "True", reason, message },
    isGenerated
      ? { type: "ParametersGenerated", status: "True", reason: "ParametersGenerated", message: GENERATED }
      : { type: "ParametersGenerated", status: "False", reason: "ErrorOccurred", message },
    { type: "ResourcesUpToDate", status: "False", reason, message },
  ];
}

function heldText({ metadata }: Resource, { reason, digest, names }: NonNullable<SetReport["held"]>): string {
  const command = `holdfast approve appset/${metadata.name} -n ${metadata.namespace ?? ""}`;
  return `Deletions are held back (${listed(names)}): ${reason} (plan ${digest}). To let them happen: ${command}`;
}

function listed(names: readonly string[]): string {
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : "";
  return `${names.slice(0, MAX_NAMED).join(", ")}${more}`;
}

const EVENT_REASONS = { created: "created", updated: "updated", deleted: "Deleted" } as const;

function eventsOf({ changes }: SetReport): readonly EventNote[] {
  return (["created", "updated", "deleted"] as const)
    .filter((kind) => changes[kind].length > 0)
    .map((kind) => {
      const names = changes[kind];
      const what = names.length === 1 ? "Application" : `${names.length} Applications`;
      return {
        type: "Normal",
        reason: EVENT_REASONS[kind],
        message: `${kind} ${what} ${listed(names)}`,
        annotations: {},
      };
    });
}
