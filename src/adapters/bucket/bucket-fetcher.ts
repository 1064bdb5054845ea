import type { SourceFetcher, SourceSecrets } from "#engine/ports.ts";
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
import { bucketAccess } from "./bucket-secrets.ts";
import { ContentStore } from "./content-store.ts";

/** Where objects are kept, and sizes that differ from the usual ones. */
export interface BucketFetcherOptions {
  /** Owned by one process at a time. */
  readonly directory: string;
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
  readonly #wires = new TlsWires(tlsDispatcher);

  constructor({ directory, limits }: BucketFetcherOptions) {
    this.#folders = new KeptFolders(directory);
    this.#limits = { ...defaultBucketLimits, ...limits };
  }

  open({ url, remote }: Parameters<SourceFetcher["open"]>[0], secrets: SourceSecrets): BucketRepository {
    if (remote.kind !== "bucket") throw new BucketError("refused-address", "Cannot open the bucket: it is none");
    const address = bucketAddress(url, remote);
    const { keys, tls } = bucketAccess(secrets);
    return this.#folders.open([address, remote.prefix, remote.ignore, keys, tls], (folder) => {
      const connection = new BucketConnection({ wire: this.#wires.of(tls), address, keys, random: Math.random });
      const client = new BucketClient(address.name, connection);
      return new BucketRepository({ client, store: new ContentStore(folder), remote, limits: this.#limits });
    });
  }

  async close(): Promise<void> {
    await this.#wires.close((wire) => wire.destroy());
    this.#folders.clear();
  }
}
