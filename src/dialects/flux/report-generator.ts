import type { EventNote, ObjectWrite, SourceReport, SourceReportInput } from "#core/app/app-report.ts";
import { conditionOf, fieldAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { assertNever } from "#core/result.ts";
import { generatorMade } from "./generated-artifact.ts";
import { foreignSourcePath } from "./parse-artifact-generator.ts";
import { alreadySays, type ConditionMark, type ConditionMarks, markedConditions } from "./status-conditions.ts";

const inProgress = "Reconciliation in progress";

/** The status and events of an ArtifactGenerator in Flux's words. The same report on its own result changes nothing. */
export function reportGenerator({ object, report }: SourceReportInput): ObjectWrite {
  const { state, generated, revision, handledToken, now } = report;
  const marks = marksOf(object, report);
  const conditions = markedConditions(object, marks, now);
  const isReady = state.kind === "ready" && generated !== undefined;
  const old = fieldAt(object, ["status"]);
  const status: Record<string, unknown> = {
    ...(typeof old === "object" ? old : {}),
    ...(conditions.length > 0 && { conditions }),
    ...(isReady && { inventory: generated, observedSourcesDigest: revision?.text }),
    ...(handledToken !== null && { lastHandledReconcileAt: handledToken }),
  };
  return { status, patch: null, events: eventsOf(object, { report, marks }) };
}

function marksOf(object: Resource, { state, generated = [] }: SourceReport): ConditionMarks {
  switch (state.kind) {
    case "suspended": {
      if (conditionOf(object, "Ready")) return {};
      const message = "Initialized with reconciliation suspended";
      return { Ready: { status: "True", reason: "ReconciliationDisabled", message } };
    }
    case "invalid": {
      const isForeign = state.problems.some(({ path }) => path === foreignSourcePath);
      const message = state.problems.map(({ path, message: what }) => `${path}: ${what}`).join("; ");
      return stalled(isForeign ? "AccessDenied" : "ValidationFailed", message);
    }
    case "ready": {
      const message = `reconciliation succeeded, generated ${generated.length} artifact(s)`;
      return { Ready: { status: "True", reason: "Succeeded", message }, Reconciling: null, Stalled: null };
    }
    case "failed":
      return failedMarks(state);
    default:
      return assertNever(state);
  }
}

function failedMarks({ reason, message }: Extract<SourceReport["state"], { kind: "failed" }>): ConditionMarks {
  if (reason === "config") return stalled("ValidationFailed", message);
  const words = {
    input: { reason: "SourceFetchFailed", message: `get sources failed: ${message}` },
    publish: { reason: "ReconciliationFailed", message },
  } as const;
  const told = reason === "input" || reason === "publish" ? words[reason] : { reason: "BuildFailed", message };
  return {
    Ready: { status: "False", ...told },
    Reconciling: { status: "True", reason: "ProgressingWithRetry", message: inProgress },
    Stalled: null,
  };
}

function stalled(reason: string, message: string): ConditionMarks {
  return {
    Ready: { status: "False", reason, message },
    Reconciling: null,
    Stalled: { status: "True", reason, message },
  };
}

function eventsOf(
  object: Resource,
  { report, marks }: { readonly report: SourceReport; readonly marks: ConditionMarks },
): readonly EventNote[] {
  const ready = marks["Ready"];
  if (!ready) return [];
  const note = (type: EventNote["type"], { reason, message }: Pick<ConditionMark, "reason" | "message">): EventNote => {
    return { type, reason, message, annotations: {} };
  };
  if (ready.status === "False") {
    return alreadySays(conditionOf(object, "Ready"), ready) ? [] : [note("Warning", ready)];
  }
  if (report.state.kind !== "ready") return [];
  const known = new Set(generatorMade(object).map(({ name, digest }) => `${name} ${digest}`));
  const news = (report.generated ?? []).filter(({ name, digest }) => !known.has(`${name} ${digest}`));
  if (news.length === 0) return [];
  const lines = news.map(
    ({ namespace, name, digest }) => `ExternalArtifact/${namespace}/${name} reconciled with digest ${digest}`,
  );
  return [note("Normal", { reason: "Ready", message: [ready.message, ...lines].join("\n") })];
}
