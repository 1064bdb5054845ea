import { createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeStaleFolders } from "./stale-folders.ts";

const hourMs = 3_600_000;
// What every poll touches is stale after two days without one.
const staleAfterMs = 48 * hourMs;

/**
 * Folders for what was fetched, one for each address and credential, and who holds them now. One process at a time owns
 * them.
 */
export class KeptFolders<T extends object> {
  readonly #directory: string;
  /** Forgotten with the last who holds them: credentials that are renewed often would pile up. */
  readonly #holders = new Map<string, WeakRef<T>>();
  #key: Buffer | undefined;
  /** By the first time, whoever goes on from an earlier process has opened what it needs. */
  #nextCleaningAt = performance.now() + hourMs;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Who holds the folder for these parts, credentials among them; made with the path of the folder when nobody does. */
  open(parts: unknown, make: (folder: string) => T): T {
    const name = createHmac("sha256", this.#hashKey()).update(JSON.stringify(parts)).digest("hex").slice(0, 32);
    const known = this.#holders.get(name)?.deref();
    if (known !== undefined) return known;
    const holder = make(join(this.#directory, "repositories", name));
    this.#holders.set(name, new WeakRef(holder));
    this.#clean();
    return holder;
  }

  /** Forgets all holders; the folders stay. */
  clear(): void {
    this.#holders.clear();
  }

  /** Credentials that were replaced leave a folder and an entry behind. */
  #clean(): void {
    if (performance.now() < this.#nextCleaningAt) return;
    this.#nextCleaningAt = performance.now() + hourMs;
    for (const [name, known] of this.#holders) if (known.deref() === undefined) this.#holders.delete(name);
    const isUsed = (name: string) => this.#holders.has(name);
    removeStaleFolders(join(this.#directory, "repositories"), isUsed, Date.now() - staleAfterMs);
  }

  /** Names of folders are keyed hashes, so that they tell nothing about the credentials in them. */
  #hashKey(): Buffer {
    if (this.#key !== undefined) return this.#key;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const path = join(this.#directory, "key");
    try {
      this.#key = readFileSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      this.#key = randomBytes(32);
      writeFileSync(path, this.#key, { mode: 0o600, flag: "wx" });
    }
    return this.#key;
  }
}
