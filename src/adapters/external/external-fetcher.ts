import { SourceError } from "#core/source/source-error.ts";
import type { SourceFetcher, SourceSecrets } from "#engine/ports.ts";
import { HttpWire } from "../http/http-wire.ts";
import { KeptFolders } from "../http/kept-folders.ts";
import { PackStore } from "../archive/pack-store.ts";
import { defaultExternalLimits, type ExternalLimits } from "./external-limits.ts";
import type { OwnArtifacts } from "./own-artifacts.ts";
import { ExternalRepository } from "./external-repository.ts";

/** Where artifacts of others are kept, and sizes that differ from the usual ones. */
export interface ExternalFetcherOptions {
  /** Owned by one process at a time. */
  readonly directory: string;
  readonly limits?: Partial<ExternalLimits>;
  readonly own?: OwnArtifacts;
}

/** Opens artifacts that others made. */
export interface ExternalFetcher extends SourceFetcher {
  open(source: Parameters<SourceFetcher["open"]>[0], secrets: SourceSecrets): ExternalRepository;
  /** Cuts every connection. */
  close(): Promise<void>;
}

/** A fetcher of artifacts that others tell of by url and digest; its repositories throw SourceError. */
export function externalFetcher({ directory, limits, own }: ExternalFetcherOptions): ExternalFetcher {
  const folders = new KeptFolders<ExternalRepository>(directory);
  const wire = new HttpWire({}, (message) => new SourceError("fetch", message));
  return {
    open({ url }) {
      const address = addressOf(url);
      // What an url holds changes its name with each revision: the host is what stays.
      return folders.open([address.origin], (folder) => {
        const store = new PackStore(folder);
        return new ExternalRepository({ wire, store, limits: { ...defaultExternalLimits, ...limits }, own });
      });
    },
    async close() {
      await wire.close();
      folders.clear();
    },
  };
}

/** @throws SourceError when it is no address that artifacts are fetched from */
function addressOf(url: string): URL {
  if (url === "") throw new SourceError("empty-origin", "Cannot fetch the artifact: there is none yet");
  const address = URL.canParse(url) && url.length <= 2_048 ? new URL(url) : null;
  if (address === null || (address.protocol !== "http:" && address.protocol !== "https:")) {
    throw new SourceError("config", "Cannot fetch the artifact: its url is neither http nor https");
  }
  if (address.username !== "" || address.password !== "") {
    throw new SourceError("config", "Cannot fetch the artifact: its url holds a user or a password");
  }
  return address;
}
