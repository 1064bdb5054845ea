import type { AppReport } from "#core/app/app-report.ts";
import type { App } from "#core/app/app.ts";
import type { Resource } from "#core/resource/resource.ts";
import { fieldAt, textAt, withoutNulls } from "./fields.ts";
import { shownOrder } from "./given-manifests.ts";
import type { OperationFields, SpecFields, StatusFields } from "./schema.ts";
import { shownAddress } from "./shown-address.ts";

/** What every part of a report reads. */
export interface ReportContext {
  readonly object: Resource;
  readonly spec: SpecFields;
  readonly old: StatusFields;
  /** The `operation` that stands on the object, or null. */
  readonly pending: OperationFields | null;
  readonly app: App | null;
  readonly report: AppReport;
  /** Nothing can be said about any object: the manifests could not be had. */
  readonly comparisonFailed: boolean;
}

/** Collects what the parts of a report read. */
export function reportContext(input: { object: Resource; app: App | null; report: AppReport }): ReportContext {
  const { object, app, report } = input;
  const operation = withoutNulls(object["operation"]);
  return {
    object,
    spec: shownSpec((withoutNulls(object["spec"]) ?? {}) as SpecFields),
    old: statusOf(object),
    pending: isObject(operation) && Object.keys(operation).length > 0 ? shownOrder(operation) : null,
    app,
    report,
    comparisonFailed: isUnknown(report.phase),
  };
}

/** A status repeats the sources, but not the password that somebody wrote into an address. */
export function shownSpec(spec: SpecFields): SpecFields {
  const { source, sources } = spec;
  const shown = <T extends { readonly repoURL?: string }>(one: T): T =>
    typeof one.repoURL === "string" ? { ...one, repoURL: shownAddress(one.repoURL) } : one;
  return {
    ...spec,
    ...(source && { source: shown(source) }),
    ...(Array.isArray(sources) && { sources: sources.map(shown) }),
  };
}

/** The status as it stands; members of the wrong shape are dropped. */
export function statusOf(object: Resource): StatusFields {
  const status = withoutNulls(object["status"]);
  if (!isObject(status)) return {};
  const kept = Object.entries(status).filter(([name, value]) => {
    const wanted = SHAPES[name];
    if (wanted === undefined) return true;
    return wanted === "list" ? Array.isArray(value) : isObject(value);
  });
  return Object.fromEntries(kept) as StatusFields;
}

/** The destination as the object names it, for annotations of events. */
export function destinationNotes({ spec }: ReportContext): Readonly<Record<string, string>> {
  return {
    "dest-namespace": textAt(fieldAt(spec, "destination"), "namespace"),
    "dest-server": textAt(fieldAt(spec, "destination"), "server"),
  };
}

const SHAPES: Readonly<Record<string, "list" | "object">> = {
  resources: "list",
  history: "list",
  conditions: "list",
  sync: "object",
  health: "object",
  operationState: "object",
  summary: "object",
};

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether what is declared, or what there is, could not be found out. */
function isUnknown(phase: AppReport["phase"]): boolean {
  if (phase.kind === "sync-failed") return phase.unreachable === true;
  return phase.kind === "source-failed" || phase.kind === "render-failed";
}
