import { describe, expect, test } from "vitest";
import type { SourceReport } from "#core/app/app-report.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Source, SourceKey } from "#core/source/source.ts";
import { helmRevision } from "./parse-helm-repository.ts";
import { parseSource } from "./parse-source.ts";
import { reportSource } from "./report-source.ts";
import { now } from "./testdata/reports.ts";

const DIGEST = `sha256:${"0a".repeat(32)}`;

interface Written {
  readonly artifact?: object;
  readonly conditions: readonly { type: string; status: string; reason: string; message: string }[];
  readonly observedGeneration: number;
}

function object(kind: string, spec: object): Resource {
  const metadata = { name: "web", namespace: "shop", generation: 2 };
  return { apiVersion: "source.toolkit.fluxcd.io/v1", kind, metadata, spec };
}

const repository = object("HelmRepository", { url: "https://charts.example" });
const chart = (spec: object = {}) =>
  object("HelmChart", { chart: "web", sourceRef: { kind: "HelmRepository", name: "web" }, ...spec });
const stored = helmRevision(DIGEST, "6.0.3");

function written(
  of: Resource,
  state: SourceReport["state"],
  revision: SourceReport["revision"] = null,
  origin: { source: Source; at: string } | null = null,
) {
  const included = origin
    ? [{ source: origin.source, revision: { text: origin.at, commit: "c", refName: null } }]
    : undefined;
  const { status, events } = reportSource({
    object: of,
    source: origin && { ...origin.source, origin: { source: "GitRepository/shop/repo" as SourceKey, name: "it" } },
    report: { state, revision, handledToken: null, now, ...(included && { included }) },
  });
  return { status: status as unknown as Written, events, object: { ...of, status } };
}

/** Conditions as `Type=Status Reason: message`. */
function conditionsOf({ conditions }: Written): readonly string[] {
  return conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`);
}

describe("a HelmRepository", () => {
  test("that was read has the digest of its index as its revision", () => {
    const { status, events } = written(repository, { kind: "ready" }, helmRevision(DIGEST, null));
    const said = `Succeeded: stored artifact: revision '${DIGEST}'`;
    expect(conditionsOf(status)).toEqual([`Ready=True ${said}`, `ArtifactInStorage=True ${said}`]);
    expect(status.artifact).toMatchObject({
      revision: DIGEST,
      digest: DIGEST,
      path: `helmrepository/shop/web/index-${"0a".repeat(32)}.yaml`,
    });
    expect(events).toMatchObject([
      { reason: "NewArtifact", message: "stored fetched index from 'https://charts.example'" },
    ]);
  });

  test("that cannot be read says so and is tried again", () => {
    const { status } = written(repository, { kind: "failed", reason: "fetch", message: "no answer" });
    expect(conditionsOf(status)).toEqual([
      "Reconciling=True ProgressingWithRetry: building artifact",
      "Ready=False Failed: failed to fetch Helm repository index: no answer",
      "FetchFailed=True Failed: failed to fetch Helm repository index: no answer",
    ]);
  });

  test("of type oci has no status", () => {
    const status = { observedGeneration: -1 };
    expect(written({ ...repository, status }, { kind: "suspended" }).status).toEqual(status);
  });
});

describe("a HelmChart", () => {
  test("that was pulled has the version as its revision", () => {
    const { status, events } = written(chart(), { kind: "ready" }, stored);
    const said = "ChartPullSucceeded: pulled 'web' chart with version '6.0.3'";
    expect(conditionsOf(status)).toEqual([`Ready=True ${said}`, `ArtifactInStorage=True ${said}`]);
    expect(status).toMatchObject({
      observedChartName: "web",
      observedGeneration: 2,
      artifact: { revision: "6.0.3", digest: DIGEST, path: "helmchart/shop/web/web-6.0.3.tgz" },
    });
    expect(events).toMatchObject([{ type: "Normal", reason: "ChartPullSucceeded" }]);
  });

  test("that was packed anew tells of its values files", () => {
    const { status } = written(chart({ valuesFiles: ["a.yaml", "b.yaml"] }), { kind: "ready" }, stored);
    expect(conditionsOf(status)[0]).toBe(
      "Ready=True ChartPackageSucceeded: packaged 'web' chart with version '6.0.3' and merged values files [a.yaml b.yaml]",
    );
    expect(status).toMatchObject({ observedValuesFiles: ["a.yaml", "b.yaml"] });
  });

  test("that nobody offers stalls, until it or its repository changes", () => {
    const { status, events } = written(chart(), { kind: "failed", reason: "ref", message: "no 'web' chart" });
    const said = "InvalidChartReference: invalid chart reference: no 'web' chart";
    expect(conditionsOf(status)).toEqual([`Stalled=True ${said}`, `Ready=False ${said}`, `FetchFailed=True ${said}`]);
    expect(status.observedGeneration).toBe(2);
    expect(events).toMatchObject([{ type: "Warning", reason: "InvalidChartReference" }]);
  });

  test("goes from one failure to the next and to success without traces", () => {
    const failed = (reason: "missing-path" | "fetch") => ({ kind: "failed", reason, message: "why" }) as const;
    const build = written(chart(), failed("missing-path"));
    expect(conditionsOf(build.status).slice(1)).toEqual([
      "Ready=False ValuesFilesError: values files merge error: why",
      "BuildFailed=True ValuesFilesError: values files merge error: why",
    ]);
    const pull = written(build.object, failed("fetch"));
    expect(conditionsOf(pull.status).slice(1)).toEqual([
      "Ready=False ChartPullError: chart pull error: why",
      "FetchFailed=True ChartPullError: chart pull error: why",
    ]);
    expect(written(pull.object, { kind: "ready" }, stored).status.conditions).toHaveLength(2);
  });

  test("without its HelmRepository waits for it", () => {
    const problems = [{ path: "spec.sourceRef.name", message: "HelmRepository 'web' does not exist" }];
    const { status } = written(chart(), { kind: "invalid", problems });
    const said = "SourceUnavailable: failed to get source: HelmRepository 'web' does not exist";
    expect(conditionsOf(status).slice(1)).toEqual([`Ready=False ${said}`, `FetchFailed=True ${said}`]);
  });
});

describe("a HelmChart among the files of another source", () => {
  const ofFiles = object("HelmChart", { chart: "./chart", sourceRef: { kind: "GitRepository", name: "repo" } });
  const repo = parseSource(
    object("GitRepository", { url: "https://git.example/repo.git", interval: "1m" }),
    () => null,
  );
  if (!repo.ok) throw new Error("expected a source");
  const origin = { source: repo.value, at: "main@sha1:48a197c61fc580e12fc2102643046d5f5de060b1" };
  const packed = { ...helmRevision(DIGEST, "1.0.0"), chart: { name: "app", isPacked: true, valuesFiles: [] } };

  test("has the words, the name and the origin as upstream tells them", () => {
    const { status, events } = written(ofFiles, { kind: "ready" }, packed, origin);
    const said = "ChartPackageSucceeded: packaged 'app' chart with version '1.0.0'";
    expect(conditionsOf(status)).toEqual([`Ready=True ${said}`, `ArtifactInStorage=True ${said}`]);
    expect(status).toMatchObject({
      observedChartName: "app",
      observedSourceArtifactRevision: origin.at,
      artifact: { revision: "1.0.0", digest: DIGEST, path: "helmchart/shop/web/app-1.0.0.tgz" },
    });
    expect(status).not.toHaveProperty("includedArtifacts");
    expect(status).not.toHaveProperty("observedValuesFiles");
    expect(events).toMatchObject([{ reason: "ChartPackageSucceeded" }]);
  });

  test("that was packed before tells of the values files that were there", () => {
    const chart = { name: "app", isPacked: false, valuesFiles: [] };
    const taken = written(ofFiles, { kind: "ready" }, { ...packed, chart }, origin);
    expect(conditionsOf(taken.status)[0]).toBe(
      "Ready=True ChartPullSucceeded: pulled 'app' chart with version '1.0.0'",
    );
    const merged = { ...chart, isPacked: true, valuesFiles: ["a.yaml"] };
    const { status } = written(ofFiles, { kind: "ready" }, { ...packed, chart: merged }, origin);
    expect(conditionsOf(status)[0]).toContain("chart with version '1.0.0' and merged values files [a.yaml]");
    expect(status).toMatchObject({ observedValuesFiles: ["a.yaml"] });
  });

  test("has another artifact when the same version was made of other files", () => {
    const first = written(ofFiles, { kind: "ready" }, packed, origin);
    const other = { ...packed, commit: `sha256:${"0b".repeat(32)}` };
    expect(written(first.object, { kind: "ready" }, other, origin).status.artifact).toMatchObject({
      digest: other.commit,
    });
  });

  const failures = [
    { reason: "ref", type: "FetchFailed", says: "InvalidChartReference: invalid chart reference: why", stalls: true },
    {
      reason: "missing-path",
      type: "BuildFailed",
      says: "ValuesFilesError: values files merge error: why",
      stalls: true,
    },
    { reason: "dependency", type: "BuildFailed", says: "DependencyBuildError: dependency build error: why" },
    { reason: "empty-origin", type: "FetchFailed", says: "NoSourceArtifact: why" },
  ] as const;
  for (const { reason, type, says, ...rest } of failures) {
    test(`that fails by ${reason} tells so, and what it looked at`, () => {
      const { status } = written(ofFiles, { kind: "failed", reason, message: "why" }, null, origin);
      const first =
        "stalls" in rest ? `Stalled=True ${says}` : "Reconciling=True ProgressingWithRetry: building artifact";
      expect(conditionsOf(status)).toEqual([first, `Ready=False ${says}`, `${type}=True ${says}`]);
      expect(status).toMatchObject({ observedSourceArtifactRevision: origin.at });
    });
  }
});
