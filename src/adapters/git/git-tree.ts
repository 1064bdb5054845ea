import type { FileTree, TreeEntry } from "#core/source/file-tree.ts";
import { GitError } from "./git-error.ts";

/** The names, modes and digests of one commit's files. */
export class TreeListing {
  readonly entries = new Map<string, TreeEntry>();
  readonly #children = new Map<string, string[]>([["", []]]);
  readonly #maxEntries: number;
  #rest = "";

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  /** Takes a piece of `ls-tree -r -t -z` output. @throws GitError `too-large` past the cap. */
  push(chunk: Buffer): void {
    // latin1 keeps characters that are cut between chunks whole; each name is decoded when complete.
    const records = (this.#rest + chunk.toString("latin1")).split("\0");
    this.#rest = records.pop()!;
    for (const record of records) this.#add(record);
  }

  children(path: string): readonly string[] {
    return this.#children.get(path) ?? [];
  }

  /** Sorts what was pushed; to be called once, at the end. */
  finish(): this {
    for (const names of this.#children.values()) names.sort();
    return this;
  }

  #add(record: string): void {
    const match = /^(\d{6}) (\w+) ([0-9a-f]+)\t/.exec(record);
    if (match === null) throw new GitError("corrupt", "Cannot list the tree: git's answer does not parse");
    const path = Buffer.from(record.slice(match[0].length), "latin1").toString("utf8");
    if (this.entries.size >= this.#maxEntries) {
      throw new GitError(
        "too-large",
        `Cannot list the tree: it has more than ${this.#maxEntries} files and directories, too many from ${JSON.stringify(path)} on`,
      );
    }
    this.entries.set(path, entryOf(match[1]!, match[2]!, match[3]!));
    if (match[2] === "tree") this.#children.set(path, []);
    const slash = path.lastIndexOf("/");
    this.#children.get(slash < 0 ? "" : path.slice(0, slash))?.push(path.slice(slash + 1));
  }
}

/** A tree of files over a listing and a way to read blobs. */
export function gitTree(
  listing: TreeListing,
  rootDigest: string,
  read: (paths: readonly string[], signal: AbortSignal) => Promise<ReadonlyMap<string, Uint8Array>>,
): FileTree {
  const root: TreeEntry = { type: "directory", digest: rootDigest };
  return {
    entry: (path) => (path === "" ? root : listing.entries.get(path)),
    children: (path) => listing.children(path),
    read,
  };
}

function entryOf(mode: string, type: string, digest: string): TreeEntry {
  if (type === "tree") return { type: "directory", digest };
  if (type === "commit") return { type: "module", digest };
  if (mode === "120000") return { type: "link", digest };
  return mode === "100755" ? { type: "file", digest, executable: true } : { type: "file", digest };
}
