import { createHash } from "node:crypto";
import type { FileTree } from "#core/source/file-tree.ts";
import { SourceError } from "#core/source/source-error.ts";
import { ignoredTree, ignoreFileName } from "#core/source/source-ignore.ts";
import { ArchiveError } from "../archive/archive-error.ts";
import { entryName } from "../archive/entry-name.ts";
import { fileListing } from "../archive/file-listing.ts";
import { BucketError } from "./bucket-error.ts";
import type { BucketLimits } from "./bucket-limits.ts";
import type { ListedObject } from "./storage.ts";

/** The objects of a bucket that no rule hides. */
export interface Selection {
  /** Digest over keys and tags. */
  readonly revision: string;
  /** By path; ignore files too, for whoever hides by them. */
  readonly objects: ReadonlyMap<string, ListedObject>;
}

/** How objects are selected. */
export interface SelectionRules {
  /** How messages name the bucket. */
  readonly name: string;
  readonly ignore: string | null;
  readonly limits: BucketLimits;
  /** The content of an object. */
  readonly read: (object: ListedObject, signal: AbortSignal) => Promise<Uint8Array>;
}

/** Selects the objects that are fetched. @throws BucketError naming a key that cannot be a file */
export async function selectedObjects(
  objects: readonly ListedObject[],
  rules: SelectionRules,
  signal: AbortSignal,
): Promise<Selection> {
  const { name } = rules;
  try {
    const byPath = pathsOf(objects);
    const visible = await ignoredTree(treeOf(byPath, rules), rules.ignore, signal);
    const chosen = [...byPath].filter(([path]) => visible.entry(path) !== undefined || isIgnoreFile(path));
    checkSizes(chosen, rules);
    const counted = chosen.filter(([path]) => path !== ignoreFileName && visible.entry(path) !== undefined);
    return { revision: revisionOf(counted.map(([, object]) => object)), objects: new Map(chosen) };
  } catch (error) {
    if (error instanceof SourceError || !(error instanceof Error)) throw error;
    signal.throwIfAborted();
    const why = error.message.replace(/^Cannot unpack the archive: /, "").replace(/^Cannot /, "cannot ");
    throw new BucketError("refused-content", `Cannot use ${name}: ${why}`, { cause: error });
  }
}

/** What upstream's controllers write as a bucket's revision: a digest over the sorted lines of keys and tags. */
function revisionOf(objects: readonly ListedObject[]): string {
  const lines = objects
    .map(({ key, etag }) => ({ bytes: Buffer.from(key), line: `${key} ${etag}\n` }))
    .toSorted((a, b) => Buffer.compare(a.bytes, b.bytes));
  const hash = createHash("sha256");
  for (const { line } of lines) hash.update(line);
  return `sha256:${hash.digest("hex")}`;
}

function pathsOf(objects: readonly ListedObject[]): ReadonlyMap<string, ListedObject> {
  const found = new Map<string, ListedObject>();
  for (const object of objects) {
    const { key } = object;
    const path = entryName(Buffer.from(key));
    const other = found.get(path);
    if (path === "") throw new ArchiveError("refused", `the key ${JSON.stringify(key)} names no file`);
    if (other !== undefined) {
      const both = `${JSON.stringify(other.key)} and ${JSON.stringify(key)}`;
      throw new ArchiveError("refused", `the keys ${both} are one file`);
    }
    found.set(path, object);
  }
  return found;
}

function treeOf(byPath: ReadonlyMap<string, ListedObject>, { read }: SelectionRules): FileTree {
  const files = [...byPath].map(([path, { etag, size }]) => [path, { digest: etag, size, executable: false }] as const);
  const { entry, children } = fileListing(new Map(files));
  return {
    entry,
    children,
    async read(paths, signal) {
      const contents = new Map<string, Uint8Array>();
      for (const path of paths) contents.set(path, await read(byPath.get(path)!, signal));
      return contents;
    },
  };
}

function checkSizes(
  chosen: readonly (readonly [string, ListedObject])[],
  { name, limits: { maxObjectBytes, maxTotalBytes } }: SelectionRules,
): void {
  let total = 0;
  for (const [, { key, size }] of chosen) {
    if (size > maxObjectBytes) {
      const why = `${JSON.stringify(key)} is larger than ${maxObjectBytes / 2 ** 20} MiB`;
      throw new BucketError("too-large", `Cannot use ${name}: ${why}; ignore rules can leave it out`);
    }
    total += size;
  }
  if (total <= maxTotalBytes) return;
  const why = `its objects are larger than ${maxTotalBytes / 2 ** 20} MiB together`;
  throw new BucketError("too-large", `Cannot use ${name}: ${why}; a prefix or ignore rules can leave some out`);
}

function isIgnoreFile(path: string): boolean {
  return path === ignoreFileName || path.endsWith(`/${ignoreFileName}`);
}
