import type { EventNote } from "#core/app/app-report.ts";
import { annotationsOf } from "#core/resource/resource.ts";
import { ROLLED_BACK } from "./rollback.ts";
import { isDone, type OperationState } from "./report-operation.ts";
import { destinationNotes, type ReportContext } from "./report-context.ts";
import { revisionText } from "./report-sources.ts";
import type { StatusFields } from "./schema.ts";

/** What people are told about the step from the old status to the new one; nothing when it is no step. */
export function eventsOf(context: ReportContext, next: StatusFields): EventNote[] {
  const { old } = context;
  const annotations = destinationNotes(context);
  const note = (reason: string, message: string, type: EventNote["type"] = "Normal"): EventNote => ({
    type,
    reason,
    message,
    annotations,
  });
  const operation: EventNote[] = [];
  const [before, after] = [old.operationState, next.operationState];
  const begun = after !== undefined && after.startedAt !== before?.startedAt;
  if (begun && after.operation.initiatedBy?.automated) {
    operation.push(note("OperationStarted", `Initiated automated sync to '${revisionText(after.syncResult)}'`));
  }
  if (isDone(after) && (begun || !isDone(before))) {
    const failed = after.phase !== "Succeeded";
    operation.push(note("OperationCompleted", completionText(after), failed ? "Warning" : "Normal"));
  }
  const events: EventNote[] = [];
  const [sync, health] = [next.sync?.status ?? "", next.health?.status ?? ""];
  if (sync !== (old.sync?.status ?? "")) {
    events.push(note("ResourceUpdated", `Updated sync status: ${old.sync?.status ?? ""} -> ${sync}`));
  }
  if (health !== (old.health?.status ?? "")) {
    const cause = next.health?.message ? ` (${next.health.message})` : "";
    events.push(note("ResourceUpdated", `Updated health status: ${old.health?.status ?? ""} -> ${health}${cause}`));
  }
  const back = context.report.notices.find(({ kind }) => kind === "rolled-back");
  if (back && context.report.rollback?.from !== annotationsOf(context.object)[ROLLED_BACK]) {
    events.push(note("RolledBack", back.message, "Warning"));
  }
  return [...events, ...operation];
}

function completionText(state: OperationState): string {
  const partial = (state.operation.sync?.resources?.length ?? 0) > 0;
  const target = state.syncResult ? ` to ${revisionText(state.syncResult)}` : "";
  const outcome = state.phase === "Succeeded" ? "succeeded" : `failed: ${state.message ?? ""}`;
  return `${partial ? "Partial sync operation" : "Sync operation"}${target} ${outcome}`;
}
