import { join } from "node:path";
import { CloudTokens } from "#adapters/cloud/cloud-tokens.ts";
import { bucketFetcher, type BucketFetcher } from "#adapters/bucket/bucket-fetcher.ts";
import { externalFetcher, type ExternalFetcher } from "#adapters/external/external-fetcher.ts";
import type { OwnArtifacts } from "#adapters/external/own-artifacts.ts";
import { gitFetcher } from "#adapters/git/git-fetcher.ts";
import { GitStore } from "#adapters/git/git-store.ts";
import { ChartBuilder } from "#adapters/helm/chart-builder.ts";
import { helmFetcher, type HelmFetcher } from "#adapters/helm/helm-fetcher.ts";
import { ociFetcher, type OciFetcher } from "#adapters/oci/oci-fetcher.ts";
import { gitVerify } from "#adapters/upstream/git-verify.ts";
import { webFileFetcher, type WebFileFetcher } from "#adapters/web/web-file-fetcher.ts";
import { ociVerify } from "#adapters/upstream/oci-verify.ts";
import type { HelperPool } from "#adapters/upstream/helper-pool.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { SourceFetcher } from "#engine/ports.ts";
import { chartTools } from "./chart-tools.ts";

/** What opens the repositories of every kind, keeping what it fetched in one folder. */
export class SourceFetchers implements SourceFetcher {
  readonly git: GitStore;
  readonly deriver: ChartBuilder;
  readonly clouds = new CloudTokens({ now: () => Date.now() });
  readonly #git: SourceFetcher;
  readonly #oci: OciFetcher;
  readonly #bucket: BucketFetcher;
  readonly #helm: HelmFetcher;
  readonly #file: WebFileFetcher = webFileFetcher();
  readonly #artifact: ExternalFetcher;

  constructor(options: { directory: string; allowFileUrls: boolean; full: () => HelperPool; own?: OwnArtifacts }) {
    const { directory, allowFileUrls, full, own } = options;
    const tools = chartTools(full);
    this.git = new GitStore({ directory: join(directory, "git"), allowFileUrls, checkSignature: gitVerify(full) });
    this.#git = gitFetcher(this.git, this.clouds);
    this.#oci = ociFetcher({
      directory: join(directory, "oci"),
      clouds: this.clouds,
      checkSignatures: ociVerify(full),
    });
    this.#bucket = bucketFetcher({ directory: join(directory, "bucket"), cloud: this.clouds });
    this.#helm = helmFetcher({ directory: join(directory, "helm"), oci: this.#oci, tools });
    this.#artifact = externalFetcher({ directory: join(directory, "external"), ...(own && { own }) });
    this.deriver = new ChartBuilder({ directory: join(directory, "charts"), tools });
  }

  /** The repository of a source, by the kind of its remote. @throws SourceError */
  open(...[source, secrets]: Parameters<SourceFetcher["open"]>): ReturnType<SourceFetcher["open"]> {
    const others = { helm: this.#helm, file: this.#file, artifact: this.#artifact };
    const fetchers = { git: this.#git, oci: this.#oci, bucket: this.#bucket, ...others };
    const { kind } = source.remote;
    if (kind === "derived") throw new SourceError("config", "Cannot open the source: it is made from another one");
    return fetchers[kind].open(source, secrets);
  }

  /** Ends everything that is under way. */
  async close(): Promise<void> {
    this.clouds.close();
    const others = [this.#oci, this.#bucket, this.#helm, this.#file, this.#artifact];
    await Promise.all([this.git.close(), ...others.map((fetcher) => fetcher.close())]);
  }
}
