import { createHash, createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OciRemote } from "#core/source/remote.ts";
import type { SourceFetcher, SourceSecrets } from "#engine/ports.ts";
import { ArtifactStore } from "./artifact-store.ts";
import { parseOciAddress } from "./oci-address.ts";
import { OciError } from "./oci-error.ts";
import { defaultOciLimits } from "./oci-limits.ts";
import type { OciLimits } from "./oci-limits.ts";
import { OciRepository } from "./oci-repository.ts";
import { RegistryClient } from "./registry-client.ts";
import { RegistryConnection } from "./registry-connection.ts";
import { RegistryLogin } from "./registry-login.ts";
import { registryAccess } from "./registry-secrets.ts";
import type { RegistryTls } from "./registry-secrets.ts";
import { RegistryWire } from "./registry-wire.ts";
import { removeStaleFolders } from "./stale-folders.ts";

/** Where artifacts are kept, and sizes that differ from the usual ones. */
export interface OciFetcherOptions {
  /** Owned by one process at a time. */
  readonly directory: string;
  readonly limits?: Partial<OciLimits>;
}

const hourMs = 3_600_000;
// What every poll touches is stale after two days without one.
const staleAfterMs = 48 * hourMs;

/** Opens repositories of OCI registries. */
export interface OciFetcher extends SourceFetcher {
  open(source: Parameters<SourceFetcher["open"]>[0], secrets: SourceSecrets): OciRepository;
  /** Cuts every connection. */
  close(): Promise<void>;
}

/** A fetcher of OCI artifacts that keeps what it pulled in a folder; its repositories throw OciError. */
export function ociFetcher(options: OciFetcherOptions): OciFetcher {
  return new Fetcher(options);
}

class Fetcher implements OciFetcher {
  readonly #directory: string;
  readonly #limits: OciLimits;
  /** Forgotten with the last who holds them: credentials that are renewed every hour would pile up. */
  readonly #repositories = new Map<string, WeakRef<OciRepository>>();
  readonly #wires = new Map<string, RegistryWire>();
  #key: Buffer | undefined;
  /** By the first time, whoever goes on from an earlier process has opened what it needs. */
  #nextCleaningAt = performance.now() + hourMs;

  constructor({ directory, limits }: OciFetcherOptions) {
    this.#directory = directory;
    this.#limits = { ...defaultOciLimits, ...limits };
  }

  open({ url, remote }: Parameters<SourceFetcher["open"]>[0], secrets: SourceSecrets): OciRepository {
    if (remote.kind !== "oci") throw new OciError("refused-url", "Cannot open the repository: it is no OCI repository");
    const address = parseOciAddress(url);
    const access = registryAccess(secrets, address);
    const { layer, insecure } = remote satisfies OciRemote;
    const key = createHmac("sha256", this.#hashKey())
      .update(JSON.stringify([address.host, address.repository, insecure, access.credential, access.tls, layer]))
      .digest("hex")
      .slice(0, 32);
    const known = this.#repositories.get(key)?.deref();
    if (known !== undefined) return known;
    const { registry, host, repository } = address;
    const { credential, hint } = access;
    const wire = this.#wireFor(access.tls);
    const login = new RegistryLogin(wire, { registry, repository, credential, hint }, () => performance.now());
    const connection = new RegistryConnection({ wire, login, host, insecure, hint, random: Math.random });
    const opened = new OciRepository({
      client: new RegistryClient(address, connection),
      store: new ArtifactStore(join(this.#directory, "repositories", key)),
      layer,
      limits: this.#limits,
    });
    this.#repositories.set(key, new WeakRef(opened));
    this.#clean();
    return opened;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#wires.values()].map((wire) => wire.close()));
    this.#wires.clear();
    this.#repositories.clear();
  }

  /** Credentials that were replaced leave a folder and an entry behind. */
  #clean(): void {
    if (performance.now() < this.#nextCleaningAt) return;
    this.#nextCleaningAt = performance.now() + hourMs;
    for (const [key, known] of this.#repositories) if (known.deref() === undefined) this.#repositories.delete(key);
    const isUsed = (name: string) => this.#repositories.has(name);
    removeStaleFolders(join(this.#directory, "repositories"), isUsed, Date.now() - staleAfterMs);
  }

  #wireFor(tls: RegistryTls): RegistryWire {
    const key = createHash("sha256").update(JSON.stringify(tls)).digest("hex");
    const known = this.#wires.get(key);
    if (known !== undefined) return known;
    const wire = new RegistryWire(tls);
    this.#wires.set(key, wire);
    return wire;
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
