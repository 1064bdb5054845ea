import { LRUCache } from "lru-cache";
import pLimit from "p-limit";
import { doneOnce } from "#async/done-once.ts";
import { DeadlineError, withDeadline } from "#async/with-deadline.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { packedChartName } from "#core/source/helm-ref.ts";
import type { ChartRef } from "#core/source/helm-ref.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { SourceRef, VerifiedObject } from "#core/source/source.ts";
import type { RefResult, Repository, VerificationRequest } from "#engine/ports.ts";
import type { ChartOffer, ChartOrigin, Look } from "./chart-origin.ts";
import type { ChartStore, StoredChart } from "./chart-store.ts";
import type { ChartTools } from "./chart-tools.ts";
import { HelmError } from "./helm-error.ts";
import type { HelmLimits } from "./helm-limits.ts";
import { oneFileTree } from "./one-file-tree.ts";
import { preparedChart } from "./prepared-chart.ts";

/** What a repository is made of. */
export interface ChartRepositoryParts {
  readonly origin: ChartOrigin;
  readonly store: ChartStore;
  readonly tools: ChartTools;
  readonly limits: HelmLimits;
}

const indexName = "index.yaml";
const concurrentCharts = 4;
const maxFollowed = 10_000;

/** Charts of one repository as one credential sees it. A revision is the digest of an index or of a packed chart. */
export class ChartRepository implements Repository {
  readonly #parts: ChartRepositoryParts;
  readonly #exclusive = pLimit(1);
  /** The chart that each reference stood for last, which stays in use while its successor cannot be had. */
  readonly #followed = new LRUCache<string, string>({ max: maxFollowed });
  readonly #fetching = new Map<string, Promise<StoredChart>>();
  readonly #open = doneOnce(() => this.#parts.store.open());

  constructor(parts: ChartRepositoryParts) {
    this.#parts = parts;
  }

  /** Asks once for all charts and fetches those that are not here. @throws SourceError */
  async sync(
    refs: readonly SourceRef[],
    limits: { timeoutMs: number },
    signal: AbortSignal,
  ): Promise<readonly RefResult[]> {
    try {
      return await withDeadline(signal, limits.timeoutMs, (scope) =>
        this.#exclusive(() => this.#synced(refs, limits, scope)),
      );
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      const state = `not finished within ${error.limitMs / 1000} s`;
      throw new HelmError("timeout", `Cannot read ${this.#parts.origin.name}: ${state}`, { cause: error });
    }
  }

  async holds(revision: string, _signal: AbortSignal): Promise<boolean> {
    await this.#open();
    return isDigest(revision) && (await this.#parts.store.holds(revision));
  }

  /** Makes sure that a revision is here; a repository does not give out what it had before. @throws HelmError */
  async fetchCommit(revision: string, signal: AbortSignal): Promise<void> {
    if (await this.holds(revision, signal)) return;
    const state = "it is not here any more, and a repository is asked by version only";
    throw new HelmError("ref-not-found", `Cannot read ${revision} of ${this.#parts.origin.name}: ${state}`);
  }

  /** The packed chart, or the index, as the one file of a tree. @throws HelmError */
  async tree(revision: string, signal: AbortSignal): Promise<FileTree> {
    await this.fetchCommit(revision, signal);
    const { store } = this.#parts;
    const { length: size } = await store.content(revision);
    const name = (await store.index())?.digest === revision ? indexName : packedChartName;
    return oneFileTree({ name, digest: revision, size, read: async () => await store.content(revision) });
  }

  /** Says who signed what a chart was made of. @throws SourceError */
  async verify(request: VerificationRequest, signal: AbortSignal): Promise<readonly VerifiedObject[]> {
    const { origin } = this.#parts;
    if (!origin.verify) throw new SourceError("config", "Cannot verify signatures: only charts of registries have any");
    await this.#open();
    const key = this.#parts.store.keyOf(request.commit);
    if (key !== undefined) return await origin.verify(identityIn(key), request, signal);
    throw new HelmError("ref-not-found", `Cannot verify ${request.commit}: it is not here any more`);
  }

  async #synced(
    refs: readonly SourceRef[],
    limits: { timeoutMs: number },
    signal: AbortSignal,
  ): Promise<readonly RefResult[]> {
    await this.#open();
    const charts = new Map(refs.flatMap((ref) => (ref.kind === "chart" ? [[keyOf(ref), ref] as const] : [])));
    const look = await this.#parts.origin.look([...charts.values()], limits, signal);
    const limit = pLimit(concurrentCharts);
    const work = [...charts].map(([key, ref], at) =>
      limit(async () => [key, await this.#result(ref, look.charts[at]!, signal)] as const),
    );
    // Nothing may go on after its scope.
    await Promise.allSettled(work);
    const results = new Map(await Promise.all(work));
    const followed = new Set([...charts.keys()].flatMap((key) => this.#followed.get(key) ?? []));
    await this.#parts.store.settle(followed, this.#parts.limits.keptCharts);
    return refs.map((ref) => (ref.kind === "chart" ? results.get(keyOf(ref))! : this.#indexResult(ref, look)));
  }

  #indexResult(ref: SourceRef, { index }: Look): RefResult {
    if (ref.kind === "index" && index !== null) return { ref, commit: index, refName: null };
    const message = `Cannot follow a ${ref.kind} in ${this.#parts.origin.name}: it has charts only`;
    return { ref, error: new HelmError("ref-not-found", message) };
  }

  async #result(ref: ChartRef, offer: Look["charts"][number], signal: AbortSignal): Promise<RefResult> {
    if ("error" in offer) return { ref, error: offer.error };
    const key = questionOf(ref, offer);
    try {
      const chart = (await this.#parts.store.chart(key)) ?? (await this.#fetchedOnce(key, { ref, offer }, signal));
      this.#parts.store.setChart(key, chart);
      this.#followed.set(keyOf(ref), key);
      return { ref, commit: chart.digest, refName: chart.version };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof SourceError) return { ref, error };
      throw error;
    }
  }

  /** Several ranges may stand for the same version. */
  async #fetchedOnce(
    key: string,
    { ref, offer }: { ref: ChartRef; offer: ChartOffer },
    signal: AbortSignal,
  ): Promise<StoredChart> {
    let fetch = this.#fetching.get(key);
    if (fetch === undefined) {
      fetch = this.#fetched(ref, offer, signal).finally(() => this.#fetching.delete(key));
      this.#fetching.set(key, fetch);
    }
    return await fetch;
  }

  async #fetched(ref: ChartRef, offer: ChartOffer, signal: AbortSignal): Promise<StoredChart> {
    const { store, tools, limits, origin } = this.#parts;
    const content = await offer.download(signal);
    const what = `the chart ${ref.value} ${offer.version} of ${origin.name}`;
    if (content.length > limits.maxChartBytes) {
      throw new HelmError("too-large", `Cannot use ${what}: it is larger than ${limits.maxChartBytes} bytes`);
    }
    const packed = await preparedChart(tools, { ref, content, what, version: offer.version }, signal);
    return { digest: await store.add(packed.archive), version: packed.version };
  }
}

/** What was asked and what was offered for it: equal for equal answers. */
function questionOf(ref: ChartRef, offer: ChartOffer): string {
  return JSON.stringify([ref.value, ref.repack, offer.version, offer.identity]);
}

function identityIn(question: string): string {
  return (JSON.parse(question) as [string, unknown, string, string])[3];
}

function keyOf(ref: ChartRef): string {
  return JSON.stringify([ref.value, ref.version, ref.repack]);
}

function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}
