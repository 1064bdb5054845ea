import type { FileTree } from "./file-tree.ts";
import { childPath, type ReadSet } from "./read-set.ts";

/** The files below a folder of a tree, as a tree of their own. */
export function subtree(tree: FileTree, folder: string): FileTree {
  const outer = (path: string) => (path === "" ? folder : childPath(folder, path));
  return {
    entry: (path) => tree.entry(outer(path)),
    children: (path) => tree.children(outer(path)),
    async read(paths, signal) {
      const contents = await tree.read(paths.map(outer), signal);
      return new Map(paths.flatMap((path) => pairOf(path, contents.get(outer(path)))));
    },
  };
}

/** What was learned of a subtree, as it was learned of the whole. */
export function readSetBelow(folder: string, readSet: ReadSet): ReadSet {
  return readSet.map((record) => ({ ...record, path: record.path === "" ? folder : childPath(folder, record.path) }));
}

function pairOf(path: string, content: Uint8Array | undefined): [string, Uint8Array][] {
  return content === undefined ? [] : [[path, content]];
}
