import type { FileTree } from "#core/source/file-tree.ts";
import { childPath, listingDigest, type ReadSet } from "#core/source/read-set.ts";
import { readSetBelow, subtree } from "#core/source/subtree.ts";

/** A chart as it is packed: in the one folder of a tree. */
export interface NestedChart {
  readonly tree: FileTree;
  /** What was learned of that tree, as it was learned of the one that it is in. */
  readonly outer: (readSet: ReadSet) => ReadSet;
}

/** Folders that the engine adds to a tree begin so, and stay where they are. */
const added = /^\.holdfast-/;

/** The chart in the one folder of a tree; null where a tree is no such thing. */
export function nestedChart(tree: FileTree, path: string): NestedChart | null {
  const [folder, ...others] = tree.children(path);
  if (path !== "" || folder === undefined || others.length > 0) return null;
  if (tree.entry(childPath(folder, "Chart.yaml"))?.type !== "file") return null;
  const inner = subtree(tree, folder);
  const placeOf = (file: string) => (added.test(file) ? tree : inner);
  const listed = { kind: "directory", path: "", digest: listingDigest(tree, "") } as const;
  return {
    tree: {
      entry: (file) => placeOf(file).entry(file),
      children: (file) => placeOf(file).children(file),
      async read(paths, signal) {
        const found = new Map<string, Uint8Array>();
        for (const [place, group] of Map.groupBy(paths, placeOf)) {
          for (const [file, content] of await place.read(group, signal)) found.set(file, content);
        }
        return found;
      },
    },
    outer: (readSet) => [
      listed,
      ...readSet.flatMap((record) => (added.test(record.path) ? [record] : readSetBelow(folder, [record]))),
    ],
  };
}
