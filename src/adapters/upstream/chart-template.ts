import type { TemplateSpec } from "#core/app/render-spec.ts";
import type { ValuesPart } from "#core/helm/values-part.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { packedChartName } from "#core/source/helm-ref.ts";
import type { ReadSet } from "#core/source/read-set.ts";
import type { RemoteBase } from "#core/source/remote-base.ts";
import { MissingBasesError } from "#core/source/render-error.ts";
import type { Resource } from "#core/resource/resource.ts";
import { subtree } from "#core/source/subtree.ts";
import { sourceLimits } from "../archive/archive-limits.ts";
import { treeOfTarball } from "../archive/tree-of-tarball.ts";
import { chartWithDependencies } from "./chart-dependencies.ts";
import type { HelperPool } from "./helper-pool.ts";
import { helmRender, type HelmRendered } from "./helm-render.ts";
import type { ChartSource } from "./helm-source.ts";
import { RecordingTree } from "./recording-tree.ts";
import { MissingFile, TemplateFiles } from "./template-files.ts";
import { UpstreamError } from "./upstream-error.ts";

interface TemplateInput {
  readonly tree: FileTree;
  readonly path: string;
  readonly spec: TemplateSpec;
}

/** What a chart became. */
export interface Templated {
  readonly resources: readonly Resource[];
  readonly places: readonly string[];
  readonly readSet: ReadSet;
  readonly bases: readonly RemoteBase[];
}

/**
 * Renders a chart by Helm's own library as `helm template --include-crds` does.
 * @throws UpstreamError naming the file; MissingBasesError when it needs files of elsewhere that the tree does not have.
 */
export async function renderTemplate(pool: HelperPool, input: TemplateInput, signal: AbortSignal): Promise<Templated> {
  const { spec } = input;
  const { chart, files, looked } = await opened(input, signal);
  try {
    const values = await valuesOf(files, spec, signal);
    const ask = (source: ChartSource) => helmRender(pool, { chart: source, values, ...optionsOf(spec) }, signal);
    const { rendered, bases, learned } = await completed(pool, { chart, whole: input.tree, ask }, signal);
    const objects = objectsOf(rendered, spec);
    return {
      resources: objects.map(({ object }) => object),
      places: objects.map(({ path }) => path),
      readSet: [...looked, ...files.readSet(!spec.isPacked), ...learned, ...rendered.readSet],
      bases: [...files.bases(), ...bases],
    };
  } catch (error) {
    if (error instanceof MissingFile) throw new MissingBasesError([error.base]);
    throw error;
  }
}

/** A chart that lacks what it needs is rendered once it has it. */
async function completed(
  pool: HelperPool,
  given: { chart: ChartSource; whole: FileTree; ask: (chart: ChartSource) => Promise<HelmRendered> },
  signal: AbortSignal,
): Promise<{ rendered: HelmRendered; bases: readonly RemoteBase[]; learned: ReadSet }> {
  const { chart, ask } = given;
  try {
    return { rendered: await ask(chart), bases: [], learned: [] };
  } catch (error) {
    if (!(error instanceof UpstreamError) || error.code !== "missing-dependency") throw error;
    if (chart.kind !== "directory") throw error;
    const whole = await chartWithDependencies(pool, { chart, whole: given.whole }, signal);
    return { rendered: await ask(whole.chart), bases: whole.bases, learned: whole.readSet };
  }
}

async function opened(
  { tree, path, spec }: TemplateInput,
  signal: AbortSignal,
): Promise<{ chart: ChartSource; files: TemplateFiles; looked: ReadSet }> {
  if (!spec.isPacked) {
    return {
      chart: { kind: "directory", tree, path },
      files: new TemplateFiles({ own: tree, whole: tree }),
      looked: [],
    };
  }
  const read = new RecordingTree(tree);
  const { content } = await read.read(packedChartName, signal);
  if (!content) throw new UpstreamError({ code: "missing-path", message: "the source holds no packed chart" });
  const own = spec.valueFiles.length + spec.values.length > 0 ? await unpacked(content, signal) : tree;
  return {
    chart: { kind: "archive", content },
    files: new TemplateFiles({ own, whole: tree }),
    looked: read.readSet(),
  };
}

/** The files of a packed chart, without the folder that all of them lie in. */
async function unpacked(content: Uint8Array, signal: AbortSignal): Promise<FileTree> {
  const tree = await treeOfTarball(
    (async function* () {
      yield content;
    })(),
    sourceLimits,
    signal,
  );
  return subtree(tree, tree.children("")[0] ?? "");
}

async function valuesOf(files: TemplateFiles, spec: TemplateSpec, signal: AbortSignal): Promise<readonly ValuesPart[]> {
  const { valueFiles, ignoreMissingValueFiles: ignoreMissing } = spec;
  const parts: ValuesPart[] = [];
  for (const { name, text } of await files.all(valueFiles, { ignoreMissing }, signal)) parts.push({ name, yaml: text });
  for (const part of spec.values) {
    if (!("file" in part)) parts.push(part);
    else parts.push({ set: { path: part.path, value: await files.one(part.file, signal), as: "file" } });
  }
  return parts;
}

function optionsOf({ release, capabilities, skipCrds, skipSchemaValidation }: TemplateSpec) {
  const { kubeVersion, apiVersions } = capabilities;
  return {
    release: { ...release, revision: 1, isUpgrade: false },
    capabilities: { ...(kubeVersion && { kubeVersion: { version: kubeVersion } }), apiVersions, addApiVersions: true },
    options: { skipSchemaValidation, skipCRDs: skipCrds },
  };
}

/** Definitions, what is installed and hooks, as `helm template` prints them; whose hooks they are is for others to say. */
function objectsOf(rendered: HelmRendered, { skipCrds, skipTests }: TemplateSpec) {
  const hooks = skipTests ? rendered.hooks.filter(({ events }) => !events.includes("test")) : rendered.hooks;
  return [...(skipCrds ? [] : rendered.crds), ...rendered.manifests, ...hooks];
}
