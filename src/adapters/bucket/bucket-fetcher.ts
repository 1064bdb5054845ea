import type { CloudIdentity } from "#engine/cloud-identity.ts";
import type { SourceFetcher, SourceSecrets } from "#engine/ports.ts";
import { KeptTokens } from "../cloud/kept-tokens.ts";
import { KeptFolders } from "../http/kept-folders.ts";
import { tlsDispatcher } from "../http/tls-dispatcher.ts";
import { TlsWires } from "../http/tls-wires.ts";
import { bucketAddress } from "./bucket-address.ts";
import { BucketClient } from "./bucket-client.ts";
import { BucketConnection } from "./bucket-connection.ts";
import { BucketError } from "./bucket-error.ts";
import { defaultBucketLimits } from "./bucket-limits.ts";
import type { BucketLimits } from "./bucket-limits.ts";
import { BucketRepository } from "./bucket-repository.ts";
import { bucketTls } from "./bucket-secrets.ts";
import { ContentStore } from "./content-store.ts";
import { dialectOf } from "./storages.ts";

/** Where objects are kept, and sizes that differ from the usual ones. */
export interface BucketFetcherOptions {
  /** Owned by one process at a time. */
  readonly directory: string;
  /** Asked where a source names no Secret. */
  readonly cloud: CloudIdentity;
  readonly limits?: Partial<BucketLimits>;
}

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
  readonly #folders: KeptFolders<BucketRepository>;
  readonly #limits: BucketLimits;
  readonly #cloud: CloudIdentity;
  readonly #lifetime = new AbortController();
  readonly #kept = new KeptTokens(this.#lifetime.signal, Date.now);
  readonly #wires = new TlsWires(tlsDispatcher);

  constructor({ directory, limits, cloud }: BucketFetcherOptions) {
    this.#cloud = cloud;
    this.#folders = new KeptFolders(directory);
    this.#limits = { ...defaultBucketLimits, ...limits };
  }

  open({ url, remote }: Parameters<SourceFetcher["open"]>[0], secrets: SourceSecrets): BucketRepository {
    if (remote.kind !== "bucket") throw new BucketError("refused-address", "Cannot open the bucket: it is none");
    const address = bucketAddress(url, remote);
    const tls = bucketTls(secrets);
    const { storage, proof: proofOf } = dialectOf(remote);
    const { proxy } = tls;
    const proof = proofOf({
      address,
      remote,
      secrets,
      proxy,
      cloud: this.#cloud,
      kept: this.#kept,
      wires: this.#wires,
    });
    return this.#folders.open([address, remote, whoOf(secrets), tls], (folder) => {
      const connection = new BucketConnection({ wire: this.#wires.of(tls), address, proof, random: Math.random });
      const client = new BucketClient({ name: address.name, storage, connection });
      return new BucketRepository({ client, store: new ContentStore(folder), remote, limits: this.#limits });
    });
  }

  async close(): Promise<void> {
    this.#lifetime.abort(new Error("The program ends"));
    await this.#wires.close((wire) => wire.destroy());
    this.#folders.clear();
  }
}

/** What tells one who asks from another. */
function whoOf({ credential, stsCredential, stsCertificate, identity }: SourceSecrets): unknown {
  const account = identity && [identity.namespace, identity.name];
  return [...[credential, stsCredential, stsCertificate].map((secret) => secret?.["data"] ?? null), account];
}
