import type { ChartDependency } from "#core/helm/release.ts";
import { cleanPath } from "#core/source/clean-path.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { childPath, type ReadSet } from "#core/source/read-set.ts";
import { isNamedRepository } from "#core/source/named-repository.ts";
import { placeOfBase, type RemoteBase } from "#core/source/remote-base.ts";
import { MissingBasesError } from "#core/source/render-error.ts";
import { parseConstraint, parseVersion, satisfies } from "#core/source/version-constraint.ts";
import { helmChart } from "./helm-chart.ts";
import { helmPackage } from "./helm-package.ts";
import type { ChartSource } from "./helm-source.ts";
import type { HelperPool } from "./helper-pool.ts";
import { UpstreamError } from "./upstream-error.ts";

type Folder = Extract<ChartSource, { kind: "directory" }>;

interface Found {
  readonly archive: Uint8Array;
  readonly readSet: ReadSet;
}

const localScheme = "file://";

/**
 * A chart in a folder with what it needs and does not hold, as its lock has it where there is one: charts of its own
 * source, and of repositories, which stand in the tree.
 * @throws MissingBasesError when the tree does not have all of these
 */
export async function chartWithDependencies(
  pool: HelperPool,
  { chart, whole }: { readonly chart: Folder; readonly whole: FileTree },
  signal: AbortSignal,
): Promise<{ readonly chart: ChartSource; readonly bases: readonly RemoteBase[]; readonly readSet: ReadSet }> {
  const described = await helmChart(pool, chart, signal);
  const held = new Set(described.dependencies.flatMap((one) => (one.vendored === undefined ? [] : [one.name])));
  const wanted = (described.lock?.dependencies ?? described.dependencies).filter(({ name }) => !held.has(name));
  const bases = wanted.filter(({ repository }) => !repository.startsWith(localScheme)).map(baseOf);
  const missing = bases.filter((base) => whole.entry(placeOfBase(base)) === undefined);
  if (missing.length > 0) throw new MissingBasesError(missing);
  const found: Found[] = [];
  for (const one of wanted) {
    const isLocal = one.repository.startsWith(localScheme);
    found.push(
      isLocal ? await localChart(pool, { chart, wanted: one }, signal) : await fetchedChart(whole, one, signal),
    );
  }
  const vendored = found.map(({ archive }) => archive);
  const packed = await helmPackage(pool, { chart, vendored }, signal);
  const readSet = [...described.readSet, ...packed.readSet, ...found.flatMap((one) => one.readSet)];
  return { chart: { kind: "archive", content: packed.archive }, bases, readSet };
}

/** @throws UpstreamError for what is no repository */
function baseOf({ name, repository, version }: ChartDependency): RemoteBase {
  if (/^(https?|oci):\/\//.test(repository) || isNamedRepository(repository)) {
    return { kind: "chart", url: repository, ref: version ?? "", noSubmodules: false, chart: name };
  }
  const shown = JSON.stringify(repository.replace(/\/\/[^/]*@/, "//"));
  const state = repository === "" ? "it names no repository" : `its repository ${shown} is no address`;
  throw refused(name, `${state}; put it into charts/ with \`helm dependency build\``);
}

async function fetchedChart(whole: FileTree, wanted: ChartDependency, signal: AbortSignal): Promise<Found> {
  const place = placeOfBase(baseOf(wanted));
  const { digest = "" } = whole.entry(place) ?? {};
  const content = (await whole.read([place], signal)).get(place);
  if (!content) throw refused(wanted.name, "its repository holds no file of it");
  return { archive: content, readSet: [{ kind: "file", path: place, digest }] };
}

async function localChart(
  pool: HelperPool,
  { chart, wanted }: { readonly chart: Folder; readonly wanted: ChartDependency },
  signal: AbortSignal,
): Promise<Found> {
  const { tree, path: from } = chart;
  const path = cleanPath(`${from}/${wanted.repository.slice(localScheme.length)}`);
  if (tree.entry(childPath(path, "Chart.yaml")) === undefined) {
    throw refused(wanted.name, `${JSON.stringify(path)} is no folder of a chart`);
  }
  const packed = await helmPackage(pool, { chart: { kind: "directory", tree, path } }, signal);
  const { version: range = "*" } = wanted;
  const [constraint, version] = [parseConstraint(range), parseVersion(packed.metadata.version, true)];
  if (!constraint || !version || !satisfies(version, constraint)) {
    throw refused(
      wanted.name,
      `the chart at ${JSON.stringify(path)} has the version ${packed.metadata.version}, not ${range}`,
    );
  }
  return packed;
}

function refused(name: string, problem: string): UpstreamError {
  return new UpstreamError({
    code: "missing-dependency",
    message: `failed to add the dependency '${name}': ${problem}`,
  });
}
