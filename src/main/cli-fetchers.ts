import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PluginFolder } from "#adapters/plugin/plugin-folder.ts";
import { HelperPools } from "#adapters/upstream/helper-pools.ts";
import type { DataKeys } from "#adapters/upstream/sops-data-key.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { dataKeysOf } from "./data-keys.ts";
import { SourceFetchers } from "./source-fetchers.ts";

/** What a command reads sources with. */
export interface Fetching {
  readonly fetchers: SourceFetchers;
  readonly helpers: HelperPools;
  readonly dataKeys: DataKeys;
  readonly plugins: PluginFolder | null;
}

/** Does `work` with fetchers, of which nothing is left afterwards; service accounts are those of the cluster, if any. */
export async function withFetchers<T>(
  work: (fetching: Fetching) => Promise<T>,
  { client, pluginDir }: { readonly client?: ClusterClient; readonly pluginDir?: string } = {},
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-checkout-"));
  const helpers = new HelperPools();
  const fetchers = new SourceFetchers({ directory, allowFileUrls: false, full: () => helpers.full });
  const dataKeys = dataKeysOf(fetchers.clouds, client ?? null);
  const plugins = pluginDir === undefined ? null : new PluginFolder(resolve(pluginDir));
  try {
    return await work({ fetchers, helpers, dataKeys, plugins });
  } finally {
    await Promise.all([fetchers.close(), helpers.close(), dataKeys.close()]);
    await rm(directory, { recursive: true, force: true });
  }
}
