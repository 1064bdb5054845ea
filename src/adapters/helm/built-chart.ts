import { markedVersion } from "#core/helm/marked-version.ts";
import type { ValuesPart } from "#core/helm/values-part.ts";
import { chartPlace } from "#core/source/chart-place.ts";
import { cleanPath } from "#core/source/clean-path.ts";
import type { ChartPathRef, PackedChart } from "#core/source/helm-ref.ts";
import type { ReadSet } from "#core/source/read-set.ts";
import { SourceError, type SourceFailure } from "#core/source/source-error.ts";
import type { Derivation } from "#engine/ports.ts";
import { vendoredCharts } from "./chart-dependencies.ts";
import { type ChartFiles, ChartProblem, type ChartTools } from "./chart-tools.ts";

/** A chart at a path of a source, as its version shall be marked. */
export type WantedChart = Pick<ChartPathRef, "valuesFiles" | "ignoreMissing" | "versionMetadata"> & {
  readonly path: string;
};

/**
 * What a chart became; without an archive when the one that is kept stays. Only what its version depends on is in the
 * read set: while that stays, so does the chart.
 */
export interface BuiltChart {
  readonly version: string;
  readonly archive: Uint8Array | null;
  readonly chart: PackedChart;
  readonly readSet: ReadSet;
}

/** What building takes; `keeps` says whether the chart of a version is here already. */
export interface BuildRequest extends Derivation {
  readonly wanted: WantedChart;
  readonly tools: ChartTools;
  readonly keeps: (version: string) => Promise<boolean>;
}

interface ValuesOfFiles {
  readonly parts: readonly ValuesPart[];
  readonly names: readonly string[];
}

const shownDigits = 12;

/** What to build for a source at the revision of its origin. @throws SourceError for what is no chart of files */
export function chartWanted({ source: { ref }, origin }: Derivation): WantedChart {
  if (ref.kind !== "chart-path") throw new SourceError("config", `Cannot make a chart: a ${ref.kind} is none of files`);
  const { value: path, valuesFiles, ignoreMissing, perRevision, versionMetadata } = ref;
  const revision = perRevision ? origin.revision.commit.replace(/^\w+:/, "").slice(0, shownDigits) : "";
  const marks = [revision, versionMetadata].filter((mark) => mark !== "");
  return { path, valuesFiles, ignoreMissing, versionMetadata: marks.join(".") };
}

/** Reads a chart of a source, completes it and packs it. @throws SourceError */
export async function builtChart(request: BuildRequest, signal: AbortSignal): Promise<BuiltChart> {
  const { tools, wanted, keeps } = request;
  const { files, readSet } = await chartFiles(request, signal);
  const described = await told(tools.describe(files, signal), "ref");
  const learned = [...readSet, ...described.readSet];
  const version = markedVersion(described.version, wanted.versionMetadata) ?? described.version;
  const isKept = await keeps(version);
  // What is kept has its values, whether their files are still there or not.
  const values = await valuesOf(request, isKept || wanted.ignoreMissing, signal);
  const isChanged = wanted.versionMetadata !== "" || values !== null;
  const chart = {
    name: described.name,
    isPacked: files.kind === "directory" || isChanged,
    valuesFiles: values?.names ?? [],
  };
  if (isKept) return { version, archive: null, chart, readSet: learned };
  if (files.kind === "archive" && !isChanged) return { version, archive: files.content, chart, readSet: learned };
  const vendored = files.kind === "archive" ? [] : await vendoredCharts(request, { files, described }, signal);
  const changes = { values: values?.parts ?? [], versionMetadata: wanted.versionMetadata, vendored };
  const packed = await told(tools.pack(files, changes, signal), "fetch");
  return { version: packed.version, archive: packed.archive, chart, readSet: learned };
}

/** A chart is where its path says, not somewhere below. */
async function chartFiles(
  { origin: { tree }, source, wanted, tools }: BuildRequest,
  signal: AbortSignal,
): Promise<{ files: ChartFiles; readSet: ReadSet }> {
  const { path } = wanted;
  const name = source.origin?.name ?? "the source";
  if (path === "" || path.startsWith("/")) {
    throw new SourceError("ref", `${name}: the path ${JSON.stringify(path)} is not relative`);
  }
  const place = chartPlace(tree, path);
  const found = place.kind === "folder" ? place.path : place.kind === "archive" ? place.file : null;
  if (place.kind === "none" || found !== cleanPath(path)) {
    const problem = place.kind === "none" ? place.problem : `${JSON.stringify(path)} is no chart: it has no Chart.yaml`;
    throw new SourceError("ref", `${name}: ${problem}`);
  }
  if (place.kind === "folder") return { files: { kind: "directory", tree, path: place.path }, readSet: [] };
  const { content, readSet } = await told(tools.file(tree, place.file, signal), "ref");
  if (content === null) throw new SourceError("ref", `${name}: ${JSON.stringify(path)} is no file`);
  return { files: { kind: "archive", content }, readSet };
}

/** Null when the chart's own are to stay. */
async function valuesOf(
  { origin: { tree }, source, wanted, tools }: BuildRequest,
  ignoreMissing: boolean,
  signal: AbortSignal,
): Promise<ValuesOfFiles | null> {
  if (wanted.valuesFiles.length === 0) return null;
  // They take the place of the chart's own even when none of them is there.
  const parts: ValuesPart[] = [{ object: {} }];
  const names: string[] = [];
  for (const name of wanted.valuesFiles) {
    const { content } = await told(tools.file(tree, cleanPath(name), signal), "missing-path");
    if (content === null && ignoreMissing) continue;
    if (content === null) {
      const where = source.origin?.name ?? "the source";
      throw new SourceError("missing-path", `no values file found at path '${name}' of ${where}`);
    }
    parts.push({ name, yaml: new TextDecoder().decode(content) });
    names.push(name);
  }
  return { parts, names };
}

async function told<T>(work: Promise<T>, failure: SourceFailure): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ChartProblem)) throw error;
    throw new SourceError(error.isOfValues ? "missing-path" : failure, error.message, { cause: error });
  }
}
