import type { Lookup } from "#core/app/dialect.ts";
import { textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Problem, type Result, ok, refused } from "#core/result.ts";
import type { ChartRef } from "#core/source/helm-ref.ts";
import type { Revision, Source } from "#core/source/source.ts";
import { checkSpec } from "./check-spec.ts";
import { type HelmChartSpec, helmChartSpec } from "./helm-chart-schema.ts";
import { helmRevision, parseHelmRepository } from "./parse-helm-repository.ts";
import { sourceBasics } from "./source-basics.ts";
import { unsupportedInHelmChart } from "./unsupported.ts";

/** Where problems are that are not the chart's own but those of what it refers to. */
export const chartSourcePath = "spec.sourceRef.name";

/** Parses a HelmChart, with the address and the Secrets of its HelmRepository, into a source; never throws. */
export function parseHelmChart(object: Resource, lookup: Lookup): Result<Source, readonly Problem[]> {
  const checked = checkSpec(helmChartSpec, object["spec"]);
  if (!checked.ok) return checked;
  const spec = checked.value;
  const problems: Problem[] = [...unsupportedInHelmChart(spec), ...nameProblems(spec)];
  if (problems.length > 0) return refused(problems);
  const found = repositoryOf(object, spec, lookup);
  if (!found.ok) return found;
  const { url, timeoutMs, remote, secrets, suspended } = found.value;
  const basics = sourceBasics(object, { interval: spec.interval, url, suspend: spec.suspend ?? false }, problems);
  if (problems.length > 0) return refused(problems);
  const isRegistry = url.startsWith("oci://");
  return ok({
    ...basics,
    url: isRegistry ? `${url.replace(/\/+$/, "")}/${spec.chart}` : url,
    timeoutMs,
    ignore: undefined,
    // Nothing is learned of a repository that is not looked at.
    suspended: basics.suspended || (suspended && !isRegistry),
    remote,
    ref: refOf(object, spec),
    secrets,
    recorded: recordedOf(object),
  });
}

function repositoryOf(object: Resource, spec: HelmChartSpec, lookup: Lookup): Result<Source, readonly Problem[]> {
  const { namespace = "" } = object.metadata;
  const { kind, name } = spec.sourceRef;
  const repository = lookup(kind, namespace, name);
  if (!repository) return refused([{ path: chartSourcePath, message: `${kind} '${name}' does not exist` }]);
  const parsed = parseHelmRepository(repository);
  if (parsed.ok) return parsed;
  const why = parsed.error.map(({ path, message }) => `${path}: ${message}`).join("; ");
  return refused([{ path: chartSourcePath, message: `${kind} '${name}' cannot be used: ${why}` }]);
}

/** Values files change the chart with every generation of the object, of which the version must tell. */
function refOf(object: Resource, spec: HelmChartSpec): ChartRef {
  const { chart: value, version, valuesFiles = [], ignoreMissingValuesFiles: ignoreMissing = false } = spec;
  const ref = { kind: "chart", value, version: version || "*" } as const;
  if (valuesFiles.length === 0) return ref;
  const versionMetadata = String(object.metadata.generation ?? 0);
  return { ...ref, repack: { valuesFiles, ignoreMissing, versionMetadata } };
}

function recordedOf(object: Resource): Revision | null {
  const version = textAt(object, ["status", "artifact", "revision"]);
  const digest = textAt(object, ["status", "artifact", "digest"]);
  return version !== "" && /^sha256:[0-9a-f]{64}$/.test(digest) ? helmRevision(digest, version) : null;
}

function nameProblems({ chart }: HelmChartSpec): readonly Problem[] {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/.test(chart) && chart.length <= 250) return [];
  return [{ path: "spec.chart", message: "is no name of a chart in a HelmRepository" }];
}
