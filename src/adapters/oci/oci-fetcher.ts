import type { Cloud, OciRemote } from "#core/source/remote.ts";
import type { CloudRegistries } from "#engine/cloud-identity.ts";
import type { ArtifactCheck, SourceFetcher, SourceSecrets } from "#engine/ports.ts";
import { KeptFolders } from "../http/kept-folders.ts";
import { TlsWires } from "../http/tls-wires.ts";
import { type OciAddress, parseOciAddress } from "./oci-address.ts";
import { PackStore } from "../archive/pack-store.ts";
import { OciError } from "./oci-error.ts";
import { defaultOciLimits } from "./oci-limits.ts";
import type { OciLimits } from "./oci-limits.ts";
import { OciRepository } from "./oci-repository.ts";
import { RegistryClient } from "./registry-client.ts";
import { RegistryConnection } from "./registry-connection.ts";
import { type CredentialSource, RegistryLogin } from "./registry-login.ts";
import { type RegistryAccess, hasSecret, registryAccess } from "./registry-secrets.ts";
import { HttpWire } from "../http/http-wire.ts";

/** Where artifacts are kept, and sizes that differ from the usual ones. */
export interface OciFetcherOptions {
  /** Owned by one process at a time. */
  readonly directory: string;
  /** Without it nobody vouches for who asks. */
  readonly clouds?: CloudRegistries;
  readonly limits?: Partial<OciLimits>;
  /** Without it nothing can be verified. */
  readonly checkSignatures?: ArtifactCheck;
}

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

type RegistryAsked = Parameters<CloudRegistries["registryPassword"]>[0];

class Fetcher implements OciFetcher {
  readonly #clouds: CloudRegistries | undefined;
  readonly #folders: KeptFolders<OciRepository>;
  readonly #limits: OciLimits;
  readonly #checking: Pick<OciFetcherOptions, "checkSignatures">;
  readonly #wires = new TlsWires((tls) => new HttpWire(tls, (message) => new OciError("redirect", message)));

  constructor({ directory, clouds, limits, checkSignatures }: OciFetcherOptions) {
    this.#clouds = clouds;
    this.#checking = checkSignatures ? { checkSignatures } : {};
    this.#folders = new KeptFolders(directory);
    this.#limits = { ...defaultOciLimits, ...limits };
  }

  open({ url, remote }: Parameters<SourceFetcher["open"]>[0], secrets: SourceSecrets): OciRepository {
    if (remote.kind !== "oci") throw new OciError("refused-url", "Cannot open the repository: it is no OCI repository");
    const address = parseOciAddress(url);
    const access = registryAccess(secrets, address, remote.unverified);
    const { layer, insecure, cloud } = remote satisfies OciRemote;
    const asked = cloud && !hasSecret(secrets) ? this.#asked(cloud, address, { secrets, access, insecure }) : undefined;
    const account = asked?.identity && [asked.identity.namespace, asked.identity.name];
    const parts = [address.host, address.repository, insecure, access, layer, ...(asked ? [asked.cloud, account] : [])];
    return this.#folders.open(parts, (folder) => {
      const { registry, host, repository } = address;
      const hint = asked ? "" : access.hint;
      const credential = asked ? this.#fromCloud(asked) : async () => access.credential;
      const wire = this.#wires.of(access.tls);
      const login = new RegistryLogin(wire, { registry, repository, credential, hint }, () => performance.now());
      const connection = new RegistryConnection({ wire, login, host, insecure, hint, random: Math.random });
      const client = new RegistryClient(address, connection);
      const store = new PackStore(folder);
      return new OciRepository({ client, store, layer, limits: this.#limits, ...this.#checking });
    });
  }

  #asked(
    cloud: Cloud,
    { registry }: OciAddress,
    { secrets, access, insecure }: { secrets: SourceSecrets; access: RegistryAccess; insecure: boolean },
  ): RegistryAsked {
    const { identity = null } = secrets;
    const { proxy, ca, unverified = false } = access.tls;
    this.#clouds?.mustServe({ cloud, registry, identity, insecure, hasOwnAuthority: unverified || ca !== undefined });
    return { cloud, registry, identity, ...(proxy !== undefined && { proxy }) };
  }

  #fromCloud(asked: RegistryAsked): CredentialSource {
    const clouds = this.#clouds;
    if (clouds === undefined) throw new OciError("authentication", "Cannot log in: this program asks no clouds");
    return async (signal) => {
      const { username, password } = await clouds.registryPassword(asked, signal);
      return { kind: "basic", username, password };
    };
  }

  async close(): Promise<void> {
    await this.#wires.close((wire) => wire.close());
    this.#folders.clear();
  }
}
