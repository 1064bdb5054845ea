import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HelperPools } from "#adapters/upstream/helper-pools.ts";
import { SourceFetchers } from "./source-fetchers.ts";

/** What a command reads sources with. */
export interface Fetching {
  readonly fetchers: SourceFetchers;
  readonly helpers: HelperPools;
}

/** Does `work` with fetchers, of which nothing is left afterwards. */
export async function withFetchers<T>(work: (fetching: Fetching) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-checkout-"));
  const helpers = new HelperPools();
  const fetchers = new SourceFetchers({ directory, allowFileUrls: false, full: () => helpers.full });
  try {
    return await work({ fetchers, helpers });
  } finally {
    await Promise.all([fetchers.close(), helpers.close()]);
    await rm(directory, { recursive: true, force: true });
  }
}
