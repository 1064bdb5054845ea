import type { HistoryView } from "#contract/history-view.ts";
import { fieldAt, numberAt, textAt } from "#core/health/condition.ts";
import type { HistoryActions } from "#cli/history.ts";
import { type AppRecord, findApp } from "./cli-app-record.ts";
import { withClient } from "./cli-session.ts";

/** Reads what an app's status remembers. */
export const historyActions: HistoryActions = {
  history: (query, signal) =>
    withClient(query, async (client) => historyOf(await findApp(client, query, signal)), signal),
};

/** Earlier states of an app as its status records them, newest first. */
export function historyOf(record: AppRecord): readonly HistoryView[] {
  const entries = fieldAt(record.object, ["status", "history"]);
  if (!Array.isArray(entries)) return [];
  if (record.dialect.name === "argocd") return entries.map(argoEntry).reverse();
  if (record.kind.kind === "HelmRelease") return entries.map(releaseEntry);
  return entries.map(fluxEntry);
}

function argoEntry(entry: unknown): HistoryView {
  const commit = textAt(entry, ["revision"]);
  const by = textAt(entry, ["initiatedBy", "username"]);
  const message = by === "" ? "automated" : `by ${by}`;
  return { revision: commit, commit, at: textAt(entry, ["deployedAt"]), succeeded: true, message };
}

function fluxEntry(entry: unknown): HistoryView {
  const revision = textAt(entry, ["metadata", "revision"]);
  const status = textAt(entry, ["lastReconciledStatus"]);
  return {
    revision,
    commit: /sha(?:1|256):([0-9a-f]+)$/.exec(revision)?.[1] ?? "",
    at: textAt(entry, ["lastReconciled"]),
    succeeded: status === "ReconciliationSucceeded",
    message: status,
  };
}

function releaseEntry(entry: unknown): HistoryView {
  const text = (field: string) => textAt(entry, [field]);
  const status = text("status");
  const tests = Object.values(fieldAt(entry, ["testHooks"]) ?? {}).map((test: unknown) => textAt(test, ["phase"]));
  const isTested = tests.includes("Failed") ? ", its tests failed" : "";
  return {
    revision: `${text("chartName")}@${text("chartVersion")}`,
    commit: "",
    at: text("lastDeployed"),
    succeeded: status === "deployed" || status === "superseded",
    message: `revision ${numberAt(entry, ["version"], 0)} ${status}${isTested}`,
  };
}
