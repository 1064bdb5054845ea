import type { FileTree } from "#core/source/file-tree.ts";
import { ignoredTree } from "#core/source/source-ignore.ts";
import type { Source } from "#core/source/source.ts";
import { sparseTree } from "#core/source/sparse-tree.ts";

/** The files of a source that apps see, of all that a commit holds. */
export async function visibleTree(source: Source, whole: FileTree, signal: AbortSignal): Promise<FileTree> {
  const tree = source.sparse === undefined ? whole : sparseTree(whole, source.sparse);
  return source.ignore === undefined ? tree : ignoredTree(tree, source.ignore, signal);
}
