import type { ObjectResult, RestoredState, SyncReport } from "#core/app/app-report.ts";
import { idKey, type ResourceId } from "#core/resource/resource-id.ts";
import { stableText } from "#core/resource/stable-text.ts";
import type { Resource } from "#core/resource/resource.ts";
import { jointRevision } from "#core/source/joint-revision.ts";
import type { Revision } from "#core/source/source.ts";
import { fieldAt, textAt, withoutNulls } from "./fields.ts";
import { OPERATION_ANNOTATION, requestOf } from "./parse-operation.ts";
import { shownSpec, statusOf } from "./report-context.ts";
import { isDone, type OperationState } from "./report-operation.ts";
import { type SpecFields, type StatusFields, statusSchema } from "./schema.ts";
import { schemaProblems } from "./schema-problems.ts";
import { timeMs } from "./status-time.ts";

const RETRY_NOTE = /(\. Retrying attempt #\d+ at \S+\.| \(retried \d+ times\)\.)$/;

/** What an app is at that was given its objects. */
const NO_REVISION: Revision = { text: "", commit: "", refName: null };

/** What a restarted controller reads back from an Application; a status that nobody could have written says nothing. */
export function restore(object: Resource): RestoredState {
  const read = statusOf(object);
  const status = schemaProblems(statusSchema, read, "status").length > 0 ? {} : read;
  const { operationState } = status;
  const synced = status.sync?.status === "Synced" ? toldRevision(status.sync) : null;
  const attempted = synced ?? toldRevision(operationState?.syncResult);
  const applied = operationState?.phase === "Succeeded" ? attempted : (synced ?? toldRevision(status.history?.at(-1)));
  return {
    applied,
    attempted,
    handledToken: null,
    inventory: (status.resources ?? [])
      .filter((row) => row.hook !== true && row.kind !== undefined && row.name !== undefined)
      .map((row) => ({ id: rowId(row), version: row.version ?? "" })),
    sync: operationState ? syncOf(object, operationState, status) : null,
    ...failureOf(operationState),
    isCurrent: isComparedWith(object, (withoutNulls(object["spec"]) ?? {}) as SpecFields),
    release: null,
  };
}

/** The revisions of each source that the app was compared with last, when that was under the sources that it has now. */
export function recordedRevisions(object: Resource, spec: SpecFields): readonly (Revision | null)[] {
  if (!isComparedWith(object, spec)) return [];
  const { sync, operationState } = statusOf(object);
  const { syncResult } = operationState ?? {};
  const told = sync?.revisions ?? [sync?.revision ?? ""];
  const synced = syncResult?.revisions ?? [syncResult?.revision ?? ""];
  // A comparison that failed leaves the ref in place of the commit.
  const isCommit = (text: string | undefined) => /^[0-9a-f]{40}$/.test(text ?? "");
  return told.map((text, at) => revisionOf([text, synced[at]].find(isCommit) ?? ""));
}

/** What the status says each source was at, when the app was compared last. */
export function comparedRevisions(object: Resource): readonly string[] {
  const { sync } = statusOf(object);
  return sync?.revisions ?? [sync?.revision ?? ""];
}

/** Whether the app was compared last with the sources that it has now. */
export function isComparedWith(object: Resource, spec: SpecFields): boolean {
  const compared = fieldAt(object["status"], "sync", "comparedTo");
  const { source, sources } = shownSpec(spec);
  const name = sources?.length ? "sources" : "source";
  const before = withoutNulls(fieldAt(compared, name));
  return before !== undefined && stableText(before) === stableText(sources?.length ? sources : source);
}

function syncOf(object: Resource, state: OperationState, status: StatusFields): SyncReport | null {
  const startedAt = timeMs(state.startedAt);
  const { operation } = state;
  const given = operation.sync?.manifests?.length ? NO_REVISION : null;
  const revision = toldRevision(state.syncResult) ?? given;
  if (startedAt === null || revision === null) return null;
  const waiting = state.phase === "Running" && state.finishedAt !== undefined;
  const spec = (withoutNulls(object["spec"]) ?? {}) as SpecFields;
  return {
    id: state.startedAt,
    startedAt,
    finishedAt: state.finishedAt === undefined ? null : timeMs(state.finishedAt),
    revision,
    request: operation.initiatedBy?.automated ? null : requestOf(operation, spec, tokenOf(object, state)),
    healAttempts: operation.sync?.autoHealAttemptsCount ?? 0,
    retries: Math.max(0, (state.retryCount ?? 0) - (waiting ? 1 : 0)),
    outcome: outcomeOf(state, waiting),
    message: (state.message ?? "").replace(RETRY_NOTE, ""),
    results: (state.syncResult?.resources ?? []).map((row) => resultOf(row, status)),
  };
}

/** A failure that tells of no object was a refusal: nothing was tried. */
function failureOf(state: OperationState | undefined): Pick<RestoredState, "isRetried"> {
  if (!state?.finishedAt || !state.syncResult?.resources?.length) return {};
  if (state.phase === "Running") return { isRetried: true };
  return state.phase === "Failed" ? { isRetried: false } : {};
}

/** An order that is being carried out is named by its annotation. */
function tokenOf(object: Resource, state: OperationState): string {
  const begun = textAt(object.metadata, "annotations", OPERATION_ANNOTATION);
  return begun !== "" && !isDone(state) ? begun : `operation:${state.startedAt}`;
}

function outcomeOf(state: OperationState, waiting: boolean): SyncReport["outcome"] {
  if (state.phase === "Succeeded") return "succeeded";
  if (state.phase === "Terminating") return state.finishedAt === undefined ? "running" : "terminated";
  return waiting || isDone(state) ? "failed" : "running";
}

type ResultRow = NonNullable<NonNullable<OperationState["syncResult"]>["resources"]>[number];

function resultOf(row: ResultRow, status: StatusFields): ObjectResult {
  const { group, kind, name } = row;
  // Rows of cluster-scoped objects carry the app's namespace; the comparison's rows tell them apart.
  const compared = status.resources?.find((other) => {
    return (other.group ?? "") === group && other.kind === kind && other.name === name && !other.namespace;
  });
  const id = { group, kind, name, namespace: compared ? "" : row.namespace };
  const message = row.message ?? "";
  const base = { key: idKey(id), id, version: row.version, message };
  return { ...base, outcome: resultOutcome(row.status ?? "", message), ...progressOf(row) };
}

/** How far hooks have come, and what failed: a sync that goes on must know. */
function progressOf({ hookType, hookPhase }: ResultRow): Pick<ObjectResult, "hook" | "phase"> {
  const failed = hookPhase === "Failed" || hookPhase === "Error";
  if (!hookType) return failed ? { phase: "Failed" } : {};
  return { hook: hookType, phase: failed ? "Failed" : hookPhase === "Succeeded" ? "Succeeded" : "Running" };
}

function resultOutcome(status: string, message: string): ObjectResult["outcome"] {
  if (status === "SyncFailed") return "failed";
  if (status === "Pruned") return "deleted";
  if (status === "PruneSkipped") return "kept";
  if (message.includes(" created")) return "created";
  return message.includes(" unchanged") ? "unchanged" : "changed";
}

function rowId(row: NonNullable<StatusFields["resources"]>[number]): ResourceId {
  return { group: row.group ?? "", kind: row.kind ?? "", namespace: row.namespace ?? "", name: row.name ?? "" };
}

/** What a part of a status names: one revision, or one of each of several sources. */
function toldRevision(told: { revision?: string; revisions?: readonly string[] } | undefined): Revision | null {
  return told?.revisions?.length ? jointRevision(told.revisions) : revisionOf(told?.revision ?? "");
}

function revisionOf(commit: string): Revision | null {
  return commit === "" ? null : { text: commit, commit, refName: null };
}
