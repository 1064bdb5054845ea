import { createHash } from "node:crypto";
import { type Dirent, lstatSync, readdirSync, type Stats } from "node:fs";
import { readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { FileTree, TreeEntry } from "#core/source/file-tree.ts";
import { childPath } from "#core/source/read-set.ts";

/**
 * The files below a directory of this machine, without `.git`. It is looked at when asked and remembered, so that one
 * tree never changes its mind; it leads nowhere outside, as links are followed by the reader inside the tree alone.
 */
export function localTree(root: string): FileTree {
  const entries = new Map<string, TreeEntry | undefined>();
  const listings = new Map<string, readonly string[]>();
  const entry = (path: string): TreeEntry | undefined => {
    if (!isInside(path)) return undefined;
    if (!entries.has(path)) entries.set(path, entryAt(join(root, path)));
    return entries.get(path);
  };
  return {
    entry,
    children: (path) => {
      if (entry(path)?.type !== "directory") return [];
      const known = listings.get(path) ?? namesIn(join(root, path));
      listings.set(path, known);
      return known;
    },
    async read(paths, signal) {
      const contents = new Map<string, Uint8Array>();
      for (const path of paths) {
        const type = entry(path)?.type;
        if (!isPlain(path, entry) || (type !== "file" && type !== "link"))
          throw new Error(`Cannot read ${path}: there is no such file`);
        const place = join(root, path);
        contents.set(path, type === "link" ? Buffer.from(await readlink(place)) : await readFile(place, { signal }));
      }
      return contents;
    },
  };
}

function isInside(path: string): boolean {
  return (
    path === "" || path.split("/").every((part) => !["", ".", "..", ".git"].includes(part) && !part.includes("\0"))
  );
}

/** No link on the way: the operating system would follow it out of the tree. */
function isPlain(path: string, entry: FileTree["entry"]): boolean {
  let directory = "";
  for (const name of path.split("/").slice(0, -1)) {
    directory = childPath(directory, name);
    if (entry(directory)?.type !== "directory") return false;
  }
  return true;
}

function entryAt(place: string): TreeEntry | undefined {
  let stats: Stats;
  try {
    stats = lstatSync(place);
  } catch {
    return undefined;
  }
  const digest = createHash("sha256").update(`${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeMs}`).digest("hex");
  if (stats.isDirectory()) return { type: "directory", digest };
  if (stats.isSymbolicLink()) return { type: "link", digest };
  if (!stats.isFile()) return undefined;
  return { type: "file", digest, size: stats.size, executable: (stats.mode & 0o100) !== 0 };
}

function namesIn(place: string): readonly string[] {
  return readdirSync(place, { withFileTypes: true })
    .filter((child) => child.name !== ".git" && isKept(child))
    .map((child) => child.name)
    .sort();
}

function isKept(child: Dirent): boolean {
  return child.isFile() || child.isDirectory() || child.isSymbolicLink();
}
