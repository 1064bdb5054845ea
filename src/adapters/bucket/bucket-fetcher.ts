import { createHash, createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Dispatcher } from "undici";
import type { SourceFetcher, SourceSecrets } from "#engine/ports.ts";
import { bucketAddress } from "./bucket-address.ts";
import { BucketClient } from "./bucket-client.ts";
import { BucketConnection } from "./bucket-connection.ts";
import { BucketError } from "./bucket-error.ts";
import { defaultBucketLimits } from "./bucket-limits.ts";
import type { BucketLimits } from "./bucket-limits.ts";
import { BucketRepository } from "./bucket-repository.ts";
import { bucketAccess } from "./bucket-secrets.ts";
import type { BucketTls } from "./bucket-secrets.ts";
import { bucketWire } from "./bucket-wire.ts";
import { ContentStore } from "./content-store.ts";

/** Where objects are kept, and sizes that differ from the usual ones. */
export interface BucketFetcherOptions {
  /** Owned by one process at a time. */
  readonly directory: string;
  readonly limits?: Partial<BucketLimits>;
}

const hourMs = 3_600_000;
// What every poll touches is stale after two days without one.
const staleAfterMs = 48 * hourMs;

/** Opens buckets. */
export interface BucketFetcher extends SourceFetcher {
  open(source: Parameters<SourceFetcher["open"]>[0], secrets: SourceSecrets): BucketRepository;
  /** Cuts every connection. */
  close(): Promise<void>;
}

/** A fetcher of buckets that keeps what it fetched in a folder; its repositories throw BucketError. */
export function bucketFetcher(options: BucketFetcherOptions): BucketFetcher {
  return new Fetcher(options);
}

class Fetcher implements BucketFetcher {
  readonly #directory: string;
  readonly #limits: BucketLimits;
  /** Forgotten with the last who holds them: keys that are renewed often would pile up. */
  readonly #repositories = new Map<string, WeakRef<BucketRepository>>();
  readonly #wires = new Map<string, Dispatcher>();
  #key: Buffer | undefined;
  /** By the first time, whoever goes on from an earlier process has opened what it needs. */
  #nextCleaningAt = performance.now() + hourMs;

  constructor({ directory, limits }: BucketFetcherOptions) {
    this.#directory = directory;
    this.#limits = { ...defaultBucketLimits, ...limits };
  }

  open({ url, remote }: Parameters<SourceFetcher["open"]>[0], secrets: SourceSecrets): BucketRepository {
    if (remote.kind !== "bucket") throw new BucketError("refused-address", "Cannot open the bucket: it is none");
    const address = bucketAddress(url, remote);
    const { keys, tls } = bucketAccess(secrets);
    const name = createHmac("sha256", this.#hashKey())
      .update(JSON.stringify([address, remote.prefix, remote.ignore, keys, tls]))
      .digest("hex")
      .slice(0, 32);
    const known = this.#repositories.get(name)?.deref();
    if (known !== undefined) return known;
    const connection = new BucketConnection({ wire: this.#wireFor(tls), address, keys, random: Math.random });
    const opened = new BucketRepository({
      client: new BucketClient(address.name, connection),
      store: new ContentStore(join(this.#directory, "repositories", name)),
      remote,
      limits: this.#limits,
    });
    this.#repositories.set(name, new WeakRef(opened));
    this.#clean();
    return opened;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#wires.values()].map((wire) => wire.destroy()));
    this.#wires.clear();
    this.#repositories.clear();
  }

  /** Keys and rules that were replaced leave a folder and an entry behind. */
  #clean(): void {
    if (performance.now() < this.#nextCleaningAt) return;
    this.#nextCleaningAt = performance.now() + hourMs;
    for (const [name, known] of this.#repositories) if (known.deref() === undefined) this.#repositories.delete(name);
    const folder = join(this.#directory, "repositories");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const before = Date.now() - staleAfterMs;
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (!this.#repositories.has(name) && statSync(path).mtimeMs < before) rmSync(path, { recursive: true });
    }
  }

  #wireFor(tls: BucketTls): Dispatcher {
    const key = createHash("sha256").update(JSON.stringify(tls)).digest("hex");
    const known = this.#wires.get(key);
    if (known !== undefined) return known;
    const wire = bucketWire(tls);
    this.#wires.set(key, wire);
    return wire;
  }

  /** Names of folders are keyed hashes, so that they tell nothing about the keys that read what is in them. */
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
