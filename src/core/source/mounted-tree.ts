import { childPath } from "./read-set.ts";
import type { FileTree, TreeEntry } from "./file-tree.ts";

/** A tree as it is, and others in folders of a folder that it does not have itself. */
export function mountedTree(tree: FileTree, folder: string, mounts: ReadonlyMap<string, FileTree>): FileTree {
  if (mounts.size === 0) return tree;
  const directory: TreeEntry = { type: "directory", digest: "" };
  const placeOf = (path: string): { tree: FileTree; inner: string; at: string } | null => {
    if (!path.startsWith(`${folder}/`)) return { tree, inner: path, at: "" };
    const [name = "", ...rest] = path.slice(folder.length + 1).split("/");
    const mounted = mounts.get(name);
    return mounted ? { tree: mounted, inner: rest.join("/"), at: `${folder}/${name}` } : null;
  };
  return {
    entry(path) {
      const place = placeOf(path);
      return path === folder || place?.inner === "" ? directory : place?.tree.entry(place.inner);
    },
    children(path) {
      if (path === folder) return [...mounts.keys()].toSorted();
      const place = placeOf(path);
      return place?.tree.children(place.inner) ?? [];
    },
    async read(paths, signal) {
      const found = new Map<string, Uint8Array>();
      const byTree = Map.groupBy(paths, (path) => placeOf(path)?.at);
      for (const [at, group] of byTree) {
        const place = at === undefined ? null : placeOf(group[0]!);
        if (!place) throw new Error(`Cannot read ${JSON.stringify(group[0])}: this source has no such file`);
        const outer = (inner: string) => (place.at === "" ? inner : childPath(place.at, inner));
        const inner = group.map((path) => placeOf(path)!.inner);
        for (const [path, bytes] of await place.tree.read(inner, signal)) found.set(outer(path), bytes);
      }
      return found;
    },
  };
}
