import type { FileTree, TreeEntry } from "./file-tree.ts";
import { childPath } from "./read-set.ts";
import { sha256Hex } from "./sha256.ts";

/** Files of one tree: those below `from` that `keeps` names, shown below `to`. */
export interface TreePart {
  readonly tree: FileTree;
  readonly from: string;
  readonly to: string;
  readonly keeps: (path: string) => boolean;
}

/** One tree of the files of several; of files at one place the last part's is shown. */
export function composedTree(parts: readonly TreePart[]): FileTree {
  const view = new ComposedTree();
  for (const part of parts) view.take(part);
  return view.finish();
}

interface Leaf {
  readonly tree: FileTree;
  readonly path: string;
  readonly entry: TreeEntry;
}

class ComposedTree implements FileTree {
  readonly #leaves = new Map<string, Leaf>();
  readonly #children = new Map<string, Set<string>>([["", new Set()]]);
  readonly #directories = new Map<string, { entry: TreeEntry; names: readonly string[] }>();

  entry(path: string): TreeEntry | undefined {
    return this.#directories.get(path)?.entry ?? this.#leaves.get(path)?.entry;
  }

  children(path: string): readonly string[] {
    return this.#directories.get(path)?.names ?? [];
  }

  async read(paths: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>> {
    const wanted = new Map<FileTree, Map<string, string>>();
    for (const path of paths) {
      const leaf = this.#leaves.get(path);
      if (leaf === undefined) throw new Error(`Cannot read ${JSON.stringify(path)}: this source has no such file`);
      const places = wanted.get(leaf.tree) ?? new Map<string, string>();
      wanted.set(leaf.tree, places.set(path, leaf.path));
    }
    const found = new Map<string, Uint8Array>();
    for (const [tree, places] of wanted) {
      const contents = await tree.read([...places.values()], signal);
      for (const [path, inner] of places) {
        const bytes = contents.get(inner);
        if (bytes !== undefined) found.set(path, bytes);
      }
    }
    return found;
  }

  take(part: TreePart): void {
    const entry = part.tree.entry(part.from);
    if (entry !== undefined) this.#walk(part, { entry, inner: part.from, outer: part.to });
  }

  #walk(part: TreePart, at: { entry: TreeEntry; inner: string; outer: string }): void {
    if (at.entry.type !== "directory") {
      if (part.keeps(at.inner)) this.#place(at.outer, { tree: part.tree, path: at.inner, entry: at.entry });
      return;
    }
    for (const name of part.tree.children(at.inner)) {
      const inner = childPath(at.inner, name);
      const entry = part.tree.entry(inner);
      if (entry !== undefined) this.#walk(part, { entry, inner, outer: childPath(at.outer, name) });
    }
  }

  #place(path: string, leaf: Leaf): void {
    this.#leaves.set(path, leaf);
    let directory = "";
    for (const name of path.split("/")) {
      const names = this.#children.get(directory) ?? new Set<string>();
      this.#children.set(directory, names.add(name));
      directory = childPath(directory, name);
    }
  }

  /** Digests of what is below, deepest first, so that equal digests mean equal content. */
  finish(): this {
    const depth = (path: string) => path.split("/").length + (path === "" ? 0 : 1);
    for (const [path, set] of [...this.#children].toSorted(([a], [b]) => depth(b) - depth(a))) {
      const names = [...set].toSorted();
      const below = names.map((name) => {
        const entry = this.entry(childPath(path, name));
        return `${name}\0${entry?.type} ${entry?.executable === true} ${entry?.digest}\n`;
      });
      this.#directories.set(path, { entry: { type: "directory", digest: sha256Hex(below.join("")) }, names });
    }
    return this;
  }
}
