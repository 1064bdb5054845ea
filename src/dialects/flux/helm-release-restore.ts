import type { RestoredState } from "#core/app/app-report.ts";
import { fieldAt, numberAt, textAt } from "#core/health/condition.ts";
import type { HelmReleaseStatus } from "#core/helm/release.ts";
import type {
  ReleaseAction,
  ReleaseAttempt,
  ReleaseMemory,
  ReleaseSnapshot,
  TestRun,
} from "#core/release/release-memory.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Revision } from "#core/source/source.ts";
import { parseDuration } from "./duration.ts";
import { restore } from "./restore.ts";

/** Reads back what a HelmRelease's status records. */
export function restoreRelease(object: Resource): RestoredState {
  const release = memoryOf(object);
  const { attempted } = release;
  const last = release.history.find(({ status }) => status === "deployed");
  return {
    ...restore(object),
    applied: last ? chartRevision(last) : null,
    attempted: attempted && chartRevision(attempted),
    release,
  };
}

/** A chart's version; only that of an artifact in a registry tells the content too. */
function chartRevision({ chartVersion, ociDigest }: Pick<ReleaseAttempt, "chartVersion" | "ociDigest">): Revision {
  return { text: chartVersion, commit: ociDigest, refName: null };
}

function memoryOf(object: Resource): ReleaseMemory {
  const text = (field: string) => textAt(object, ["status", field]);
  const count = (field: string) => numberAt(object, ["status", field], 0);
  const action = text("lastAttemptedReleaseAction");
  return {
    history: historyOf(object),
    failures: count("failures"),
    installFailures: count("installFailures"),
    upgradeFailures: count("upgradeFailures"),
    attempted: attemptOf(object),
    lastAction: action === "install" || action === "upgrade" ? action : "",
    lastActionMs: parseDuration(text("lastAttemptedReleaseActionDuration")) ?? 0,
    storageNamespace: text("storageNamespace"),
    postRenderersDigest: text("observedPostRenderersDigest"),
    commonMetadataDigest: text("observedCommonMetadataDigest"),
    forceToken: text("lastHandledForceAt") || null,
    resetToken: text("lastHandledResetAt") || null,
  };
}

function attemptOf(object: Resource): ReleaseAttempt | null {
  const text = (field: string) => textAt(object, ["status", field]);
  const chartVersion = text("lastAttemptedRevision");
  const generation = numberAt(object, ["status", "lastAttemptedGeneration"], 0);
  if (chartVersion === "" || generation === 0) return null;
  return {
    generation,
    chartVersion,
    ociDigest: text("lastAttemptedRevisionDigest"),
    configDigest: text("lastAttemptedConfigDigest"),
  };
}

function historyOf(object: Resource): readonly ReleaseSnapshot[] {
  const entries = fieldAt(object, ["status", "history"]);
  if (!Array.isArray(entries)) return [];
  return entries.map(snapshotOf).toSorted((a, b) => b.version - a.version);
}

function snapshotOf(entry: unknown): ReleaseSnapshot {
  const text = (field: string) => textAt(entry, [field]);
  return {
    name: text("name"),
    namespace: text("namespace"),
    version: numberAt(entry, ["version"], 0),
    status: text("status") as HelmReleaseStatus,
    chartName: text("chartName"),
    chartVersion: text("chartVersion"),
    appVersion: text("appVersion"),
    ociDigest: text("ociDigest"),
    digest: text("digest"),
    configDigest: text("configDigest"),
    firstDeployed: text("firstDeployed"),
    lastDeployed: text("lastDeployed"),
    deleted: text("deleted"),
    tests: testsOf(entry),
    action: actionOf(text("action")),
  };
}

function actionOf(text: string): ReleaseSnapshot["action"] {
  const known: Readonly<Record<string, ReleaseAction>> = {
    install: "install",
    upgrade: "upgrade",
    rollback: "rollback",
    uninstall: "uninstall",
    "uninstall-remediation": "uninstall",
  };
  return known[text] ?? "";
}

function testsOf(entry: unknown): ReleaseSnapshot["tests"] {
  const hooks = fieldAt(entry, ["testHooks"]);
  if (typeof hooks !== "object" || hooks === null) return undefined;
  const names = Object.keys(hooks);
  return Object.fromEntries(
    names.map((name): [string, TestRun] => {
      const text = (field: string) => textAt(hooks, [name, field]);
      const [started, completed, phase] = [text("lastStarted"), text("lastCompleted"), text("phase")];
      return [name, { ...(started && { started }), ...(completed && { completed }), ...(phase && { phase }) }];
    }),
  );
}
