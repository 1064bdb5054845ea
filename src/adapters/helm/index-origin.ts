import { LRUCache } from "lru-cache";
import type { ChartRef } from "#core/source/helm-ref.ts";
import type { ChartOffer, ChartOrigin, Look } from "./chart-origin.ts";
import { digestOf } from "./chart-store.ts";
import type { ChartStore } from "./chart-store.ts";
import { type ChartChoice, ChartProblem, type ChartTools } from "./chart-tools.ts";
import { HelmError } from "./helm-error.ts";
import type { RepositoryClient } from "./repository-client.ts";

/** What an origin with an index is made of. */
export interface IndexOriginParts {
  readonly client: RepositoryClient;
  readonly store: ChartStore;
  readonly tools: ChartTools;
}

const maxChoices = 2_000;

/** Charts of a repository with an index: one question for all of them, and none for an index that did not change. */
export class IndexOrigin implements ChartOrigin {
  readonly #parts: IndexOriginParts;
  /** What the index answered, by its digest and what was asked. */
  readonly #choices = new LRUCache<string, ChartChoice>({ max: maxChoices });

  constructor(parts: IndexOriginParts) {
    this.#parts = parts;
  }

  get name(): string {
    return this.#parts.client.name;
  }

  async look(charts: readonly ChartRef[], _limits: { timeoutMs: number }, signal: AbortSignal): Promise<Look> {
    const { client, store } = this.#parts;
    const known = await store.index();
    const reply = await client.index(known?.marks ?? {}, signal);
    const digest = reply === null ? known!.digest : digestOf(reply.bytes);
    const isNew = digest !== known?.digest;
    const choices = await this.#choose({ digest, bytes: reply?.bytes, isNew }, charts, signal);
    // Only an index that could be read becomes the one that the server is asked about.
    if (reply !== null) store.setIndex({ digest: await store.add(reply.bytes), marks: reply.marks });
    return { index: digest, charts: charts.map((ref, at) => this.#offer(ref, choices[at]!)) };
  }

  async #choose(
    index: { digest: string; bytes: Uint8Array | undefined; isNew: boolean },
    charts: readonly ChartRef[],
    signal: AbortSignal,
  ): Promise<readonly ChartChoice[]> {
    const known = charts.map((ref) => this.#choices.get(keyOf(index.digest, ref)));
    const wanted = charts.filter((_ref, at) => known[at] === undefined);
    if (wanted.length === 0 && !index.isNew) return known as readonly ChartChoice[];
    const bytes = index.bytes ?? (await this.#parts.store.content(index.digest));
    const answers = [...(await this.#ask(bytes, wanted, signal))];
    for (const [at, ref] of wanted.entries()) this.#choices.set(keyOf(index.digest, ref), answers[at]);
    return known.map((choice) => choice ?? answers.shift()!);
  }

  async #ask(index: Uint8Array, wanted: readonly ChartRef[], signal: AbortSignal): Promise<readonly ChartChoice[]> {
    try {
      const charts = wanted.map(({ value: name, version }) => ({ name, version }));
      return await this.#parts.tools.choose(index, charts, signal);
    } catch (error) {
      if (!(error instanceof ChartProblem)) throw error;
      throw new HelmError("refused-index", `Cannot read the index of ${this.name}: ${error.message}`, { cause: error });
    }
  }

  #offer(ref: ChartRef, choice: ChartChoice): Look["charts"][number] {
    if (!("version" in choice)) return { error: this.#missing(ref, choice) };
    const { version, urls, digest = "" } = choice;
    const [place] = urls;
    const what = `the chart ${ref.value} ${version} of ${this.name}`;
    if (place === undefined) {
      return { error: new HelmError("refused-index", `Cannot read ${what}: the index names no place of it`) };
    }
    const download = async (signal: AbortSignal) => {
      const content = await this.#parts.client.chart(place, signal);
      mustMatch(what, digest, digestOf(content));
      return content;
    };
    return { version, identity: digest === "" ? place : digest, download } satisfies ChartOffer;
  }

  #missing(
    { value, version }: ChartRef,
    { code, message, near = [] }: Extract<ChartChoice, { code: string }>,
  ): HelmError {
    if (code !== "no-chart") return new HelmError("ref-not-found", `${message} in ${this.name}`);
    const names = near.map((name) => `'${name}'`).join(", ");
    const hint = names === "" ? "" : `; the closest names are ${names}`;
    const state = `no '${value}' chart with version matching '${version}' found in ${this.name}`;
    return new HelmError("ref-not-found", `${state}: it has no chart of this name${hint}`);
  }
}

function keyOf(digest: string, { value, version }: ChartRef): string {
  return JSON.stringify([digest, value, version]);
}

function mustMatch(what: string, wanted: string, got: string): void {
  // Indexes of old have the bare hash.
  if (wanted === "" || got === wanted || got === `sha256:${wanted}`) return;
  throw new HelmError(
    "digest-mismatch",
    `Cannot use ${what}: what came has the digest ${got}, the index says ${wanted}`,
  );
}
