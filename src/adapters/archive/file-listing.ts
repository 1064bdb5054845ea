import { createHash } from "node:crypto";
import type { TreeEntry } from "#core/source/file-tree.ts";
import { ArchiveError } from "./archive-error.ts";

/** A file of a listing: its digest, and whatever its owner needs to find the content. */
export interface ListedFile {
  readonly digest: string;
  readonly size: number;
  readonly executable: boolean;
}

/** Names, digests and folders of a set of files; what a tree knows without reading contents. */
export interface FileListing<F extends ListedFile> {
  readonly files: ReadonlyMap<string, F>;
  readonly entry: (path: string) => TreeEntry | undefined;
  readonly children: (path: string) => readonly string[];
}

/** Lists files by path. @throws ArchiveError `refused` when one path is a file and the folder of another */
export function fileListing<F extends ListedFile>(files: ReadonlyMap<string, F>): FileListing<F> {
  const names = new Map<string, Set<string>>([["", new Set()]]);
  for (const path of files.keys()) addNames(names, path);
  const listings = new Map<string, readonly string[]>();
  const entries = new Map<string, TreeEntry>();
  for (const [path, file] of files) {
    if (names.has(path)) throw new ArchiveError("refused", `${JSON.stringify(path)} is both a file and a folder`);
    entries.set(path, { type: "file", ...plain(file) });
  }
  // A folder is made before those in it, so that backwards its children come first.
  for (const [path, children] of [...names].toReversed()) {
    const sorted = [...children].sort();
    listings.set(path, sorted);
    entries.set(path, { type: "directory", digest: folderDigest(path, sorted, entries) });
  }
  return { files, entry: (path) => entries.get(path), children: (path) => listings.get(path) ?? [] };
}

function plain({ digest, size, executable }: ListedFile): Omit<TreeEntry, "type"> {
  return executable ? { digest, size, executable } : { digest, size };
}

function addNames(names: Map<string, Set<string>>, path: string): void {
  let folder = "";
  for (const name of path.split("/")) {
    let children = names.get(folder);
    if (children === undefined) names.set(folder, (children = new Set()));
    children.add(name);
    folder = folder === "" ? name : `${folder}/${name}`;
  }
}

function folderDigest(path: string, children: readonly string[], entries: ReadonlyMap<string, TreeEntry>): string {
  const hash = createHash("sha256");
  for (const name of children) {
    const entry = entries.get(path === "" ? name : `${path}/${name}`)!;
    hash.update(`${entry.type} ${entry.executable === true} ${entry.digest} ${name}\n`);
  }
  return hash.digest("hex");
}
