import type { PluginSpec } from "#core/app/render-spec.ts";
import type { Rendered } from "#core/app/rendered.ts";
import { RenderError } from "#core/source/render-error.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { listedObjects } from "./directory-objects.ts";
import type { HelperPool } from "./helper-pool.ts";
import { UpstreamError } from "./upstream-error.ts";
import { yamlDecode } from "./yaml-decode.ts";

/** Programs beside this one that make manifests of files. */
export interface Plugins {
  /** Texts of manifests; null: no plugin says that the files are for it. The error names the plugin. */
  render(
    request: Omit<PluginSpec, "kind"> & { readonly tree: FileTree; readonly path: string },
    signal: AbortSignal,
  ): Promise<readonly string[] | null>;
}

/**
 * What a plugin makes of the files; null: none says that they are for it. A plugin may read every file and is told the
 * revision, so no read set could tell less than the spec.
 */
export async function renderByPlugin(
  means: { readonly plugins: Plugins | null; readonly decoder: HelperPool },
  { tree, path, spec }: { readonly tree: FileTree; readonly path: string; readonly spec: PluginSpec },
  signal: AbortSignal,
): Promise<Rendered | null> {
  if (!means.plugins) throw new RenderError("build", "plugins are run by the controller, and here with --plugin-dir");
  const texts = await means.plugins.render({ tree, path, name: spec.name, env: spec.env }, signal);
  if (texts === null) return null;
  const files = texts.map((text, index) => ({
    path: `manifest ${index + 1} of the plugin`,
    content: Buffer.from(text),
  }));
  const objects = (await yamlDecode(means.decoder, files, signal)).flatMap(({ path: file, documents, error }) => {
    if (error) throw new UpstreamError(error);
    return documents.flatMap(({ line, object }) => listedObjects([object], file, line));
  });
  return {
    resources: objects.map(({ resource }) => resource),
    places: objects.map(({ place }) => place),
    readSet: [],
    renderer: "plugin",
  };
}
