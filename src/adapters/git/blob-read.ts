import { GitError, TreeReadError } from "./git-error.ts";
import type { TreeListing } from "./git-tree.ts";
import type { ObjectReader } from "./object-reader.ts";

/** What reading blobs needs. */
export interface BlobReading {
  readonly listing: TreeListing;
  readonly reader: ObjectReader;
  readonly limits: { readonly maxFileBytes: number; readonly maxReadBytes: number };
  /** Brings blobs into the store in one conversation. */
  readonly fetchMissing: (digests: readonly string[], maxPackBytes: number) => Promise<void>;
}

// Headers, index and the compression of what does not compress.
const packSlackBytes = 256 << 10;
const maxCulprits = 16;

/** Contents of files and links, each within the cap. @throws TreeReadError naming the first path that cannot be read. */
export async function readBlobs(
  reading: BlobReading,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const pathOf = new Map<string, string>();
  const digestOf = new Map(paths.map((path) => [path, blobDigest(reading.listing, path)]));
  for (const [path, digest] of digestOf) pathOf.set(digest, path);
  const digests = [...pathOf.keys()];
  const known = await sizes(reading, digests, signal);
  checkSizes(reading, pathOf, known);
  const missing = digests.filter((digest) => !known.has(digest));
  if (missing.length > 0) await fetchAll(reading, missing, pathOf);
  const fetched = await sizes(reading, missing, signal);
  const absent = missing.find((digest) => !fetched.has(digest));
  if (absent !== undefined) throw new TreeReadError(pathOf.get(absent)!, "unavailable", "the server did not send it");
  checkSizes(reading, pathOf, new Map([...known, ...fetched]));
  const answers = await reading.reader.contents(digests, signal);
  return new Map(
    [...digestOf].map(([path, digest]) => {
      const bytes = answers.get(digest)?.bytes;
      if (bytes === undefined)
        throw new GitError("corrupt", `Cannot read ${JSON.stringify(path)}: the local store is damaged`);
      return [path, bytes];
    }),
  );
}

function blobDigest(listing: TreeListing, path: string): string {
  const entry = listing.entries.get(path);
  if (entry === undefined) throw new TreeReadError(path, "absent", "there is no such file");
  if (entry.type === "file" || entry.type === "link") return entry.digest;
  throw new TreeReadError(path, "not-a-file", `it is a ${entry.type}`);
}

async function sizes(
  reading: BlobReading,
  digests: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const answers = await reading.reader.info(digests, signal);
  return new Map([...answers].map(([digest, { size }]) => [digest, size]));
}

function checkSizes(
  reading: BlobReading,
  pathOf: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, number>,
): void {
  const { maxFileBytes, maxReadBytes } = reading.limits;
  let total = 0;
  for (const [digest, size] of found) {
    const path = pathOf.get(digest)!;
    if (size > maxFileBytes) throw tooLarge(path, maxFileBytes);
    total += size;
    if (total <= maxReadBytes) continue;
    const reason = `with the files read before it, it exceeds ${maxReadBytes} bytes`;
    throw new TreeReadError(path, "too-large", reason);
  }
}

async function fetchAll(reading: BlobReading, digests: readonly string[], pathOf: ReadonlyMap<string, string>) {
  const { maxFileBytes, maxReadBytes } = reading.limits;
  try {
    await reading.fetchMissing(digests, Math.min(digests.length * maxFileBytes, maxReadBytes) + packSlackBytes);
  } catch (error) {
    if (!(error instanceof GitError) || error.code !== "too-large") throw error;
    const paths = digests.map((digest) => pathOf.get(digest)!);
    if (digests.length === 1) throw tooLarge(paths[0]!, maxFileBytes);
    if (digests.length > maxCulprits)
      throw new TreeReadError(paths[0]!, "too-large", `with ${paths.length - 1} others it is larger than the limit`);
    // One of several is too large; only asking for each alone tells which.
    for (const digest of digests) await fetchAll(reading, [digest], pathOf);
  }
}

function tooLarge(path: string, limit: number): TreeReadError {
  return new TreeReadError(path, "too-large", `it is larger than ${limit} bytes`);
}
