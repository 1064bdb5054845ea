import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import pLimit from "p-limit";
import { doneOnce } from "#async/done-once.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { ArtifactContent, ArtifactStore, ServedArtifact } from "#engine/artifact-store.ts";
import { steadyGzip } from "./steady-gzip.ts";
import { tarOfTree } from "../archive/tar-of-tree.ts";

/** Where files are kept and what they are called for others. */
export interface ArtifactFilesOptions {
  /** Owned by one process at a time. */
  readonly directory: string;
  /** What paths are added to, e.g. `http://artifacts.example.`. */
  readonly baseUrl: string;
  readonly maxBytes?: number;
}

/** A file as it is sent. */
export interface SentFile {
  readonly size: number;
  readonly digest: string;
  open(): Readable;
}

interface Kept {
  readonly path: string;
  /** Names what the file was made of. */
  readonly content: string;
  readonly digest: string;
  readonly size: number;
}

const usualMaxBytes = 512 << 20;
// Whoever read a status a moment ago still finds its file.
const keptOfEach = 2;
const notesName = "notes.json";
/** What the files of equal trees depend on besides. */
const format = "1";

/** The files of artifacts on disk, by object, each with its last two. */
export class ArtifactFiles implements ArtifactStore {
  readonly #options: ArtifactFilesOptions;
  readonly #objects = new Map<string, readonly Kept[]>();
  readonly #exclusive = pLimit(1);
  readonly #open = doneOnce(() =>
    this.#readNotes().catch((error: unknown) => {
      throw failure(error instanceof Error ? error.message : String(error), error);
    }),
  );

  constructor(options: ArtifactFilesOptions) {
    this.#options = options;
  }

  async put(content: ArtifactContent, signal: AbortSignal): Promise<ServedArtifact> {
    const { path } = content;
    if (!isPlainPath(path)) throw failure(`the path ${JSON.stringify(path)} is none to be served`);
    await this.#open();
    const name = nameOf(content);
    const known = this.#kept(path).find((one) => one.path === path && one.content === name);
    if (known && (await this.#isHere(known))) return this.#served(known);
    const partial = join(this.#options.directory, `partial-${randomBytes(8).toString("hex")}`);
    try {
      const made = { path, content: name, ...(await this.#write(partial, content, signal)) };
      await this.#exclusive(() => this.#keep(made, partial));
      return this.#served(made);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof SourceError && error.failure === "storage") throw error;
      throw failure(error instanceof Error ? error.message : String(error), error);
    } finally {
      await rm(partial, { force: true });
    }
  }

  async remove(object: string): Promise<void> {
    await this.#open();
    await this.#exclusive(() => this.#drop(object));
  }

  async retain(objects: ReadonlySet<string>): Promise<void> {
    await this.#open();
    for (const object of this.#objects.keys()) if (!objects.has(object)) await this.remove(object);
  }

  /** The file at a path, as long as it is served; null: there is none. */
  async find(path: string): Promise<SentFile | null> {
    await this.#open();
    const kept = this.#kept(path).find((one) => one.path === path);
    if (!kept || !(await this.#isHere(kept))) return null;
    const { size, digest } = kept;
    return { size, digest, open: () => createReadStream(this.#file(path)) };
  }

  /** A file with this digest, whatever its path; null: there is none. */
  async withDigest(digest: string): Promise<SentFile | null> {
    await this.#open();
    const kept = [...this.#objects.values()].flat().find((one) => one.digest === digest);
    return kept ? await this.find(kept.path) : null;
  }

  async #write(
    partial: string,
    { tree, file }: ArtifactContent,
    signal: AbortSignal,
  ): Promise<Pick<Kept, "digest" | "size">> {
    const { maxBytes = usualMaxBytes } = this.#options;
    const hash = createHash("sha256");
    let size = 0;
    await using handle = await open(partial, "wx", 0o600);
    for await (const chunk of file === null ? steadyGzip(tarOfTree(tree, signal)) : oneFile(tree, file, signal)) {
      signal.throwIfAborted();
      size += chunk.length;
      if (size > maxBytes) throw failure(`it is larger than ${Math.floor(maxBytes / 2 ** 20)} MiB`);
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    return { digest: `sha256:${hash.digest("hex")}`, size };
  }

  /** Puts a finished file in its place and lets the oldest of its object go. */
  async #keep(made: Kept, partial: string): Promise<void> {
    const object = objectOf(made.path);
    await mkdir(dirname(this.#file(made.path)), { recursive: true, mode: 0o700 });
    await rename(partial, this.#file(made.path));
    const all = [...this.#kept(made.path).filter(({ path }) => path !== made.path), made];
    const gone = all.slice(0, -keptOfEach);
    this.#objects.set(object, all.slice(-keptOfEach));
    await this.#note(object);
    for (const { path } of gone) await rm(this.#file(path), { force: true });
  }

  async #drop(object: string): Promise<void> {
    this.#objects.delete(object);
    await rm(join(this.#options.directory, object), { recursive: true, force: true });
  }

  async #note(object: string): Promise<void> {
    const partial = join(this.#options.directory, `partial-${randomBytes(8).toString("hex")}`);
    await writeFile(partial, JSON.stringify(this.#objects.get(object) ?? []), { mode: 0o600 });
    await rename(partial, join(this.#options.directory, object, notesName));
  }

  #kept(path: string): readonly Kept[] {
    return this.#objects.get(objectOf(path)) ?? [];
  }

  #served({ path, digest, size }: Kept): ServedArtifact {
    return { path, digest, size, url: `${this.#options.baseUrl}/${path}` };
  }

  async #isHere({ path, size }: Kept): Promise<boolean> {
    return await stat(this.#file(path)).then(
      (found) => found.isFile() && found.size === size,
      () => false,
    );
  }

  #file(path: string): string {
    return join(this.#options.directory, path);
  }

  /** Clears up after a crash, and reads what earlier processes made. */
  async #readNotes(): Promise<void> {
    const { directory } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.name.startsWith("partial-")) await rm(path, { force: true });
      if (entry.name !== notesName) continue;
      const kept = keptIn(await readFile(path, "utf8"));
      const [first] = kept;
      if (first) this.#objects.set(objectOf(first.path), kept);
    }
  }
}

async function* oneFile(tree: FileTree, file: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const content = (await tree.read([file], signal)).get(file);
  if (content === undefined) throw new Error(`Cannot read ${JSON.stringify(file)}: the tree did not give it`);
  yield content;
}

function nameOf({ tree, file }: ArtifactContent): string {
  const digest = tree.entry(file ?? "")?.digest ?? "";
  return createHash("sha256")
    .update(JSON.stringify([format, file, digest]))
    .digest("hex");
}

/** Whatever is wrong with notes, making the files again puts it right. */
function keptIn(text: string): readonly Kept[] {
  try {
    const kept: unknown = JSON.parse(text);
    return Array.isArray(kept) ? (kept as readonly Kept[]).filter(({ path }) => isPlainPath(path)) : [];
  } catch {
    return [];
  }
}

/** Names of objects and revisions, and nothing that leads elsewhere. */
function isPlainPath(path: unknown): path is string {
  if (typeof path !== "string" || path.length > 1_024) return false;
  const parts = path.split("/");
  return parts.length === 4 && parts.every((part) => /^[A-Za-z0-9][A-Za-z0-9._:+@-]*$/.test(part));
}

function objectOf(path: string): string {
  return path.split("/").slice(0, 3).join("/");
}

function failure(problem: string, cause?: unknown): SourceError {
  return new SourceError("storage", `Cannot store the artifact: ${problem}`, { cause });
}
