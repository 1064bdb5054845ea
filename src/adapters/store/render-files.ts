import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { AppKey } from "#core/app/app.ts";
import type { KeptRender } from "#core/app/kept-render.ts";
import type { KeptRenders } from "#engine/kept-renders.ts";
import { parseExactJson } from "../kube/exact-json.ts";

/** How much is kept. */
export interface RenderLimits {
  readonly perApp: number;
  readonly totalBytes: number;
  readonly ageMs: number;
  /** Of one render as text. */
  readonly renderBytes: number;
}

/** One entry: the name of an empty file says all of it. */
interface Entry {
  readonly app: string;
  readonly entry: string;
  readonly at: number;
  readonly digest: string;
}

const USUAL: RenderLimits = {
  perApp: 10,
  totalBytes: 256 * 1024 * 1024,
  ageMs: 90 * 86_400_000,
  renderBytes: 16 * 1024 * 1024,
};
const ENTRY = /^([0-9a-f]{32})\.([0-9a-f]{64})\.(\d{13})\.([0-9a-f]{64})$/;
const CONTENT = /^([0-9a-f]{64})\.json\.gz$/;

/** Renders on disk: each content once, by its digest, and an entry for each app and revision that has it. */
export class RenderFiles implements KeptRenders {
  readonly #directory: string;
  readonly #onError: (error: unknown) => void;
  readonly #limits: RenderLimits;
  /** Oldest first. */
  #entries: Entry[] = [];
  readonly #sizes = new Map<string, number>();
  #isRead = false;
  #isFailing = false;
  /** What was asked for before what is asked for now. */
  #last: Promise<unknown> = Promise.resolve();

  /** Failures go to `onError`, the first of a row only. */
  constructor(directory: string, onError: (error: unknown) => void, limits: Partial<RenderLimits> = {}) {
    this.#directory = directory;
    this.#onError = onError;
    this.#limits = { ...USUAL, ...limits };
  }

  keep(app: AppKey, entry: string, render: KeptRender): void {
    this.#last = this.#last.then(async () => {
      try {
        await this.#keep({ app: nameOf(app), entry }, render);
        this.#isFailing = false;
      } catch (error) {
        if (!this.#isFailing) this.#onError(error);
        this.#isFailing = true;
      }
    });
  }

  async find(app: AppKey, entry: string, signal: AbortSignal): Promise<KeptRender | null> {
    await this.#last;
    signal.throwIfAborted();
    try {
      await this.#read();
      const found = this.#entries.find((one) => one.app === nameOf(app) && one.entry === entry);
      if (!found) return null;
      const text = await promisify(gunzip)(await readFile(this.#contentPath(found.digest), { signal }));
      if (sha256(text) !== found.digest) throw new Error(`Cannot use a render: ${found.digest} is damaged on disk`);
      return parseExactJson(text.toString("utf8")) as KeptRender;
    } catch (error) {
      signal.throwIfAborted();
      this.#onError(error);
      return null;
    }
  }

  /** Resolves when all is written. */
  async close(): Promise<void> {
    await this.#last;
  }

  async #keep({ app, entry }: Pick<Entry, "app" | "entry">, render: KeptRender): Promise<void> {
    await this.#read();
    const text = this.#textOf(render);
    const digest = sha256(text);
    if (!this.#sizes.has(digest)) await this.#store(digest, text);
    const same = this.#entries.filter((one) => one.app === app && one.entry === entry);
    await this.#add({ app, entry, at: Math.max(Date.now(), (this.#entries.at(-1)?.at ?? 0) + 1), digest });
    const own = this.#entries.filter((one) => one.app === app && !same.includes(one));
    await this.#drop([...same, ...own.slice(0, -this.#limits.perApp)]);
    await this.#shrink();
  }

  #textOf(render: KeptRender): Buffer {
    const text = Buffer.from(JSON.stringify(render));
    if (text.length <= this.#limits.renderBytes) return text;
    return Buffer.from(JSON.stringify({ withheld: "it is too large to be kept" }));
  }

  async #store(digest: string, text: Buffer): Promise<void> {
    const bytes = await promisify(gzip)(text);
    const partial = join(this.#directory, "partial");
    await writeFile(partial, bytes, { mode: 0o600 });
    await rename(partial, this.#contentPath(digest));
    this.#sizes.set(digest, bytes.length);
  }

  async #add(entry: Entry): Promise<void> {
    await writeFile(this.#entryPath(entry), "", { mode: 0o600 });
    this.#entries.push(entry);
  }

  /** What is too old goes, and the oldest of all while there is too much. */
  async #shrink(): Promise<void> {
    const oldest = Date.now() - this.#limits.ageMs;
    await this.#drop(this.#entries.filter(({ at }) => at < oldest));
    while (this.#entries.length > 1 && this.#total() > this.#limits.totalBytes) {
      await this.#drop(this.#entries.slice(0, 1));
    }
  }

  #total(): number {
    return [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  async #drop(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    this.#entries = this.#entries.filter((one) => !entries.includes(one));
    for (const one of entries) await rm(this.#entryPath(one), { force: true });
    for (const { digest } of entries) {
      if (this.#entries.some((one) => one.digest === digest)) continue;
      await rm(this.#contentPath(digest), { force: true });
      this.#sizes.delete(digest);
    }
  }

  /** What is on disk; contents that a crash left without an entry go. */
  async #read(): Promise<void> {
    if (this.#isRead) return;
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const names = await readdir(this.#directory);
    const contents = new Map<string, number>();
    for (const name of names) {
      const digest = CONTENT.exec(name)?.[1];
      if (digest) contents.set(digest, (await stat(join(this.#directory, name))).size);
    }
    const entries = names.flatMap(entryOf).filter(({ digest }) => contents.has(digest));
    const used = new Set(entries.map(({ digest }) => digest));
    for (const [digest, size] of contents) {
      if (used.has(digest)) this.#sizes.set(digest, size);
      else await rm(this.#contentPath(digest), { force: true });
    }
    this.#entries = entries.toSorted((a, b) => a.at - b.at);
    this.#isRead = true;
  }

  #contentPath(digest: string): string {
    return join(this.#directory, `${digest}.json.gz`);
  }

  #entryPath({ app, entry, at, digest }: Entry): string {
    return join(this.#directory, `${app}.${entry}.${String(at).padStart(13, "0")}.${digest}`);
  }
}

function entryOf(name: string): Entry[] {
  const [, app, entry, at, digest] = ENTRY.exec(name) ?? [];
  return app && entry && at && digest ? [{ app, entry, at: Number(at), digest }] : [];
}

function nameOf(app: AppKey): string {
  return sha256(Buffer.from(app)).slice(0, 32);
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
