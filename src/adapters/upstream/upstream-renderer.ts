import type { Rendered } from "#core/app/rendered.ts";
import type { RenderSpec, TemplateSpec } from "#core/app/render-spec.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { childPath, listingDigest, type ReadSet } from "#core/source/read-set.ts";
import { RenderError } from "#core/source/render-error.ts";
import type { Renderer } from "#engine/ports.ts";
import { renderDirectory } from "./directory-render.ts";
import type { HelperPools } from "./helper-pools.ts";
import { type Plugins, renderByPlugin } from "./plugin-render.ts";
import { renderTemplate } from "./chart-template.ts";
import { kustomizeBuild } from "./kustomize-build.ts";
import type { DataKeys } from "./sops-data-key.ts";
import { nestedChart } from "./nested-chart.ts";
import { UpstreamError } from "./upstream-error.ts";

const KUSTOMIZATION_FILES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/** What ends a helper says nothing about the files: it is worth another try. */
const PASSING = new Set(["died"]);

interface RenderInput {
  readonly tree: FileTree;
  readonly path: string;
  readonly spec: RenderSpec;
}

/** Renders through the helpers: the official libraries decide what files mean. */
export function upstreamRenderer(pools: HelperPools, dataKeys: DataKeys, plugins: Plugins | null = null): Renderer {
  return {
    async render(input, signal) {
      if (input.path !== "" && input.tree.entry(input.path)?.type !== "directory") {
        if (input.tree.entry(input.path)?.type !== "link")
          throw new RenderError("path", `${input.path}: path not found`);
      }
      try {
        return await renderInput({ pools, dataKeys, plugins }, input, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof RenderError) throw error;
        if (error instanceof UpstreamError && PASSING.has(error.code)) throw error;
        throw new RenderError("build", error instanceof Error ? error.message : String(error), { cause: error });
      }
    },
  };
}

interface Means {
  readonly pools: HelperPools;
  readonly dataKeys: DataKeys;
  readonly plugins: Plugins | null;
}

async function renderInput(means: Means, input: RenderInput, signal: AbortSignal): Promise<Rendered> {
  const { pools, dataKeys } = means;
  const { tree, path, spec } = input;
  if (spec.kind === "directory")
    return { ...(await renderDirectory(pools, { tree, path, spec }, signal)), renderer: "directory" };
  if (spec.kind === "kustomize") {
    const { overrides, generate, ...after } = spec;
    const build = { tree, path, overrides, generateIfMissing: generate, dataKeys, ...after };
    const pool = spec.decryption || spec.options?.enableHelm ? pools.full : pools.small;
    return { ...(await kustomizeBuild(pool, build, signal)), renderer: "kustomize" };
  }
  if (spec.kind === "chart") throw new Error("Cannot render a chart by itself: it needs a release");
  if (spec.kind === "template") return renderChart(pools, { tree, path, spec }, signal);
  const byPlugin = { plugins: means.plugins, decoder: pools.small };
  if (spec.kind === "plugin") {
    const made = await renderByPlugin(byPlugin, { tree, path, spec }, signal);
    if (made) return made;
    throw new RenderError("build", "could not find plugin supporting the given repository");
  }
  if (spec.kind === "nothing") return { resources: [], readSet: [], renderer: null };
  const taken =
    spec.plugin && means.plugins && (await renderByPlugin(byPlugin, { tree, path, spec: spec.plugin }, signal));
  if (taken) return taken;
  const looked: ReadSet = [{ kind: "directory", path, digest: listingDigest(tree, path) }];
  const has = (name: string) => tree.entry(childPath(path, name)) !== undefined;
  const chosen: RenderSpec =
    spec.template && (has("Chart.yaml") || (spec.template.mayNest && nestedChart(tree, path)))
      ? spec.template
      : spec.kustomizations !== false && KUSTOMIZATION_FILES.some(has)
        ? {
            kind: "kustomize",
            overrides: spec.overrides,
            generate: false,
            ...(spec.options && { options: spec.options }),
          }
        : spec.directory;
  const rendered = await renderInput(means, { tree, path, spec: chosen }, signal);
  return { ...rendered, readSet: [...looked, ...rendered.readSet] };
}

async function renderChart(
  pools: HelperPools,
  { tree, path, spec }: { tree: FileTree; path: string; spec: TemplateSpec },
  signal: AbortSignal,
): Promise<Rendered> {
  const nested = spec.mayNest ? nestedChart(tree, path) : null;
  const rendered = await renderTemplate(pools.full, { tree: nested?.tree ?? tree, path, spec }, signal);
  return { ...rendered, readSet: nested?.outer(rendered.readSet) ?? rendered.readSet, renderer: "helm" };
}
