import type { AppReport } from "#core/app/app-report.ts";
import { fieldAt, numberAt, textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { durationText } from "./duration.ts";
import { failureReason, hasOwnSync } from "./kustomization-marks.ts";
import { timeText } from "./time-text.ts";

/** Upstream's bound: fluxcd/pkg apis/meta/history.go@e2cfd1a. */
const longestHistory = 5;

/** The history after a report, and whether the report added to it. */
export interface HistoryUpdate {
  readonly entries: readonly unknown[];
  readonly recorded: boolean;
}

/**
 * Adds the end of a sync to `status.history`, newest first, one entry for each digest and end. A sync that did nothing
 * new leaves the history alone: counting it would be a write for no news.
 */
export function updatedHistory(object: Resource, report: AppReport): HistoryUpdate {
  const old = fieldAt(object, ["status", "history"]);
  const entries: readonly unknown[] = Array.isArray(old) ? old : [];
  const end = endOf(report);
  if (end === null || !isNews(entries[0], end, report)) return { entries, recorded: false };
  const isSame = (entry: unknown) =>
    textAt(entry, ["digest"]) === end.digest && textAt(entry, ["lastReconciledStatus"]) === end.status;
  const before = entries.find(isSame);
  const snapshot = {
    digest: end.digest,
    firstReconciled: textAt(before, ["firstReconciled"]) || end.at,
    lastReconciled: end.at,
    lastReconciledDuration: end.took,
    lastReconciledStatus: end.status,
    metadata: { revision: end.revision },
    totalReconciliations: numberAt(before, ["totalReconciliations"], 0) + 1,
  };
  return {
    entries: [snapshot, ...entries.filter((entry) => !isSame(entry))].slice(0, longestHistory),
    recorded: true,
  };
}

interface SyncEnd {
  readonly digest: string;
  readonly status: string;
  readonly revision: string;
  readonly at: string;
  readonly took: string;
}

function endOf(report: AppReport): SyncEnd | null {
  const { phase, sync, applied } = report;
  if (report.renderDigest === "" || !hasOwnSync(report)) return null;
  if (phase.kind !== "synced" && phase.kind !== "sync-failed") return null;
  const finished = sync?.finishedAt ?? null;
  const revision = phase.kind === "synced" ? (applied ?? sync?.revision) : sync?.revision;
  if (!revision) return null;
  // A commit that does not touch the app is applied without a sync of its own.
  const ownSync = sync !== null && finished !== null && sync.revision.text === revision.text;
  return {
    digest: report.renderDigest.includes(":") ? report.renderDigest : `holdfast:${report.renderDigest}`,
    status: phase.kind === "synced" ? "ReconciliationSucceeded" : failureReason(phase.step),
    revision: revision.text,
    at: timeText(ownSync ? finished : report.now),
    took: durationText(ownSync ? finished - sync.startedAt : 0),
  };
}

function isNews(last: unknown, end: SyncEnd, { sync }: AppReport): boolean {
  const repeats =
    textAt(last, ["digest"]) === end.digest &&
    textAt(last, ["lastReconciledStatus"]) === end.status &&
    textAt(last, ["metadata", "revision"]) === end.revision;
  if (!repeats) return true;
  const didSomething =
    sync?.results.some(({ outcome }) => ["created", "changed", "deleted"].includes(outcome)) ?? false;
  return didSomething && end.at > textAt(last, ["lastReconciled"]);
}
