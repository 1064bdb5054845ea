import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { HelmError } from "./helm-error.ts";
import type { IndexMarks } from "./repository-client.ts";

/** A chart that is here. */
export interface StoredChart {
  readonly digest: string;
  readonly version: string;
}

/** An index that is here. */
export interface StoredIndex {
  readonly digest: string;
  readonly marks: IndexMarks;
}

interface Notes {
  index: StoredIndex | null;
  /** By what was asked and what the repository offered for it; used longest ago first. */
  charts: Map<string, StoredChart>;
}

const notesName = "notes.json";

/** Indexes and charts of one repository on disk, by digest, and what is known of them. */
export class ChartStore {
  readonly #directory: string;
  readonly #contents: string;
  #notes: Notes = { index: null, charts: new Map() };
  #isChanged = false;

  constructor(directory: string) {
    this.#directory = directory;
    this.#contents = join(directory, "contents");
  }

  /** Makes the folders, clears up after a crash and reads what was noted. */
  async open(): Promise<void> {
    await mkdir(this.#contents, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#directory)) {
      if (name.startsWith("partial-")) await rm(join(this.#directory, name), { force: true });
    }
    try {
      const { index, charts } = JSON.parse(await readFile(join(this.#directory, notesName), "utf8")) as {
        index: StoredIndex | null;
        charts: [string, StoredChart][];
      };
      this.#notes = { index, charts: new Map(charts) };
    } catch {
      // Whatever is wrong with them, asking again puts it right.
    }
  }

  /** The index that was read last, while its file is here. */
  async index(): Promise<StoredIndex | null> {
    const { index } = this.#notes;
    return index !== null && (await this.holds(index.digest)) ? index : null;
  }

  setIndex(index: StoredIndex): void {
    if (!isDeepStrictEqual(this.#notes.index, index)) this.#isChanged = true;
    this.#notes.index = index;
  }

  /** What a question was answered with before, while its file is here. */
  async chart(key: string): Promise<StoredChart | null> {
    const chart = this.#notes.charts.get(key);
    return chart !== undefined && (await this.holds(chart.digest)) ? chart : null;
  }

  /** The question that a content was the answer to last. */
  keyOf(digest: string): string | undefined {
    return [...this.#notes.charts].findLast(([, chart]) => chart.digest === digest)?.[0];
  }

  setChart(key: string, chart: StoredChart): void {
    if (this.#notes.charts.get(key)?.digest !== chart.digest) this.#isChanged = true;
    this.#notes.charts.delete(key);
    this.#notes.charts.set(key, chart);
  }

  async holds(digest: string): Promise<boolean> {
    return await stat(this.#pathOf(digest)).then(
      () => true,
      () => false,
    );
  }

  /** Stores a content; returns its digest. */
  async add(content: Uint8Array): Promise<string> {
    const digest = digestOf(content);
    if (!(await this.holds(digest))) await this.#write(this.#pathOf(digest), content);
    return digest;
  }

  /** A content as it was stored. @throws HelmError `damaged` when the disk lost or changed it */
  async content(digest: string): Promise<Buffer> {
    const path = this.#pathOf(digest);
    const content = await readFile(path).catch((cause: unknown) => {
      throw new HelmError("damaged", `Cannot read the chart: its local copy ${path} is gone`, { cause });
    });
    if (digestOf(content) === digest) return content;
    // What is not here is fetched again.
    await rm(path, { force: true });
    throw new HelmError("damaged", `Cannot read the chart: its local copy ${path} is damaged`);
  }

  /** Notes that the store is in use; keeps on disk what is followed and the newest of the rest, once something changed. */
  async settle(followed: ReadonlySet<string>, others: number): Promise<void> {
    if (this.#isChanged) {
      const rest = [...this.#notes.charts.keys()].filter((key) => !followed.has(key));
      for (const key of rest.slice(0, Math.max(0, rest.length - others))) this.#notes.charts.delete(key);
      const { index, charts } = this.#notes;
      const used = new Set([...charts.values(), ...(index ? [index] : [])].map(({ digest }) => nameOf(digest)));
      await this.#write(join(this.#directory, notesName), JSON.stringify({ index, charts: [...charts] }));
      for (const name of await readdir(this.#contents)) {
        if (!used.has(name)) await rm(join(this.#contents, name), { force: true });
      }
      this.#isChanged = false;
    }
    const now = new Date();
    await utimes(this.#directory, now, now);
  }

  async #write(path: string, content: Uint8Array | string): Promise<void> {
    const partial = join(this.#directory, `partial-${randomBytes(8).toString("hex")}`);
    try {
      await writeFile(partial, content, { mode: 0o600 });
      await rename(partial, path);
    } finally {
      await rm(partial, { force: true });
    }
  }

  #pathOf(digest: string): string {
    return join(this.#contents, nameOf(digest));
  }
}

/** How contents are named: `sha256:` and the hash. */
export function digestOf(content: Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

function nameOf(digest: string): string {
  return digest.replace(/^sha256:/, "");
}
