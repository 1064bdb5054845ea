import type { Dialect } from "#core/app/dialect.ts";
import type { App } from "#core/app/app.ts";
import type { RenderSpec, TemplateCapabilities } from "#core/app/render-spec.ts";
import { ok, refused, type Result } from "#core/result.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import type { ReadSource } from "./read-sources.ts";

/** What completing the render of a source takes. */
export interface SpecParts {
  readonly dialect: Pick<Dialect, "sourceRenders">;
  readonly app: App;
  readonly source: ReadSource;
  /** Asked when it has a say. */
  readonly cluster: () => Promise<TemplateCapabilities>;
}

const maxBytes = 1024 * 1024;

/** How a source is rendered at what it is at, or why it cannot be. */
export async function completedSpec(
  { dialect: { sourceRenders }, app, source, cluster }: SpecParts,
  signal: AbortSignal,
): Promise<Result<RenderSpec, string>> {
  const { declared, tree, revision } = source;
  if (!sourceRenders) return ok(declared.render);
  const needs = sourceRenders.needs(app, declared, (path) => tree.entry(path) !== undefined);
  const files = await textsOf(tree, needs.files, signal);
  if (!files.ok) return files;
  const facts = { revision, files: files.value, cluster: needs.cluster ? await cluster() : null };
  return sourceRenders.complete(app, declared, facts);
}

/** The files that a dialect reads itself; links are nobody's to follow here. */
async function textsOf(
  tree: FileTree,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<Result<ReadonlyMap<string, string>, string>> {
  for (const path of paths) {
    const { type, size = 0 } = tree.entry(path) ?? {};
    if (type !== "file") return refused(`${path} is no file`);
    if (size > maxBytes) return refused(`${path} has more than ${maxBytes} bytes`);
  }
  if (paths.length === 0) return ok(new Map());
  const contents = await tree.read(paths, signal);
  return ok(new Map([...contents].map(([path, bytes]) => [path, new TextDecoder().decode(bytes)])));
}
