import { isNamedRepository, nameOfRepository } from "#core/source/named-repository.ts";
import type { HelmRemote } from "#core/source/remote.ts";
import type { SourceFetcher, SourceSecrets } from "#engine/ports.ts";
import { HttpWire } from "../http/http-wire.ts";
import { KeptFolders } from "../http/kept-folders.ts";
import { publicAddress } from "../http/public-address.ts";
import { TlsWires } from "../http/tls-wires.ts";
import { ChartRepository } from "./chart-repository.ts";
import { ChartStore } from "./chart-store.ts";
import type { ChartTools } from "./chart-tools.ts";
import { HelmError } from "./helm-error.ts";
import { defaultHelmLimits } from "./helm-limits.ts";
import type { HelmLimits } from "./helm-limits.ts";
import { IndexOrigin } from "./index-origin.ts";
import { RegistryOrigin } from "./registry-origin.ts";
import { repositoryAddress } from "./repository-address.ts";
import { RepositoryClient } from "./repository-client.ts";
import { repositoryAccess } from "./repository-secrets.ts";

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
  readonly #folders: KeptFolders<ChartRepository>;
  readonly #wires = new TlsWires((tls) => new HttpWire(tls, (message) => new HelmError("failed", message)));

  constructor(options: HelmFetcherOptions) {
    this.#options = options;
    this.#folders = new KeptFolders(options.directory);
    this.#limits = { ...defaultHelmLimits, ...options.limits };
  }

  open({ url, remote }: Opened, secrets: SourceSecrets): ChartRepository {
    if (remote.kind !== "helm") throw new HelmError("refused-url", "Cannot open the chart repository: it is none");
    if (isNamedRepository(url)) {
      const name = JSON.stringify(nameOfRepository(url));
      throw new HelmError(
        "refused-url",
        `Cannot open the chart repository: none that may be used here is called ${name}`,
      );
    }
    return url.startsWith("oci://") ? this.#registry(url, remote, secrets) : this.#indexed(url, remote, secrets);
  }

  async close(): Promise<void> {
    await this.#wires.close((wire) => wire.close());
    this.#folders.clear();
  }

  #indexed(url: string, { passCredentials, unverified }: HelmRemote, secrets: SourceSecrets): ChartRepository {
    const base = repositoryAddress(url);
    const { authorization, tls } = repositoryAccess(secrets, unverified);
    return this.#folders.open([base.href, passCredentials, authorization, tls], (folder) => {
      const { tools } = this.#options;
      const store = new ChartStore(folder);
      const wire = this.#wires.of(tls);
      const parts = { wire, base, authorization, passCredentials, limits: this.#limits };
      const origin = new IndexOrigin({ client: new RepositoryClient(parts), store, tools });
      return new ChartRepository({ origin, store, tools, limits: this.#limits });
    });
  }

  #registry(url: string, { insecure, cloud, unverified }: HelmRemote, secrets: SourceSecrets): ChartRepository {
    const { tools, oci } = this.#options;
    const trust = { ...(cloud && { cloud }), ...(unverified && { unverified }) };
    const repository = oci.open({ url, remote: { kind: "oci", insecure, layer: chartLayer, ...trust } }, secrets);
    const { credential, certificate, proxy, identity } = secrets;
    const held = [credential, certificate, proxy].map((secret) => secret?.["data"]);
    const account = identity && [identity.namespace, identity.name];
    return this.#folders.open([url, insecure, held, cloud, account, unverified], (folder) => {
      const store = new ChartStore(folder);
      const name = publicAddress(new URL(url.replace(/^oci:/, "https:"))).replace(/^https:/, "oci:");
      return new ChartRepository({ origin: new RegistryOrigin(name, repository), store, tools, limits: this.#limits });
    });
  }
}
