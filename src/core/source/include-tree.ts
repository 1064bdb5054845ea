import { cleanPath } from "./clean-path.ts";
import { composedTree } from "./composed-tree.ts";
import type { FileTree } from "./file-tree.ts";
import { childPath } from "./read-set.ts";
import { SourceError } from "./source-error.ts";

/** A part of another source's files and where it is shown. */
export interface IncludedTree {
  readonly name: string;
  readonly tree: FileTree;
  readonly from: string;
  readonly to: string;
}

/**
 * A tree with parts of others in it.
 * @throws SourceError `misplaced-include` when there is no such part, or something is where it should go
 */
export function includeTree(tree: FileTree, { name, tree: other, from, to }: IncludedTree): FileTree {
  const [source, target] = [cleanPath(from), cleanPath(to)];
  const refuse = (state: string) => new SourceError("misplaced-include", `Cannot include ${name}: ${state}`);
  if (other.entry(source) === undefined) throw refuse(`it has no ${JSON.stringify(from)}`);
  let parent = "";
  for (const part of target.split("/")) {
    const type = tree.entry(parent)?.type ?? "directory";
    if (type !== "directory") throw refuse(`${JSON.stringify(parent)} is no directory`);
    parent = childPath(parent, part);
  }
  if (tree.entry(target) !== undefined) throw refuse(`${JSON.stringify(to)} is there already`);
  const keeps = () => true;
  return composedTree([
    { tree, from: "", to: "", keeps },
    { tree: other, from: source, to: target, keeps },
  ]);
}
