import type { HelmRelease } from "#core/helm/release.ts";
import type { ReleaseAction, ReleaseSnapshot, TestRun } from "./release-memory.ts";

/** A revision as its record holds it. */
export interface RecordedRevision {
  readonly release: HelmRelease;
  readonly digest: string;
  readonly configDigest: string;
}

/** What a status keeps of a revision; `tested` says whether the runs of its test hooks count. */
export function snapshotOf(
  { release, digest, configDigest }: RecordedRevision,
  facts: { readonly ociDigest: string; readonly action: ReleaseAction | ""; readonly tested: boolean },
): ReleaseSnapshot {
  const { metadata } = release.chart;
  return {
    name: release.name,
    namespace: release.namespace,
    version: release.version,
    status: release.info.status,
    chartName: metadata.name,
    chartVersion: metadata.version,
    appVersion: metadata.appVersion ?? "",
    ociDigest: facts.ociDigest,
    digest,
    configDigest,
    firstDeployed: wholeSeconds(release.info.first_deployed),
    lastDeployed: wholeSeconds(release.info.last_deployed),
    deleted: wholeSeconds(release.info.deleted),
    tests: facts.tested ? testRuns(release) : undefined,
    action: facts.action,
  };
}

function testRuns({ hooks = [] }: HelmRelease): Readonly<Record<string, TestRun>> {
  const tests = hooks.filter(({ events }) => events?.includes("test"));
  return Object.fromEntries(
    tests.map(({ name = "", last_run: run }) => [
      name,
      {
        ...(wholeSeconds(run.started_at) && { started: wholeSeconds(run.started_at) }),
        ...(wholeSeconds(run.completed_at) && { completed: wholeSeconds(run.completed_at) }),
        ...(run.phase && { phase: run.phase }),
      },
    ]),
  );
}

/** Helm's times have fractions and zones, those of a status have neither; "" for none. */
function wholeSeconds(time: string | undefined): string {
  const at = Date.parse(time ?? "");
  return Number.isNaN(at) || at <= 0 ? "" : new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}
