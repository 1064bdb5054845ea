import { isOfSettings } from "./setting-limits.ts";
import type { Notice } from "#core/app/app-report.ts";
import { idText } from "#core/resource/resource-id.ts";
import { failureText, type OperationState } from "./report-operation.ts";
import { sourcesOf } from "./parse-sources.ts";
import type { ReportContext } from "./report-context.ts";
import { shownRevisions } from "./report-sources.ts";
import { timeText } from "./status-time.ts";

/** One entry of `status.conditions`. */
export interface Condition {
  readonly type: string;
  readonly message: string;
  readonly lastTransitionTime?: string;
}

const NOTICE_TYPES: Readonly<Record<Notice["kind"], string>> = {
  held: "SyncError",
  circle: "SyncWarning",
  confirm: "SyncWarning",
  deletion: "DeletionError",
  fight: "SyncError",
  shared: "SharedResourceWarning",
  duplicate: "RepeatedResourceWarning",
  excluded: "ExcludedResourceWarning",
  orphaned: "OrphanedResourceWarning",
  "rolled-back": "SyncError",
  warning: "SyncWarning",
};

const MAX_NAMED = 10;

/** The conditions after this report; one that goes on keeps the time it began. */
export function conditionsOf(context: ReportContext, operation: OperationState | undefined): Condition[] {
  const { old, report } = context;
  const now = timeText(report.now);
  const wanted = [
    ...phaseConditions(context, operation),
    ...report.notices.map((notice) => noticeCondition(context, notice)),
  ];
  const unique = new Map(wanted.map((condition) => [`${condition.type}/${condition.message}`, condition]));
  return [...unique.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { type, message }]) => {
      const before = old.conditions?.find((condition) => condition.type === type && condition.message === message);
      return { lastTransitionTime: before?.lastTransitionTime ?? now, message, type };
    });
}

function phaseConditions(context: ReportContext, operation: OperationState | undefined): Condition[] {
  const { report, app } = context;
  const { phase } = report;
  switch (phase.kind) {
    case "invalid":
      return phase.problems.map((problem) => ({
        type: isOfSettings(problem) ? "UnknownError" : "InvalidSpecError",
        message: problem.message,
      }));
    case "source-failed":
      return [loadError(context, "Unknown", phase)];
    case "render-failed":
      return [
        loadError(context, phase.code === "path" ? "Unknown" : "FailedPrecondition", {
          message: renderText(context, phase),
          source: phase.source ?? 0,
        }),
      ];
    case "paused":
      return [{ type: "SyncWarning", message: `paused until ${timeText(phase.until)}: ${phase.reason}` }];
    case "dependency":
      return [{ type: "SyncWarning", message: phase.message }];
    case "sync-failed": {
      if (phase.unreachable) {
        return [{ type: "ComparisonError", message: `Failed to load live state: ${phase.message}` }];
      }
      const refused = phase.message !== report.sync?.message;
      if (phase.retryAt !== null || (app?.policy.mode !== "auto" && !refused)) return [];
      const text = operation?.phase === "Succeeded" ? undefined : operation?.message;
      const reason = text ?? failureText(context, phase.message);
      const message = `Failed last sync attempt to [${shownRevisions(context).join(" ")}]: ${reason}`;
      return [{ type: "SyncError", message }];
    }
    default:
      return [];
  }
}

function loadError({ spec }: ReportContext, code: string, failed: { message: string; source?: number }): Condition {
  const cause = `rpc error: code = ${code} desc = ${failed.message}`;
  const which = `source ${(failed.source ?? 0) + 1} of ${Math.max(1, sourcesOf(spec).length)}`;
  const text = `Failed to load target state: failed to generate manifest for ${which}: ${cause}`;
  return { type: "ComparisonError", message: text };
}

function renderText(
  { spec }: ReportContext,
  phase: { code: "path" | "build"; message: string; source?: number },
): string {
  if (phase.code === "build") return phase.message;
  return `${sourcesOf(spec)[phase.source ?? 0]?.path ?? ""}: app path does not exist`;
}

function noticeCondition(context: ReportContext, notice: Notice): Condition {
  const type = NOTICE_TYPES[notice.kind];
  if (notice.kind !== "held" || notice.message.includes("holdfast approve")) return { type, message: notice.message };
  const { name, namespace } = context.object.metadata;
  const extra = context.report.objects.filter((object) => object.comparison === "extra").map(({ id }) => idText(id));
  const more = extra.length > MAX_NAMED ? ` and ${extra.length - MAX_NAMED} more` : "";
  const named = extra.length === 0 ? "" : ` (${extra.slice(0, MAX_NAMED).join(", ")}${more})`;
  const command = `holdfast approve app/${name}${namespace ? ` -n ${namespace}` : ""}`;
  return { type, message: `Deletions are held back${named}: ${notice.message}. To let them happen: ${command}` };
}
