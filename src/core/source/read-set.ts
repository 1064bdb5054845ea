import { sha256Hex } from "./sha256.ts";
import type { FileTree } from "./file-tree.ts";

/**
 * One thing that was learned about a tree: a file's or link's content, a directory's listing (or, with an empty digest,
 * only that it is a directory), or that nothing is at a path. Paths are real: no part but the last is a link.
 */
export interface ReadRecord {
  readonly kind: "file" | "link" | "directory" | "absent";
  readonly path: string;
  readonly digest: string;
}

/** Everything that a computation learned about a tree, sorted by path and kind. */
export type ReadSet = readonly ReadRecord[];

/** Whether a tree would have answered the same to every question, so that the computation would end the same. */
export function readSetHolds(readSet: ReadSet, tree: FileTree): boolean {
  return readSet.every((record) => recordHolds(record, tree));
}

/** Identity of a directory's listing: names and types of its children, not their contents. */
export function listingDigest(tree: FileTree, path: string): string {
  const lines = tree.children(path).map((name) => `${name}\0${tree.entry(childPath(path, name))?.type}\n`);
  return sha256Hex(lines.join(""));
}

/** The path of a directory's child. */
export function childPath(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

function recordHolds(record: ReadRecord, tree: FileTree): boolean {
  if (record.kind === "absent") return isPlainlyAbsent(tree, record.path);
  const isRoot = record.path === "";
  const entry = tree.entry(record.path);
  if (record.kind !== (isRoot ? "directory" : entry?.type)) return false;
  if (record.kind !== "directory") return entry?.digest === record.digest;
  return record.digest === "" || listingDigest(tree, record.path) === record.digest;
}

/** A link on the way would lead elsewhere, where something may be. */
function isPlainlyAbsent(tree: FileTree, path: string): boolean {
  if (tree.entry(path) !== undefined) return false;
  for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1)) {
    const type = tree.entry(path.slice(0, end))?.type;
    if (type === "link" || type === "module") return false;
  }
  return true;
}
