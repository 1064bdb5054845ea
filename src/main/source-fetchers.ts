import { join } from "node:path";
import { gitFetcher } from "#adapters/git/git-fetcher.ts";
import { GitStore } from "#adapters/git/git-store.ts";
import { ociFetcher, type OciFetcher } from "#adapters/oci/oci-fetcher.ts";
import type { SourceFetcher } from "#engine/ports.ts";

/** What opens the repositories of every kind, keeping what it fetched in one folder. */
export class SourceFetchers implements SourceFetcher {
  readonly git: GitStore;
  readonly #git: SourceFetcher;
  readonly #oci: OciFetcher;

  constructor(options: { directory: string; allowFileUrls: boolean }) {
    const { directory, allowFileUrls } = options;
    this.git = new GitStore({ directory: join(directory, "git"), allowFileUrls });
    this.#git = gitFetcher(this.git);
    this.#oci = ociFetcher({ directory: join(directory, "oci") });
  }

  /** The repository of a source, by the kind of its remote. @throws SourceError */
  open(...[source, secrets]: Parameters<SourceFetcher["open"]>): ReturnType<SourceFetcher["open"]> {
    const fetcher = source.remote.kind === "oci" ? this.#oci : this.#git;
    return fetcher.open(source, secrets);
  }

  /** Ends everything that is under way. */
  async close(): Promise<void> {
    await Promise.all([this.git.close(), this.#oci.close()]);
  }
}
