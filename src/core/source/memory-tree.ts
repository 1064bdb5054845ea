import { sha256Hex } from "./sha256.ts";
import { childPath } from "./read-set.ts";
import { utf8Bytes } from "./utf8.ts";
import type { FileTree, TreeEntry } from "./file-tree.ts";

/** A file by its content, or a link by its target. */
export type MemoryFile = string | Uint8Array | { readonly link: string };

interface MemoryNode {
  readonly entry: TreeEntry;
  readonly content: Uint8Array;
}

/** A tree of the given files by path; the directories between them exist by themselves. */
export function memoryTree(files: Readonly<Record<string, MemoryFile>>): FileTree {
  const nodes = new Map<string, MemoryNode>();
  const names = new Map<string, Set<string>>([["", new Set()]]);
  for (const [path, file] of Object.entries(files)) {
    nodes.set(path, nodeOf(file));
    addNames(names, path);
  }
  const listings = new Map([...names].map(([path, children]) => [path, [...children].sort()]));
  for (const [path, children] of [...listings].reverse()) {
    const below = children.map((name) => `${name}\0${nodes.get(childPath(path, name))?.entry.digest ?? "directory"}\n`);
    nodes.set(path, { entry: { type: "directory", digest: sha256Hex(below.join("")) }, content: new Uint8Array() });
  }
  return {
    entry: (path) => nodes.get(path)?.entry,
    children: (path) => listings.get(path) ?? [],
    async read(paths, signal) {
      signal.throwIfAborted();
      return new Map(paths.map((path) => [path, contentOf(nodes, path)]));
    },
  };
}

function nodeOf(file: MemoryFile): MemoryNode {
  if (file instanceof Uint8Array) return fileNode("file", file);
  return typeof file === "string" ? fileNode("file", utf8Bytes(file)) : fileNode("link", utf8Bytes(file.link));
}

function fileNode(type: "file" | "link", content: Uint8Array): MemoryNode {
  return { entry: { type, digest: sha256Hex(content), size: content.length }, content };
}

function addNames(names: Map<string, Set<string>>, path: string): void {
  let directory = "";
  for (const name of path.split("/")) {
    const children = names.get(directory) ?? new Set<string>();
    names.set(directory, children.add(name));
    directory = childPath(directory, name);
  }
}

function contentOf(nodes: ReadonlyMap<string, MemoryNode>, path: string): Uint8Array {
  const node = nodes.get(path);
  if (node !== undefined && node.entry.type !== "directory") return node.content;
  throw new Error(`Cannot read ${path}: no such file in this tree`);
}
