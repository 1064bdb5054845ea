import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { ListedFile } from "../archive/file-listing.ts";
import { BucketError } from "./bucket-error.ts";

/** A file of a revision, and the object that it is the content of. */
export interface StoredFile extends ListedFile {
  readonly key: string;
  readonly etag: string;
  readonly version?: string;
}

/** A content that is about to come. */
export interface ExpectedContent {
  readonly size: number;
  /** In hex; absent: nobody told it. */
  readonly md5?: string;
  /** As it reads after "Cannot". */
  readonly action: string;
}

/** The files of a revision by path. */
export type RevisionFiles = ReadonlyMap<string, StoredFile>;

/** Revisions of one bucket on disk; they share the contents that they have in common. */
export class ContentStore {
  readonly #directory: string;
  readonly #contents: string;
  readonly #revisions: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.#contents = join(directory, "contents");
    this.#revisions = join(directory, "revisions");
  }

  /** Makes the folders, and clears up after a crash. */
  async open(): Promise<void> {
    for (const folder of [this.#contents, this.#revisions]) await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#directory)) {
      if (name.startsWith("partial-")) await rm(join(this.#directory, name), { force: true });
    }
  }

  /** Notes that the store is in use. */
  async touch(): Promise<void> {
    const now = new Date();
    await utimes(this.#directory, now, now).catch(() => this.open());
  }

  async holds(revision: string): Promise<boolean> {
    return (await sizeOf(this.#indexPath(revision))) !== undefined;
  }

  /** The files of a revision, or undefined when it is not there or cannot be read. */
  async load(revision: string): Promise<RevisionFiles | undefined> {
    try {
      const entries = JSON.parse(await readFile(this.#indexPath(revision), "utf8")) as [string, StoredFile][];
      return new Map(entries);
    } catch {
      // Whatever is wrong with it, fetching it again puts it right.
      return undefined;
    }
  }

  /** The files of the revision that was saved last, if any. */
  async newest(): Promise<RevisionFiles | undefined> {
    const [name] = await this.#byAge();
    return name === undefined ? undefined : await this.load(`sha256:${name}`);
  }

  /** Notes that all files of a revision are here. */
  async save(revision: string, files: RevisionFiles): Promise<void> {
    const partial = this.#partialPath();
    await local(writeFile(partial, JSON.stringify([...files]), { mode: 0o600 }));
    await local(rename(partial, this.#indexPath(revision)));
  }

  async drop(revision: string): Promise<void> {
    await rm(this.#indexPath(revision), { force: true });
  }

  /** Stores a content of which the size is known, and tells its digest. @throws BucketError when it is another */
  async add(body: Readable, expected: ExpectedContent, signal: AbortSignal): Promise<string> {
    const partial = this.#partialPath();
    try {
      const digest = await written(partial, { body, ...expected }, signal);
      await local(rename(partial, this.#contentPath(digest)));
      return digest;
    } finally {
      await rm(partial, { force: true });
    }
  }

  async holdsContent({ digest, size }: ListedFile): Promise<boolean> {
    return (await sizeOf(this.#contentPath(digest))) === size;
  }

  /** A content as it was stored. @throws BucketError `damaged` when the disk lost or changed it */
  async content({ digest }: ListedFile): Promise<Uint8Array> {
    const path = this.#contentPath(digest);
    const content = await readFile(path).catch((cause: unknown) => {
      throw new BucketError("damaged", `Cannot read the object: its local copy ${path} is gone`, { cause });
    });
    if (createHash("sha256").update(content).digest("hex") === digest) return content;
    throw new BucketError("damaged", `Cannot read the object: its local copy ${path} is damaged`);
  }

  /** Removes all revisions but one and the newest of the others, and the contents that none of them has. */
  async retain(kept: string, others: number): Promise<void> {
    const names = (await this.#byAge()).filter((name) => name !== nameOf(kept));
    for (const name of names.slice(others)) await this.drop(`sha256:${name}`);
    const used = new Set<string>();
    for (const name of [nameOf(kept), ...names.slice(0, others)]) {
      const files = await this.load(`sha256:${name}`);
      for (const { digest } of files?.values() ?? []) used.add(digest);
    }
    for (const digest of await readdir(this.#contents)) {
      if (!used.has(digest)) await rm(join(this.#contents, digest), { force: true });
    }
  }

  async #byAge(): Promise<readonly string[]> {
    const aged: { name: string; at: number }[] = [];
    for (const name of await readdir(this.#revisions)) {
      aged.push({ name, at: (await stat(join(this.#revisions, name))).mtimeMs });
    }
    return aged.toSorted((a, b) => b.at - a.at).map(({ name }) => name);
  }

  #indexPath(revision: string): string {
    return join(this.#revisions, nameOf(revision));
  }

  #contentPath(digest: string): string {
    return join(this.#contents, digest);
  }

  #partialPath(): string {
    return join(this.#directory, `partial-${randomBytes(8).toString("hex")}`);
  }
}

async function written(
  path: string,
  { body, size, md5, action }: ExpectedContent & { readonly body: Readable },
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash("sha256");
  const check = createHash("md5");
  let length = 0;
  await using file = await local(open(path, "wx", 0o600));
  for await (const chunk of body as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    length += chunk.length;
    if (length > size) break;
    hash.update(chunk);
    check.update(chunk);
    await local(file.writeFile(chunk));
  }
  const state = `it does not have the ${length === size ? "MD5" : `${size} bytes`} that it was listed with`;
  if (length !== size || (md5 !== undefined && check.digest("hex") !== md5)) {
    throw new BucketError("changed", `Cannot ${action}: ${state}`);
  }
  return hash.digest("hex");
}

async function sizeOf(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

/** Keeps failures of the disk apart from those of the connection, which are tried again. */
async function local<T>(work: Promise<T>): Promise<T> {
  return await work.catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BucketError("failed", `Cannot store the objects: ${why}`, { cause });
  });
}

function nameOf(revision: string): string {
  return revision.replace(/^sha256:/, "");
}
