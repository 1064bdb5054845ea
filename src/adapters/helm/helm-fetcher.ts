import { createHash, createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HelmRemote } from "#core/source/remote.ts";
import type { SourceFetcher, SourceSecrets } from "#engine/ports.ts";
import { ChartRepository } from "./chart-repository.ts";
import { ChartStore } from "./chart-store.ts";
import type { ChartTools } from "./chart-tools.ts";
import { HelmError } from "./helm-error.ts";
import { defaultHelmLimits } from "./helm-limits.ts";
import type { HelmLimits } from "./helm-limits.ts";
import { IndexOrigin } from "./index-origin.ts";
import { RegistryOrigin } from "./registry-origin.ts";
import { publicAddress, repositoryAddress } from "./repository-address.ts";
import { RepositoryClient } from "./repository-client.ts";
import { type RepositoryTls, repositoryAccess } from "./repository-secrets.ts";
import { RepositoryWire } from "./repository-wire.ts";
import { removeStaleFolders } from "./stale-folders.ts";

/** Where charts are kept, who reads them, and sizes that differ from the usual ones. */
export interface HelmFetcherOptions {
  /** Owned by one process at a time. */
  readonly directory: string;
  /** Opens the OCI repositories that charts are in. */
  readonly oci: SourceFetcher;
  readonly tools: ChartTools;
  readonly limits?: Partial<HelmLimits>;
}

type Opened = Parameters<SourceFetcher["open"]>[0];

const hourMs = 3_600_000;
// What every poll touches is stale after two days without one.
const staleAfterMs = 48 * hourMs;
const chartLayer = { mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip", operation: "copy" } as const;

/** Opens chart repositories. */
export interface HelmFetcher extends SourceFetcher {
  open(source: Opened, secrets: SourceSecrets): ChartRepository;
  /** Cuts every connection. */
  close(): Promise<void>;
}

/** A fetcher of charts that keeps what it read in a folder; its repositories throw SourceError. */
export function helmFetcher(options: HelmFetcherOptions): HelmFetcher {
  return new Fetcher(options);
}

class Fetcher implements HelmFetcher {
  readonly #options: HelmFetcherOptions;
  readonly #limits: HelmLimits;
  /** Forgotten with the last who holds them: credentials that are renewed often would pile up. */
  readonly #repositories = new Map<string, WeakRef<ChartRepository>>();
  readonly #wires = new Map<string, RepositoryWire>();
  #key: Buffer | undefined;
  /** By the first time, whoever goes on from an earlier process has opened what it needs. */
  #nextCleaningAt = performance.now() + hourMs;

  constructor(options: HelmFetcherOptions) {
    this.#options = options;
    this.#limits = { ...defaultHelmLimits, ...options.limits };
  }

  open({ url, remote }: Opened, secrets: SourceSecrets): ChartRepository {
    if (remote.kind !== "helm") throw new HelmError("refused-url", "Cannot open the chart repository: it is none");
    return url.startsWith("oci://") ? this.#registry(url, remote, secrets) : this.#indexed(url, remote, secrets);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#wires.values()].map((wire) => wire.close()));
    this.#wires.clear();
    this.#repositories.clear();
  }

  #indexed(url: string, { passCredentials }: HelmRemote, secrets: SourceSecrets): ChartRepository {
    const base = repositoryAddress(url);
    const { authorization, tls } = repositoryAccess(secrets);
    return this.#kept([base.href, passCredentials, authorization, tls], (store) => {
      const { tools } = this.#options;
      const wire = this.#wireFor(tls);
      const parts = { wire, base, authorization, passCredentials, limits: this.#limits };
      const origin = new IndexOrigin({ client: new RepositoryClient(parts), store, tools });
      return new ChartRepository({ origin, store, tools, limits: this.#limits });
    });
  }

  #registry(url: string, { insecure }: HelmRemote, secrets: SourceSecrets): ChartRepository {
    const { tools, oci } = this.#options;
    const repository = oci.open({ url, remote: { kind: "oci", insecure, layer: chartLayer } }, secrets);
    const held = Object.entries(secrets).map(([role, secret]) => [role, secret["data"]]);
    return this.#kept([url, insecure, held], (store) => {
      const name = publicAddress(new URL(url.replace(/^oci:/, "https:"))).replace(/^https:/, "oci:");
      return new ChartRepository({ origin: new RegistryOrigin(name, repository), store, tools, limits: this.#limits });
    });
  }

  #kept(identity: readonly unknown[], make: (store: ChartStore) => ChartRepository): ChartRepository {
    const { directory } = this.#options;
    const text = JSON.stringify(identity);
    const name = createHmac("sha256", this.#hashKey()).update(text).digest("hex").slice(0, 32);
    const known = this.#repositories.get(name)?.deref();
    if (known !== undefined) return known;
    const opened = make(new ChartStore(join(directory, "repositories", name)));
    this.#repositories.set(name, new WeakRef(opened));
    this.#clean();
    return opened;
  }

  /** Credentials that were replaced leave a folder and an entry behind. */
  #clean(): void {
    if (performance.now() < this.#nextCleaningAt) return;
    this.#nextCleaningAt = performance.now() + hourMs;
    for (const [name, known] of this.#repositories) if (known.deref() === undefined) this.#repositories.delete(name);
    const isUsed = (name: string) => this.#repositories.has(name);
    removeStaleFolders(join(this.#options.directory, "repositories"), isUsed, Date.now() - staleAfterMs);
  }

  #wireFor(tls: RepositoryTls): RepositoryWire {
    const key = createHash("sha256").update(JSON.stringify(tls)).digest("hex");
    const known = this.#wires.get(key);
    if (known !== undefined) return known;
    const wire = new RepositoryWire(tls);
    this.#wires.set(key, wire);
    return wire;
  }

  /** Names of folders are keyed hashes, so that they tell nothing about the credentials in them. */
  #hashKey(): Buffer {
    if (this.#key !== undefined) return this.#key;
    const { directory } = this.#options;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, "key");
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
