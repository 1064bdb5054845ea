import { composedTree } from "./composed-tree.ts";
import type { FileTree } from "./file-tree.ts";
import { SourceError } from "./source-error.ts";

/**
 * A view of the tree with only the paths that begin with one of `prefixes`: a directory's name shows that directory, and
 * every other one whose name goes on from there.
 * @throws SourceError `missing-path` when one of them is in no such tree
 */
export function sparseTree(tree: FileTree, prefixes: readonly string[]): FileTree {
  const starts = prefixes.map((prefix) => prefix.replace(/^\.\//, ""));
  const keeps = (path: string) => starts.some((start) => path.startsWith(start));
  const view = composedTree([{ tree, from: "", to: "", keeps }]);
  for (const [at, start] of starts.entries()) {
    const path = start
      .split("/")
      .filter((part) => part !== "" && part !== ".")
      .join("/");
    if (view.entry(path) !== undefined) continue;
    throw new SourceError("missing-path", `Cannot show ${JSON.stringify(prefixes[at])}: it is not in the repository`);
  }
  return view;
}
