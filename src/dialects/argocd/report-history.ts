import type { OperationState } from "./report-operation.ts";
import type { ReportContext } from "./report-context.ts";
import type { StatusFields } from "./schema.ts";

type History = NonNullable<StatusFields["history"]>;

const DEFAULT_LIMIT = 10;

/** The history after this report: complete syncs that succeeded, the newest last, as many as the spec keeps. */
export function historyOf(context: ReportContext, state: OperationState | undefined): History | undefined {
  const { old, spec } = context;
  const history = old.history ?? [];
  if (!state || !isRecorded(state) || isKnown(history, state)) return old.history;
  const entry = {
    deployStartedAt: state.startedAt,
    deployedAt: state.finishedAt ?? state.startedAt,
    id: (history.at(-1)?.id ?? -1) + 1,
    initiatedBy: state.operation.initiatedBy ?? {},
    revision: state.syncResult?.revision ?? "",
    ...(state.syncResult?.source ? { source: state.syncResult.source } : {}),
  };
  const limit = Math.max(0, spec.revisionHistoryLimit ?? DEFAULT_LIMIT);
  const kept = limit === 0 ? [] : [...history, entry].slice(-limit);
  return kept.length === 0 ? undefined : kept;
}

function isRecorded(state: OperationState): boolean {
  const sync = state.operation.sync ?? {};
  return state.phase === "Succeeded" && !sync.dryRun && (sync.resources?.length ?? 0) === 0;
}

function isKnown(history: History, state: OperationState): boolean {
  const last = history.at(-1);
  return last?.deployStartedAt === state.startedAt && last.revision === state.syncResult?.revision;
}
