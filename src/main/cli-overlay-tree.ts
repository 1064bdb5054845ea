import type { FileTree, TreeEntry } from "#core/source/file-tree.ts";
import { childPath } from "#core/source/read-set.ts";

/** The tree `base` with the files at `touched` as `other` has them; those that `other` lacks are gone. */
export function overlayTree(base: FileTree, other: FileTree, touched: ReadonlySet<string>): FileTree {
  const added = new Map<string, Set<string>>();
  for (const path of touched) if (isFile(other.entry(path))) addParents(added, path);
  const isGone = (path: string): boolean => {
    if (touched.has(path)) return !isFile(other.entry(path));
    const entry = base.entry(path);
    if (entry?.type !== "directory") return entry === undefined;
    return !base.children(path).some((name) => !isGone(childPath(path, name)));
  };
  const children = (path: string): readonly string[] => {
    const kept = base.children(path).filter((name) => !isGone(childPath(path, name)));
    return [...new Set([...kept, ...(added.get(path) ?? [])])].sort();
  };
  const entry = (path: string): TreeEntry | undefined => {
    if (touched.has(path) && isFile(other.entry(path))) return other.entry(path);
    if (added.has(path)) return { type: "directory", digest: `overlay ${base.entry(path)?.digest ?? ""}` };
    if (path === "") return base.entry("");
    return isGone(path) ? undefined : base.entry(path);
  };
  return {
    entry,
    children,
    async read(paths, signal) {
      const own = paths.filter((path) => touched.has(path));
      const rest = paths.filter((path) => !touched.has(path));
      const contents = new Map(rest.length > 0 ? await base.read(rest, signal) : []);
      for (const [path, bytes] of own.length > 0 ? await other.read(own, signal) : []) contents.set(path, bytes);
      return contents;
    },
  };
}

function isFile(entry: TreeEntry | undefined): boolean {
  return entry?.type === "file" || entry?.type === "link";
}

function addParents(added: Map<string, Set<string>>, path: string): void {
  let directory = "";
  for (const name of path.split("/")) {
    const names = added.get(directory) ?? new Set<string>();
    added.set(directory, names.add(name));
    directory = childPath(directory, name);
  }
}
