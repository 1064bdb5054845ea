import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PackedFile } from "./pack-file.ts";

/** An unpacked archive on disk. */
export interface StoredPack {
  /** The file that holds the contents of `files`. */
  readonly pack: string;
  readonly files: ReadonlyMap<string, PackedFile>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What is written of an archive besides its pack. */
export type PackIndex = Omit<StoredPack, "pack">;

interface IndexFile {
  readonly files: readonly (readonly [string, PackedFile])[];
  readonly annotations: Readonly<Record<string, string>>;
}

const indexName = "index.json";
/** Name of the file in an archive's folder that holds its contents. */
export const packName = "pack";

/** Unpacked archives on disk, by digest; one is there as a whole or not at all. */
export class PackStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Notes that the store is in use, and clears up after a crash. */
  async open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#directory)) {
      if (name.startsWith("partial-")) await this.#remove(name);
    }
  }

  /** Notes that the store is in use. */
  async touch(): Promise<void> {
    const now = new Date();
    await utimes(this.#directory, now, now).catch(() => this.open());
  }

  async holds(digest: string): Promise<boolean> {
    return await stat(join(this.#folder(digest), indexName)).then(
      () => true,
      () => false,
    );
  }

  /** The artifact, or undefined when it is not there or cannot be read. */
  async load(digest: string): Promise<StoredPack | undefined> {
    const folder = this.#folder(digest);
    try {
      const index = JSON.parse(await readFile(join(folder, indexName), "utf8")) as IndexFile;
      if (!Array.isArray(index.files)) return undefined;
      return { pack: join(folder, packName), files: new Map(index.files), annotations: index.annotations };
    } catch {
      // Whatever is wrong with it, pulling it again puts it right.
      return undefined;
    }
  }

  /** Lets `fill` write the pack into a folder of its own, which becomes the artifact when that succeeds. */
  async add(digest: string, fill: (folder: string) => Promise<PackIndex>): Promise<void> {
    const name = `partial-${randomBytes(8).toString("hex")}`;
    const folder = join(this.#directory, name);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const { files, annotations } = await fill(folder);
      const index: IndexFile = { files: [...files], annotations };
      await writeFile(join(folder, indexName), JSON.stringify(index), { mode: 0o600 });
      await this.drop(digest);
      await rename(folder, this.#folder(digest));
    } finally {
      await this.#remove(name);
    }
  }

  /** Keeps a text beside an artifact that is here. */
  async note(digest: string, name: string, text: string): Promise<void> {
    const folder = this.#folder(digest);
    const partial = join(folder, `${name}.${randomBytes(8).toString("hex")}`);
    try {
      await writeFile(partial, text, { mode: 0o600 });
      await rename(partial, join(folder, name));
    } catch (error) {
      // Without the artifact nobody needs it.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }

  /** A text that was kept beside an artifact; undefined when there is none. */
  async noted(digest: string, name: string): Promise<string | undefined> {
    return await readFile(join(this.#folder(digest), name), "utf8").catch(() => undefined);
  }

  async drop(digest: string): Promise<void> {
    await this.#remove(nameOf(digest));
  }

  /** Removes all artifacts but those named and the newest of the others. */
  async retain(kept: ReadonlySet<string>, others: number): Promise<void> {
    const names = (await readdir(this.#directory)).filter((name) => /^[0-9a-f]{64}$/.test(name));
    const unnamed = names.filter((name) => !kept.has(`sha256:${name}`));
    const aged: { name: string; at: number }[] = [];
    for (const name of unnamed) aged.push({ name, at: (await stat(join(this.#directory, name))).mtimeMs });
    for (const { name } of aged.toSorted((a, b) => b.at - a.at).slice(others)) await this.#remove(name);
  }

  #folder(digest: string): string {
    return join(this.#directory, nameOf(digest));
  }

  async #remove(name: string): Promise<void> {
    await rm(join(this.#directory, name), { recursive: true, force: true });
  }
}

function nameOf(digest: string): string {
  return digest.replace(/^sha256:/, "");
}
