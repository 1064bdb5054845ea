import type { Lookup } from "#core/app/dialect.ts";
import { numberAt, textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Problem, type Result, ok, refused } from "#core/result.ts";
import type { ChartPathRef, ChartRef } from "#core/source/helm-ref.ts";
import type { Revision, Source } from "#core/source/source.ts";
import { artifactVerification } from "./artifact-verification.ts";
import { checkSpec } from "./check-spec.ts";
import { type HelmChartSpec, helmChartSpec } from "./helm-chart-schema.ts";
import { parseBucket } from "./parse-bucket.ts";
import { parseGitRepository } from "./parse-git-repository.ts";
import { helmRevision, parseHelmRepository } from "./parse-helm-repository.ts";
import { sourceBasics } from "./source-basics.ts";

/** Where problems are that are not the chart's own but those of what it refers to. */
export const chartSourcePath = "spec.sourceRef.name";

const unsigned: Problem = { path: "spec.verify", message: "is only for charts of a HelmRepository of the type oci" };

/**
 * Parses a HelmChart into a source; never throws. One of a HelmRepository has the address and the Secrets of that, one of
 * another source is made from the files of that.
 */
export function parseHelmChart(object: Resource, lookup: Lookup): Result<Source, readonly Problem[]> {
  const checked = checkSpec(helmChartSpec, object["spec"]);
  if (!checked.ok) return checked;
  const spec = checked.value;
  const problems: Problem[] = [...nameProblems(spec)];
  const { namespace = "" } = object.metadata;
  const verification = spec.verify && artifactVerification(namespace, spec.verify, problems);
  if (spec.verify && spec.sourceRef.kind !== "HelmRepository") problems.push(unsigned);
  if (problems.length > 0) return refused(problems);
  if (spec.sourceRef.kind !== "HelmRepository") return parseChartOfFiles(object, spec, lookup);
  const found = originOf(object, spec, lookup);
  if (!found.ok) return found;
  const { url, timeoutMs, remote, secrets, suspended } = found.value;
  const basics = sourceBasics(object, { interval: spec.interval, url, suspend: spec.suspend ?? false }, problems);
  if (problems.length > 0) return refused(problems);
  const isRegistry = url.startsWith("oci://");
  if (verification && !isRegistry) return refused([unsigned]);
  return ok({
    ...basics,
    url: isRegistry ? `${url.replace(/\/+$/, "")}/${spec.chart}` : url,
    timeoutMs,
    ignore: undefined,
    ...(verification && { verification }),
    // Nothing is learned of a repository that is not looked at.
    suspended: basics.suspended || (suspended && !isRegistry),
    remote,
    ref: refOf(object, spec),
    secrets,
    recorded: recordedOf(object),
  });
}

/** A chart among the files of a GitRepository or Bucket, which is followed as that is. */
function parseChartOfFiles(object: Resource, spec: HelmChartSpec, lookup: Lookup): Result<Source, readonly Problem[]> {
  const found = originOf(object, spec, lookup);
  if (!found.ok) return found;
  const { key, url } = found.value;
  const problems: Problem[] = [];
  const basics = sourceBasics(object, { interval: spec.interval, url, suspend: spec.suspend ?? false }, problems);
  if (problems.length > 0) return refused(problems);
  const { kind, name } = spec.sourceRef;
  return ok({
    ...basics,
    ignore: undefined,
    remote: { kind: "derived" },
    origin: { source: key, name: `${kind} source '${name}'` },
    ref: pathRefOf(object, spec),
    secrets: {},
    // What was made for another spec is not what is asked for now.
    recorded: isObserved(object) ? recordedOf(object) : null,
  });
}

/** The object that the chart is of, as a source. */
function originOf(object: Resource, spec: HelmChartSpec, lookup: Lookup): Result<Source, readonly Problem[]> {
  const { namespace = "" } = object.metadata;
  const { kind, name } = spec.sourceRef;
  const origin = lookup(kind, namespace, name);
  if (!origin) return refused([{ path: chartSourcePath, message: `${kind} '${name}' does not exist` }]);
  const parsed = parsers[kind](origin);
  if (parsed.ok) return parsed;
  const why = parsed.error.map(({ path, message }) => `${path}: ${message}`).join("; ");
  return refused([{ path: chartSourcePath, message: `${kind} '${name}' cannot be used: ${why}` }]);
}

const parsers = { HelmRepository: parseHelmRepository, GitRepository: parseGitRepository, Bucket: parseBucket };

function pathRefOf(object: Resource, spec: HelmChartSpec): ChartPathRef {
  const { chart: value, reconcileStrategy, ignoreMissingValuesFiles: ignoreMissing = false } = spec;
  const valuesFiles = mergedFiles(spec);
  const versionMetadata = valuesFiles.length === 0 ? "" : generationOf(object);
  const perRevision = reconcileStrategy === "Revision";
  return { kind: "chart-path", value, valuesFiles, ignoreMissing, perRevision, versionMetadata };
}

/** Values files that are to be merged: the chart's own alone are what it has anyway. */
export function mergedFiles({ valuesFiles = [] }: Pick<HelmChartSpec, "valuesFiles">): readonly string[] {
  const [first = "", ...others] = valuesFiles;
  return others.length === 0 && first.replace(/^(\.\/)+/, "") === "values.yaml" ? [] : valuesFiles;
}

function generationOf(object: Resource): string {
  return String(object.metadata.generation ?? 0);
}

function isObserved(object: Resource): boolean {
  return numberAt(object, ["status", "observedGeneration"], -1) === (object.metadata.generation ?? 0);
}

/** Values files change the chart with every generation of the object, of which the version must tell. */
function refOf(object: Resource, spec: HelmChartSpec): ChartRef {
  const { chart: value, version, ignoreMissingValuesFiles: ignoreMissing = false } = spec;
  const ref = { kind: "chart", value, version: version || "*" } as const;
  const valuesFiles = mergedFiles(spec);
  if (valuesFiles.length === 0) return ref;
  const versionMetadata = generationOf(object);
  return { ...ref, repack: { valuesFiles, ignoreMissing, versionMetadata } };
}

function recordedOf(object: Resource): Revision | null {
  const version = textAt(object, ["status", "artifact", "revision"]);
  const digest = textAt(object, ["status", "artifact", "digest"]);
  return version !== "" && /^sha256:[0-9a-f]{64}$/.test(digest) ? helmRevision(digest, version) : null;
}

function nameProblems({ chart, sourceRef }: HelmChartSpec): readonly Problem[] {
  if (sourceRef.kind !== "HelmRepository") return [];
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/.test(chart) && chart.length <= 250) return [];
  return [{ path: "spec.chart", message: "is no name of a chart in a HelmRepository" }];
}
