import { appKey } from "#core/app/app.ts";
import type { ObjectWrite, ReportInput } from "#core/app/app-report.ts";
import { conditionOf, fieldAt, numberAt, textAt } from "#core/health/condition.ts";
import { compareApplied } from "./apply-order.ts";
import { updatedHistory } from "./history.ts";
import { inventoryId } from "./inventory-id.ts";
import { kustomizationEvents } from "./kustomization-events.ts";
import { appliedRevision, phaseMarks, syncRevision } from "./kustomization-marks.ts";
import { noticeMarks } from "./notice-marks.ts";
import { type ConditionMarks, markedConditions } from "./status-conditions.ts";

/** The status and events of a Kustomization in Flux's words. The same report on its own result changes nothing. */
export function reportKustomization(input: ReportInput): ObjectWrite {
  const { object, report } = input;
  const old = oldStatus(input);
  // While Flux runs the app its status is Flux's; a new app has nothing to say yet.
  if (report.phase.kind === "shadow" || report.phase.kind === "new") return { status: old, patch: null, events: [] };
  const key = appKey("ks", object.metadata.namespace ?? "", object.metadata.name);
  const marks: ConditionMarks = { ...noticeMarks(report, key), ...phaseMarks(input) };
  const history = updatedHistory(object, report);
  const conditions = markedConditions(object, marks, report.now);
  const status = withoutUndefined({
    ...old,
    conditions: conditions.length === 0 ? undefined : conditions,
    history: history.entries.length === 0 ? undefined : history.entries,
    inventory: inventoryOf(input),
    lastAppliedOriginRevision: lastOrigin(input) || undefined,
    lastAppliedRevision: lastApplied(input) || undefined,
    lastAttemptedRevision: lastAttempted(input) || undefined,
    lastHandledReconcileAt: report.handledToken ?? old["lastHandledReconcileAt"],
    observedGeneration: observedGeneration(input, marks),
  });
  return { status, patch: null, events: kustomizationEvents(input, marks, history.recorded) };
}

function oldStatus({ object }: ReportInput): Readonly<Record<string, unknown>> {
  const status = object["status"];
  if (typeof status === "object" && status !== null && !Array.isArray(status)) return { ...status };
  return { observedGeneration: -1 };
}

/** A generation counts as observed once it succeeded, or can never succeed. */
function observedGeneration({ object, report }: ReportInput, marks: ConditionMarks): number {
  const ready = marks["Ready"] ?? conditionOf(object, "Ready");
  if (ready?.status === "True" || report.phase.kind === "invalid") return object.metadata.generation ?? 0;
  return numberAt(object, ["status", "observedGeneration"], -1);
}

function lastApplied(input: ReportInput): string {
  if (input.report.phase.kind === "synced") return appliedRevision(input);
  return textAt(input.object, ["status", "lastAppliedRevision"]);
}

/** What the revision that was applied last was made from, where it tells. */
function lastOrigin({ object, report }: ReportInput): string {
  if (report.phase.kind === "synced") return (report.applied ?? report.revision)?.origin ?? "";
  return textAt(object, ["status", "lastAppliedOriginRevision"]);
}

function lastAttempted(input: ReportInput): string {
  const { object, report } = input;
  const old = textAt(object, ["status", "lastAttemptedRevision"]);
  switch (report.phase.kind) {
    case "render-failed":
      return report.phase.code === "build" ? (report.revision?.text ?? old) : old;
    case "syncing":
    case "sync-failed":
      return syncRevision(input) || old;
    case "synced":
      return lastApplied(input) || old;
    default:
      return old;
  }
}

/** Upstream records what it applied once applying succeeded; what a failed one wrote is recorded here too. */
function inventoryOf({ object, report }: ReportInput): unknown {
  const old = fieldAt(object, ["status", "inventory"]);
  const { phase } = report;
  const wrote =
    phase.kind === "synced" ||
    ((phase.kind === "syncing" || phase.kind === "sync-failed") && phase.step !== "preflight");
  if (!wrote || (phase.kind === "syncing" && phase.step !== "health")) return old;
  if (report.inventory.length === 0 && old === undefined && phase.kind !== "synced") return undefined;
  const entries = report.inventory.toSorted((a, b) => compareApplied(a.id, b.id));
  return { entries: entries.map(({ id, version }) => ({ id: inventoryId(id), v: version })) };
}

function withoutUndefined(status: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));
}
