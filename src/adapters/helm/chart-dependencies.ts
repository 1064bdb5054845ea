import type { ChartDependency } from "#core/helm/release.ts";
import { chartPlace } from "#core/source/chart-place.ts";
import { cleanPath } from "#core/source/clean-path.ts";
import { packedChartName } from "#core/source/helm-ref.ts";
import { SourceError } from "#core/source/source-error.ts";
import { parseConstraint, parseVersion, satisfies } from "#core/source/version-constraint.ts";
import type { Derivation } from "#engine/ports.ts";
import { type ChartDescription, type ChartFiles, ChartProblem, type ChartTools } from "./chart-tools.ts";

/** A chart in a folder, and what it says of itself. */
export interface ChartFolder {
  readonly files: Extract<ChartFiles, { kind: "directory" }>;
  readonly described: ChartDescription;
}

type Request = Derivation & { readonly tools: ChartTools };

const localScheme = "file://";

/**
 * Gets what a chart needs and does not hold: from its source, where it names a path, or from its repository.
 * @throws SourceError `dependency`
 */
export async function vendoredCharts(
  request: Request,
  chart: ChartFolder,
  signal: AbortSignal,
): Promise<readonly Uint8Array[]> {
  const archives: Uint8Array[] = [];
  for (const wanted of chart.described.missing) {
    try {
      const isLocal = wanted.repository.startsWith(localScheme);
      const found = isLocal ? localChart(request, { chart, wanted }, signal) : remoteChart(request, wanted, signal);
      archives.push(await found);
    } catch (error) {
      signal.throwIfAborted();
      throw refused(wanted, error instanceof Error ? error.message : String(error), error);
    }
  }
  return archives;
}

async function localChart(
  { tools, source }: Request,
  { chart, wanted }: { chart: ChartFolder; wanted: ChartDependency },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { tree, path: from } = chart.files;
  const path = cleanPath(`${from}/${wanted.repository.slice(localScheme.length)}`);
  const place = chartPlace(tree, path);
  if (place.kind !== "folder" || place.path !== path) {
    const problem = place.kind === "none" ? place.problem : `${JSON.stringify(path)} is no folder of a chart`;
    throw new ChartProblem(`${source.origin?.name ?? "the source"}: ${problem}`);
  }
  const files = { kind: "directory", tree, path } as const;
  const packed = await tools.pack(files, { values: [], versionMetadata: "", vendored: [] }, signal);
  const { version: range = "*" } = wanted;
  const [constraint, version] = [parseConstraint(range), parseVersion(packed.version, true)];
  if (!constraint || !version || !satisfies(version, constraint)) {
    throw new ChartProblem(`the chart at ${JSON.stringify(path)} has the version ${packed.version}, not ${range}`);
  }
  return packed.archive;
}

async function remoteChart(
  { openCharts, source }: Request,
  wanted: ChartDependency,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { name, repository: url, version } = wanted;
  if (!/^(https?|oci):\/\//.test(url)) {
    const shown = JSON.stringify(url.replace(/\/\/[^/]*@/, "//"));
    const state = url === "" ? "it names no repository" : `its repository ${shown} is no address`;
    throw new ChartProblem(`${state}; put it into charts/ with \`helm dependency build\``);
  }
  const repository = await openCharts({ url, chart: name }, signal);
  const ref = { kind: "chart", value: name, version: version || "*" } as const;
  const [result] = await repository.sync([ref], { timeoutMs: source.timeoutMs }, signal);
  if (result === undefined || "error" in result) throw result?.error ?? new ChartProblem("there is no answer");
  const tree = await repository.tree(result.commit, signal);
  const content = (await tree.read([packedChartName], signal)).get(packedChartName);
  if (content === undefined) throw new ChartProblem("its repository holds no file of it");
  return content;
}

function refused({ name, version = "*" }: ChartDependency, problem: string, cause: unknown): SourceError {
  return new SourceError("dependency", `failed to add the dependency '${name}' ${version}: ${problem}`, { cause });
}
