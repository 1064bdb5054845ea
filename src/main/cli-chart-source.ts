import { isDeepStrictEqual } from "node:util";
import { localTree } from "#adapters/local/local-tree.ts";
import type { HelperPools } from "#adapters/upstream/helper-pools.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import type { Revision, Source } from "#core/source/source.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import { derivedNews } from "#engine/derived-source.ts";
import { secretsOf } from "#engine/source-secrets.ts";
import type { SourceState } from "#engine/source-state.ts";
import { visibleTree } from "#engine/source-tree.ts";
import { type AppRecord, usableApp } from "./cli-app-record.ts";
import { withFetchers } from "./cli-fetchers.ts";
import { resolved } from "./cli-resolved.ts";
import type { ReleaseReader } from "./cli-release-reader.ts";
import { sourceAt } from "./cli-source-object.ts";
import { sourceReader } from "./dialects.ts";
import type { SourceFetchers } from "./source-fetchers.ts";

/** Where an app is that declares a release: a cluster, or files. */
export interface ReleasePlace {
  readonly client: ReleaseReader;
  /** Where its objects and Helm's records are. */
  readonly target: ReleaseReader;
  readonly record: AppRecord;
  /** The chart's own folder, or the checkout that it is in, to be used instead of what its source has. */
  readonly folder?: string | undefined;
}

/** The chart that an app declares, fetched into a folder that is gone afterwards. */
export interface FetchedChart {
  readonly tree: FileTree;
  readonly path: string;
  /** Null for a folder of this machine. */
  readonly revision: Revision | null;
  readonly helpers: HelperPools;
}

/** Does `work` with the chart that an app declares now, reached with its source's own credentials. */
export async function withChart<T>(
  { client, record, folder }: ReleasePlace,
  work: (chart: FetchedChart) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const app = usableApp(record);
  const [declared] = app.sources;
  if (!declared) throw new CliError(`Cannot read ${record.key}: it names no source`, { exitCode: exitCode.refused });
  const local = folder === undefined ? null : localTree(folder);
  const object = app.declares ? await asDeclared(client, app.declares, signal) : null;
  const isChart = local?.entry("Chart.yaml")?.type === "file";
  const source = isChart ? null : await sourceAt(client, { key: declared.source, object }, signal);
  if (local && source && !source.origin) throw noCheckout(folder ?? "", source);
  return withFetchers(async ({ fetchers, helpers }) => {
    if (!source) return await work({ tree: localTree(folder ?? ""), revision: null, path: "", helpers });
    const { tree, revision } = await fetched({ client, fetchers, local }, source, signal);
    return await work({ tree, revision, path: declared.path, helpers });
  });
}

/** The object that the app will have written, whose generation may be part of the chart's version. */
async function asDeclared(client: ReleaseReader, declares: Resource, signal: AbortSignal): Promise<Resource> {
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
  { client, fetchers, local }: { client: ReleaseReader; fetchers: SourceFetchers; local: FileTree | null },
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
  const known = local
    ? { tree: await visibleTree({ source: origin, whole: local, included: [] }, signal), revision: ofThisMachine }
    : await fetched({ client, fetchers, local: null }, origin, signal);
  const states = new Map([[origin.key, stateOf(origin, known)]]);
  const news = await derivedNews({ client, fetcher: fetchers, revisionOf, states }, source, signal);
  if (news?.tree && news.revision) return { tree: news.tree, revision: news.revision };
  throw news?.error ?? new CliError(`Cannot make ${source.key}`);
}

const ofThisMachine: Revision = { text: `sha1:${"0".repeat(40)}`, commit: "0".repeat(40), refName: null };

function noCheckout(folder: string, { key }: Source): CliError {
  return new CliError(`Cannot use ${folder}: it holds no Chart.yaml, and ${key} is not made of files of a repository`, {
    advice: "Name the chart's own folder, or leave --source out.",
    exitCode: exitCode.usage,
  });
}

function stateOf(source: Source, known: { tree: FileTree; revision: Revision }): SourceState {
  return { source, ...known, included: [], verified: [], outputs: [], error: null, asked: true, handledToken: null };
}
