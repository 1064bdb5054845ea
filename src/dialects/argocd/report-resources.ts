import type { ObjectReport } from "#core/app/app-report.ts";
import { appKey } from "#core/app/app.ts";
import { type HealthStatus, worstOf } from "#core/health/health.ts";
import { annotationsOf } from "#core/resource/resource.ts";
import type { ReportContext } from "./report-context.ts";
import { APP_SHORT } from "./app-short.ts";
import { fieldAt, listAt, textAt } from "./fields.ts";
import { hookRole } from "./hook.ts";
import { asksForConfirmation, ignoresExtraneous } from "./object-options.ts";
import { isOwnNamespace } from "./own-namespace.ts";
import { waveOf } from "./stages.ts";

/** One row of `status.resources`. */
export type ResourceRow = Readonly<Record<string, unknown>>;

const MAX_CAUSES = 3;

/** The rows of `status.resources`, in the order of group, kind, namespace and name. */
export function resourceRows(context: ReportContext): ResourceRow[] {
  const { old, comparisonFailed } = context;
  const objects = shownObjects(context);
  if (comparisonFailed && objects.length === 0) {
    return (old.resources ?? []).map((row) => ({ ...row, status: "Unknown" }));
  }
  return objects
    .map((object) => ({ row: rowOf(object, context), sort: rowKey(object) }))
    .sort((a, b) => (a.sort < b.sort ? -1 : a.sort > b.sort ? 1 : 0))
    .map(({ row }) => row);
}

function rowOf(object: ObjectReport, context: ReportContext): ResourceRow {
  const { id, version, declared, comparison } = object;
  const wave = declared && comparison !== "extra" ? waveOf(declared) : 0;
  const status = rowStatus(object, context);
  return {
    ...(id.group === "" ? {} : { group: id.group }),
    kind: id.kind,
    name: id.name,
    ...(id.namespace === "" ? {} : { namespace: id.namespace }),
    ...(object.hook ? { hook: true } : {}),
    ...(comparison === "extra" ? { requiresPruning: true } : {}),
    ...(declared && asksForConfirmation(declared) ? { requiresDeletionConfirmation: true } : {}),
    ...(status === "" ? {} : { status }),
    ...(wave === 0 ? {} : { syncWave: wave }),
    version,
  };
}

function rowStatus(object: ObjectReport, context: ReportContext): string {
  if ((context.comparisonFailed && !object.hook) || isForbidden(object, context)) return "Unknown";
  if (object.hook || isSkipped(object)) return "";
  if (object.comparison === "same") return "Synced";
  return object.comparison === "unknown" ? "Unknown" : "OutOfSync";
}

/** How the app compares as a whole. */
export function syncStatusOf(context: ReportContext): "Synced" | "OutOfSync" | "Unknown" {
  if (context.comparisonFailed) return "Unknown";
  const objects = shownObjects(context).filter(
    (object) => !object.hook && !isSkipped(object) && !isIgnoredExtra(object),
  );
  const found = new Set(objects.map((object) => object.comparison));
  if (found.has("different") || found.has("missing") || found.has("extra")) return "OutOfSync";
  if (context.report.phase.kind === "sync-failed" || context.report.phase.kind === "out-of-sync") return "OutOfSync";
  if (context.report.rollback?.from) return "OutOfSync";
  return found.has("unknown") ? "Unknown" : "Synced";
}

/** How well the app does as a whole, and which objects are to blame. */
export function appHealth(context: ReportContext): { status: HealthStatus; message: string } {
  const objects = shownObjects(context).filter((object) => !object.hook && !isSkipped(object));
  if (!objects.some(isLive)) {
    // Nothing is declared that anybody could miss, unless what is declared was refused as a whole.
    const expected = objects.length > 0 || context.report.phase.kind === "sync-failed";
    return { status: expected && !context.comparisonFailed ? "Missing" : "Healthy", message: "" };
  }
  const judged = objects.filter((object) => countsForHealth(object, context));
  const status = worstOf(judged.map((object) => object.health?.status ?? "Healthy"));
  if (status === "Healthy") return { status, message: "" };
  const causes = judged.filter((object) => object.health?.status === status).map(causeText);
  const more = causes.length > MAX_CAUSES ? ` and ${causes.length - MAX_CAUSES} more` : "";
  return { status, message: `Caused by ${causes.slice(0, MAX_CAUSES).join(", ")}${more}` };
}

function countsForHealth(object: ObjectReport, { object: app, report }: ReportContext): boolean {
  const { id, health, declared } = object;
  if (health === null || health.status === "Missing" || !isLive(object)) return false;
  if (declared && annotationsOf(declared)["argocd.argoproj.io/ignore-healthcheck"] === "true") return false;
  if (id.group !== "argoproj.io" || id.kind !== "Application") return true;
  const self = id.name === app.metadata.name && id.namespace === app.metadata.namespace;
  return !self && !isInCircle(object, report) && health.status !== "Unknown";
}

/** Of Applications that hold each other none can wait for the others. */
function isInCircle({ id }: ObjectReport, { notices }: ReportContext["report"]): boolean {
  const key = appKey(APP_SHORT, id.namespace, id.name);
  return notices.some(({ kind, apps = [] }) => kind === "circle" && apps.includes(key));
}

/** Every image of the declared workloads, sorted, each once. */
export function imagesOf(objects: readonly ObjectReport[]): string[] {
  return [...new Set(objects.flatMap((object) => objectImages(object)))].sort();
}

/** The images of one declared workload in the order of its containers. */
export function objectImages({ declared }: ObjectReport): string[] {
  const spec = declared?.["spec"];
  const pods = [spec, fieldAt(spec, "template", "spec"), fieldAt(spec, "jobTemplate", "spec", "template", "spec")];
  return pods
    .flatMap((pod) => [...listAt(pod, "initContainers"), ...listAt(pod, "containers")])
    .map((container) => textAt(container, "image"))
    .filter((image) => image !== "");
}

/** The objects that people see: all but the namespace that was made for the app. */
export function shownObjects({ report }: ReportContext): readonly ObjectReport[] {
  return report.objects.filter((object) => !object.declared || !isOwnNamespace(object.declared));
}

function isLive(object: ObjectReport): boolean {
  if (object.comparison === "unknown") return object.health !== null && object.health.status !== "Missing";
  return object.comparison !== "missing";
}

function isSkipped(object: ObjectReport): boolean {
  return object.declared !== null && object.comparison !== "extra" && hookRole(object.declared).kind === "skip";
}

function isIgnoredExtra(object: ObjectReport): boolean {
  return object.comparison === "extra" && object.declared !== null && ignoresExtraneous(object.declared);
}

function isForbidden(object: ObjectReport, { report }: ReportContext): boolean {
  const failed = report.sync?.results.find((result) => result.key === object.key && result.outcome === "failed");
  return failed !== undefined && failed.message.includes(" is not permitted in project ");
}

function causeText({ id }: ObjectReport): string {
  const kind = id.group === "" ? id.kind : `${id.group}/${id.kind}`;
  return id.namespace === "" ? `${kind}:${id.name}` : `${kind}:${id.namespace}/${id.name}`;
}

function rowKey({ id }: ObjectReport): string {
  return [id.group, id.kind, id.namespace, id.name].join("/");
}
