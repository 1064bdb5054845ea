import type { ObjectWrite, ReportInput } from "#core/app/app-report.ts";
import type { HealthStatus } from "#core/health/health.ts";
import { stableText } from "#core/resource/stable-text.ts";
import { textAt } from "./fields.ts";
import { OPERATION_ANNOTATION } from "./parse-operation.ts";
import { REFRESH_ANNOTATION } from "./refresh.ts";
import { conditionsOf } from "./report-conditions.ts";
import { eventsOf } from "./report-events.ts";
import { historyOf } from "./report-history.ts";
import { isDone, isOrderRefused, operationStateOf } from "./report-operation.ts";
import { type ReportContext, reportContext } from "./report-context.ts";
import { rollbackAnnotations } from "./rollback.ts";
import { hasSeveral } from "./parse-sources.ts";
import { externalUrlsOf } from "./external-urls.ts";
import { comparedRevisions, comparedSources, shownRevisions } from "./report-sources.ts";
import { appHealth, imagesOf, resourceRows, shownObjects, syncStatusOf } from "./report-resources.ts";
import type { StatusFields } from "./schema.ts";
import { timeText } from "./status-time.ts";

/** What to write on an Application; reporting the same again writes nothing and tells nobody. */
export function reportApp(input: ReportInput, controlNamespace: string): ObjectWrite {
  const context = reportContext(input);
  const { report, object } = context;
  const { kind } = report.phase;
  // Beside a live rival the object is the rival's; one that is skipped or was not looked at yet has nothing to say.
  if (kind === "shadow" || kind === "suspended" || kind === "new") {
    return { status: (object["status"] ?? {}) as ObjectWrite["status"], patch: null, events: [] };
  }
  const operationState = operationStateOf(context);
  const parts = kind === "invalid" ? invalidParts(context) : comparedParts(context, controlNamespace);
  const history = historyOf(context, operationState);
  const conditions = conditionsOf(context, operationState);
  const next: StatusFields = compact({
    ...context.old,
    ...parts,
    operationState,
    history,
    conditions: conditions.length === 0 ? undefined : conditions,
  });
  const refreshed = isRefreshHandled(context);
  return {
    status: withReconciledAt(context, next, refreshed),
    patch: patchOf(context, next, refreshed),
    events: eventsOf(context, next),
  };
}

function invalidParts(context: ReportContext): Partial<StatusFields> {
  return {
    sync: { ...context.old.sync, status: "Unknown" },
    health: healthField(context, { status: "Unknown", message: "" }),
  };
}

function comparedParts(context: ReportContext, controlNamespace: string): { [Name in keyof StatusFields]: unknown } {
  const { old, spec, comparisonFailed } = context;
  const resources = resourceRows(context);
  return {
    sync: {
      status: syncStatusOf(context),
      ...comparedRevisions(spec, shownRevisions(context)),
      comparedTo: compact({
        destination: spec.destination,
        ...comparedSources(spec),
        ignoreDifferences: spec.ignoreDifferences?.length ? spec.ignoreDifferences : undefined,
      }),
    },
    health: healthField(context, appHealth(context)),
    resources: resources.length === 0 ? undefined : resources,
    summary: comparisonFailed && resources.length > 0 ? old.summary : summaryOf(context),
    ...sourceTypes(context),
    controllerNamespace: controlNamespace,
    resourceHealthSource: "appTree",
  };
}

/** What people look for first: where the app is found, and what runs in it. */
function summaryOf(context: ReportContext): NonNullable<StatusFields["summary"]> {
  const objects = shownObjects(context);
  const { images: _images, externalURLs: _urls, ...others } = context.old.summary ?? {};
  const images = imagesOf(objects);
  const externalURLs = externalUrlsOf(context.object, objects);
  return {
    ...others,
    ...(externalURLs.length > 0 && { externalURLs }),
    ...(images.length > 0 && { images }),
  };
}

const SOURCE_TYPES = { kustomize: "Kustomize", directory: "Directory", helm: "Helm", plugin: "Plugin" } as const;

/** What the sources are; one that is there for others only is nothing. */
function sourceTypes({ report, spec, old }: ReportContext): Pick<StatusFields, "sourceType" | "sourceTypes"> {
  const { renderer, renderers } = report;
  const typeOf = (one: typeof renderer) => (one === null ? "" : SOURCE_TYPES[one]);
  if (!hasSeveral(spec)) {
    return { sourceType: renderer === null ? old.sourceType : typeOf(renderer), sourceTypes: undefined } as never;
  }
  const known = renderers ?? (renderer === null ? null : [renderer]);
  return { sourceType: undefined, sourceTypes: known ? known.map(typeOf) : old.sourceTypes } as never;
}

/** The message tells what caused the last transition; it stays until the next one, so that details cause no write. */
function healthField(
  { old, report }: ReportContext,
  health: { status: HealthStatus; message: string },
): NonNullable<StatusFields["health"]> {
  if (old.health?.status === health.status) return old.health;
  return compact({
    status: health.status,
    message: health.message === "" ? undefined : health.message,
    lastTransitionTime: timeText(report.now),
  });
}

/** Moves only when something was done, so that an idle app causes no write. */
function withReconciledAt(context: ReportContext, next: StatusFields, refreshed: boolean): StatusFields {
  if (context.report.phase.kind === "invalid") return next;
  const unchanged = stableText(next) === stableText(context.old) && next.reconciledAt !== undefined;
  return unchanged && !refreshed ? next : { ...next, reconciledAt: timeText(context.report.now) };
}

function isRefreshHandled({ object, app, report }: ReportContext): boolean {
  if (textAt(object.metadata, "annotations", REFRESH_ANNOTATION) === "") return false;
  return app !== null && app.refreshToken !== null && report.handledToken === app.refreshToken;
}

/** Consumes what was handled: the refresh annotation, and the operation once it has ended. */
function patchOf(context: ReportContext, next: StatusFields, refreshed: boolean): ObjectWrite["patch"] {
  const annotations: Record<string, string | null> = {
    ...(context.app && rollbackAnnotations(context.object, context.report.rollback)),
    ...(refreshed && { [REFRESH_ANNOTATION]: null }),
  };
  const begun = textAt(context.object.metadata, "annotations", OPERATION_ANNOTATION);
  const consumed = isOperationOver(context, next, begun);
  const token = context.report.sync?.request?.token;
  const pendingToken = context.pending ? context.app?.request?.token : undefined;
  if (begun !== "" && (consumed || !context.pending)) annotations[OPERATION_ANNOTATION] = null;
  else if (!consumed && begun === "" && token !== undefined && token === pendingToken) {
    annotations[OPERATION_ANNOTATION] = token;
  }
  const metadata = Object.keys(annotations).length > 0 ? { metadata: { annotations } } : {};
  const patch = { ...metadata, ...(consumed ? { operation: null } : {}) };
  return Object.keys(patch).length === 0 ? null : patch;
}

function isOperationOver(context: ReportContext, next: StatusFields, begun: string): boolean {
  const { pending, app, report, old } = context;
  if (!pending) return false;
  const refusedNow =
    isOrderRefused(context) && isDone(next.operationState) && next.operationState !== old.operationState;
  const token = app?.request?.token;
  if (token === undefined) return refusedNow && stableText(next.operationState?.operation) === stableText(pending);
  if (report.sync?.request?.token === token) return isDone(next.operationState);
  if (begun === token && report.sync !== null) return true;
  return refusedNow && stableText(next.operationState?.operation) === stableText(pending);
}

function compact<T extends object>(value: T): never {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as never;
}
