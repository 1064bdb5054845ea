import type { FileTree } from "#core/source/file-tree.ts";
import { includeTree } from "#core/source/include-tree.ts";
import { ignoredTree } from "#core/source/source-ignore.ts";
import type { Source } from "#core/source/source.ts";
import { sparseTree } from "#core/source/sparse-tree.ts";
import type { IncludedSource } from "./included-sources.ts";

/**
 * The files of a source that apps see: of all that a commit holds, and of what the source includes.
 * @throws SourceError
 */
export async function visibleTree(
  parts: { source: Source; whole: FileTree; included: readonly IncludedSource[] },
  signal: AbortSignal,
): Promise<FileTree> {
  const { source } = parts;
  let tree = source.sparse === undefined ? parts.whole : sparseTree(parts.whole, source.sparse);
  for (const { include, tree: other } of parts.included) tree = includeTree(tree, { ...include, tree: other });
  return source.ignore === undefined ? tree : ignoredTree(tree, source.ignore, signal);
}
