import { appKey } from "#core/app/app.ts";
import type { ObjectWrite, ReportInput } from "#core/app/app-report.ts";
import { conditionOf, numberAt } from "#core/health/condition.ts";
import { helmReleaseEvents } from "./helm-release-events.ts";
import { releasePhaseMarks, retryMs } from "./helm-release-marks.ts";
import { memoryFields, releaseInventory } from "./helm-release-status.ts";
import { noticeMarks } from "./notice-marks.ts";
import { type ConditionMarks, markedConditions } from "./status-conditions.ts";

/** The status and events of a HelmRelease in Flux's words. The same report on its own result changes nothing. */
export function reportHelmRelease(input: ReportInput): ObjectWrite {
  const { object, report } = input;
  const old = oldStatus(input);
  // While Flux runs the release its status is Flux's; a new one has nothing to say yet.
  if (report.phase.kind === "shadow" || report.phase.kind === "new") return { status: old, patch: null, events: [] };
  const key = appKey("hr", object.metadata.namespace ?? "", object.metadata.name);
  // Drift has its own condition here.
  const marks: ConditionMarks = { ...noticeMarks(report, key), Drift: null, ...releasePhaseMarks(input) };
  const conditions = markedConditions(object, marks, report.now);
  const status = withoutUndefined({
    ...old,
    conditions: conditions.length === 0 ? undefined : conditions,
    helmChart: helmChartOf(input, old["helmChart"]),
    ...(report.release && report.phase.kind !== "suspended" && memoryFields(object, report.release.memory)),
    inventory: releaseInventory(input),
    lastHandledReconcileAt: report.handledToken ?? old["lastHandledReconcileAt"],
    observedGeneration: observedGeneration(input, marks),
  });
  return { status, patch: null, events: helmReleaseEvents(input, marks) };
}

function oldStatus({ object }: ReportInput): Readonly<Record<string, unknown>> {
  const status = object["status"];
  if (typeof status === "object" && status !== null && !Array.isArray(status)) return { ...status };
  return { observedGeneration: -1 };
}

/** The chart that is made for the release, as `<namespace>/<name>`. */
function helmChartOf({ app, report }: ReportInput, old: unknown): unknown {
  if (!app || report.phase.kind === "suspended") return old;
  const { metadata } = app.declares ?? {};
  return metadata && `${metadata.namespace}/${metadata.name}`;
}

/** A generation counts as observed once nothing more is tried for it at once. */
function observedGeneration(input: ReportInput, marks: ConditionMarks): number {
  const { object, report } = input;
  const ready = marks["Ready"] ?? conditionOf(object, "Ready");
  const { phase, release } = report;
  const isOver = phase.kind === "invalid" || phase.kind === "synced" || phase.kind === "out-of-sync";
  const rests =
    phase.kind === "sync-failed" && release && (release.stalled !== null || retryMs(input, release) !== null);
  if (isOver || rests || ready?.status === "True") return object.metadata.generation ?? 0;
  return numberAt(object, ["status", "observedGeneration"], -1);
}

function withoutUndefined(status: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));
}
