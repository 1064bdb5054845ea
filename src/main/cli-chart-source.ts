import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { HelperPools } from "#adapters/upstream/helper-pools.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import type { Revision, Source } from "#core/source/source.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import { derivedNews } from "#engine/derived-source.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { secretsOf } from "#engine/source-secrets.ts";
import type { SourceState } from "#engine/source-state.ts";
import { visibleTree } from "#engine/source-tree.ts";
import { type FoundApp, usableApp } from "./cli-app-record.ts";
import { resolved } from "./cli-checkout.ts";
import { sourceAt } from "./cli-source-object.ts";
import { sourceReader } from "./dialects.ts";
import { SourceFetchers } from "./source-fetchers.ts";

/** The chart that an app declares, fetched into a folder that is gone afterwards. */
export interface FetchedChart {
  readonly tree: FileTree;
  readonly path: string;
  readonly revision: Revision;
  readonly helpers: HelperPools;
}

/** Does `work` with the chart that an app declares now, reached with its source's own credentials. */
export async function withChart<T>(
  { client, record }: FoundApp,
  work: (chart: FetchedChart) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const app = usableApp(record);
  const [declared] = app.sources;
  if (!declared) throw new CliError(`Cannot read ${record.key}: it names no source`, { exitCode: exitCode.refused });
  const object = app.declares ? await asDeclared(client, app.declares, signal) : null;
  const source = await sourceAt(client, { key: declared.source, object }, signal);
  const directory = await mkdtemp(join(tmpdir(), "holdfast-chart-"));
  const helpers = new HelperPools();
  const fetchers = new SourceFetchers({ directory, allowFileUrls: false, full: () => helpers.full });
  try {
    const { tree, revision } = await fetched({ client, fetchers }, source, signal);
    return await work({ tree, revision, path: declared.path, helpers });
  } finally {
    await Promise.all([fetchers.close(), helpers.close()]);
    await rm(directory, { recursive: true, force: true });
  }
}

/** The object that the app will have written, whose generation may be part of the chart's version. */
async function asDeclared(client: ClusterClient, declares: Resource, signal: AbortSignal): Promise<Resource> {
  const { apiVersion, kind, metadata } = declares;
  const live = await client.get(
    { apiVersion, kind, namespace: metadata.namespace ?? "", name: metadata.name },
    { signal },
  );
  if (!live) return declares;
  if (isDeepStrictEqual(live["spec"], declares["spec"])) return live;
  return { ...declares, metadata: { ...metadata, generation: (live.metadata.generation ?? 0) + 1 } };
}

async function fetched(
  { client, fetchers }: { client: ClusterClient; fetchers: SourceFetchers },
  source: Source,
  signal: AbortSignal,
): Promise<{ tree: FileTree; revision: Revision }> {
  const revisionOf = (of: Source, commit: string, refName: string | null) => {
    const kind = of.key.split("/")[0] ?? "";
    const reader = sourceReader(kind);
    if (!reader) throw new CliError(`Cannot read ${of.key}: nothing here reads a ${kind}`);
    return reader.dialect.revisionOf(of, commit, refName);
  };
  if (!source.origin) {
    const repository = fetchers.open(source, await secretsOf(client, source, signal));
    const { commit, refName } = await resolved(repository, source.ref, signal);
    const tree = await visibleTree({ source, whole: await repository.tree(commit, signal), included: [] }, signal);
    return { tree, revision: revisionOf(source, commit, refName) };
  }
  const origin = await sourceAt(client, { key: source.origin.source, object: null }, signal);
  const known = await fetched({ client, fetchers }, origin, signal);
  const states = new Map([[origin.key, stateOf(origin, known)]]);
  const news = await derivedNews({ client, fetcher: fetchers, revisionOf, states }, source, signal);
  if (news?.tree && news.revision) return { tree: news.tree, revision: news.revision };
  throw news?.error ?? new CliError(`Cannot make ${source.key}`);
}

function stateOf(source: Source, known: { tree: FileTree; revision: Revision }): SourceState {
  return { source, ...known, included: [], verified: [], error: null, asked: true, handledToken: null };
}
