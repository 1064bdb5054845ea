import type { OperationState } from "./report-operation.ts";
import type { ReportContext } from "./report-context.ts";
import { isAbout } from "./report-sources.ts";
import type { StatusFields } from "./schema.ts";

type History = NonNullable<StatusFields["history"]>;

const DEFAULT_LIMIT = 10;

/** The history after this report: complete syncs that succeeded, the newest last, as many as the spec keeps. */
export function historyOf(context: ReportContext, state: OperationState | undefined): History | undefined {
  const { old, spec } = context;
  const history = old.history ?? [];
  if (!state || !isRecorded(state) || isKnown(history, state)) return old.history;
  const { revision = "", revisions, source, sources } = state.syncResult ?? {};
  const entry = {
    deployStartedAt: state.startedAt,
    deployedAt: state.finishedAt ?? state.startedAt,
    id: (history.at(-1)?.id ?? -1) + 1,
    initiatedBy: state.operation.initiatedBy ?? {},
    ...(revisions?.length ? { revisions } : { revision }),
    ...(source && { source }),
    ...(sources && { sources }),
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
  return last?.deployStartedAt === state.startedAt && isAbout(last, toldTexts(state));
}

function toldTexts({ syncResult }: OperationState): readonly string[] {
  return syncResult?.revisions?.length ? syncResult.revisions : [syncResult?.revision ?? ""];
}
