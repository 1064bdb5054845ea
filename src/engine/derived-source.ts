import type { CopyTools } from "#core/source/generator/copied-tree.ts";
import type { GeneratorRef, OutputRef } from "#core/source/generator/generator-ref.ts";
import { asSourceError, SourceError } from "#core/source/source-error.ts";
import type { Revision, Source, SourceKey } from "#core/source/source.ts";
import type { ClusterClient, Repository, SourceDeriver, SourceFetcher } from "./ports.ts";
import { generatedNews, outputNews } from "./generated-source.ts";
import type { SourceNews, SourceState } from "./source-state.ts";
import { secretsOf } from "./source-secrets.ts";

/** What deriving a source takes. */
export interface DerivingParts {
  readonly client: Pick<ClusterClient, "get" | "accountToken">;
  readonly fetcher: SourceFetcher;
  readonly copying?: CopyTools | undefined;
  readonly revisionOf: (source: Source, commit: string, refName: string | null) => Revision;
  readonly states: ReadonlyMap<SourceKey, SourceState>;
}

/** What a source is that is made from another one, or why it cannot be made; null while that one was not asked for yet. */
export async function derivedNews(
  parts: DerivingParts,
  source: Source,
  signal: AbortSignal,
): Promise<SourceNews | null> {
  const { states, fetcher, revisionOf } = parts;
  if (isGenerator(source)) return await generatedNews(parts, source, signal);
  const { source: from, name } = source.origin!;
  if (isOutput(source)) return await outputNews(parts, { source, from }, signal);
  const origin = states.get(from);
  if (!origin) return null;
  const { revision, tree } = origin;
  if (!revision || !tree) {
    if (!origin.asked) return null;
    return { error: new SourceError("empty-origin", `no artifact available for ${name}`) };
  }
  const known = states.get(source.key);
  const included = [{ include: { source: from, name, from: "", to: "" }, source: origin.source, revision, tree }];
  const isCurrent = known?.tree && known.asked && known.error === null && known.included[0]?.tree === tree;
  if (isCurrent) return { error: null };
  const wanted = {
    source,
    origin: { revision, tree },
    known: known?.revision ?? source.recorded,
    openCharts: (at: { url: string; chart: string }, scope: AbortSignal) => openCharts(parts, { ...at, source }, scope),
  };
  try {
    const { commit, refName, chart, tree: made } = await deriverOf(fetcher).derive(wanted, signal);
    return { revision: { ...revisionOf(source, commit, refName), chart }, tree: made, included, error: null };
  } catch (error) {
    signal.throwIfAborted();
    return { included, error: asSourceError(error) };
  }
}

function isOutput(source: Source): source is Source & { readonly ref: OutputRef } {
  return source.ref.kind === "output";
}

function isGenerator(source: Source): source is Source & { readonly ref: GeneratorRef<SourceKey> } {
  return source.ref.kind === "generator";
}

/** The recorded revision of a source that is made from another one, where it is still here. */
export async function recalledNews(
  fetcher: SourceFetcher,
  recorded: Revision,
  signal: AbortSignal,
): Promise<SourceNews> {
  const tree = await deriverOf(fetcher).recall(recorded.commit, signal);
  return tree === null ? {} : { revision: recorded, tree };
}

function deriverOf({ deriver }: SourceFetcher): SourceDeriver {
  if (deriver !== undefined) return deriver;
  throw new SourceError("config", "Cannot make the source: nothing here makes sources from others");
}

/** A source of the same address in the same namespace says how that is spoken to; others are asked as anybody. */
async function openCharts(
  { client, fetcher, states }: DerivingParts,
  at: { url: string; chart: string; source: Source },
  signal: AbortSignal,
): Promise<Repository> {
  const address = at.url.replace(/\/+$/, "");
  const beside = [...states.values()].find(
    ({ source: { remote, ref, url, object } }) =>
      remote.kind === "helm" &&
      ref.kind === "index" &&
      url.replace(/\/+$/, "") === address &&
      object?.namespace === at.source.object?.namespace,
  )?.source;
  const remote = beside?.remote ?? ({ kind: "helm", passCredentials: false, insecure: false } as const);
  const url = address.startsWith("oci://") ? `${address}/${at.chart}` : (beside?.url ?? at.url);
  return fetcher.open({ url, remote }, beside ? await secretsOf(client, beside, signal) : {});
}
