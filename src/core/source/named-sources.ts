import type { FileTree } from "./file-tree.ts";
import { mountedTree } from "./mounted-tree.ts";

/** Where the files of an app's other sources stand in a tree that is rendered: no name that people use. */
const sourcesFolder = ".holdfast-sources";

/** A tree with the files of an app's other sources beside its own, by their names. */
export function withNamedSources(tree: FileTree, sources: ReadonlyMap<string, FileTree>): FileTree {
  return mountedTree(tree, sourcesFolder, sources);
}

/** The folder in which such a tree has the files of a source. */
export function folderOfNamed(name: string): string {
  return `${sourcesFolder}/${name}`;
}
