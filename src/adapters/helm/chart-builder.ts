import { LRUCache } from "lru-cache";
import pLimit from "p-limit";
import { doneOnce } from "#async/done-once.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { packedChartName } from "#core/source/helm-ref.ts";
import { readSetHolds, type ReadSet } from "#core/source/read-set.ts";
import type { SourceKey } from "#core/source/source.ts";
import type { Derivation, Derived, SourceDeriver } from "#engine/ports.ts";
import { builtChart, type BuiltChart, chartWanted, type WantedChart } from "./built-chart.ts";
import { ChartStore } from "./chart-store.ts";
import type { ChartTools } from "./chart-tools.ts";
import { oneFileTree } from "./one-file-tree.ts";

/** Where charts are kept that are made here, and who reads them. */
export interface ChartBuilderOptions {
  /** Owned by one process at a time. */
  readonly directory: string;
  readonly tools: ChartTools;
}

interface Made {
  readonly wanted: WantedChart;
  readonly readSet: ReadSet;
  readonly derived: Derived;
}

const maxMade = 10_000;
const keptOthers = 32;
const hourMs = 3_600_000;

/** Makes charts from the files of other sources: anew only when something changed that they are made from. */
export class ChartBuilder implements SourceDeriver {
  readonly #options: ChartBuilderOptions;
  readonly #store: ChartStore;
  readonly #made = new LRUCache<SourceKey, Made>({ max: maxMade });
  readonly #exclusive = pLimit(1);
  /** By then, whoever goes on from an earlier process has asked for what it needs. */
  readonly #forgetsFrom = performance.now() + hourMs;
  readonly #open = doneOnce(() => this.#store.open());

  constructor(options: ChartBuilderOptions) {
    this.#options = options;
    this.#store = new ChartStore(options.directory);
  }

  async derive(derivation: Derivation, signal: AbortSignal): Promise<Derived> {
    await this.#open();
    const { source, origin, known } = derivation;
    const wanted = chartWanted(derivation);
    const made = this.#made.get(source.key);
    // A source that was declared anew goes on with nothing.
    const isSame = made?.derived.commit === known?.commit && JSON.stringify(made?.wanted) === JSON.stringify(wanted);
    if (made && isSame && readSetHolds(made.readSet, origin.tree) && (await this.#store.holds(made.derived.commit))) {
      return made.derived;
    }
    const keeps = async (version: string) =>
      derivation.known?.text === version && (await this.#store.holds(derivation.known.commit));
    const built = await builtChart({ ...derivation, wanted, tools: this.#options.tools, keeps }, signal);
    const derived = await this.#derived(derivation, built);
    this.#made.set(source.key, { wanted, readSet: built.readSet, derived });
    return derived;
  }

  async recall(commit: string, signal: AbortSignal): Promise<FileTree | null> {
    await this.#open();
    signal.throwIfAborted();
    const isDigest = /^sha256:[0-9a-f]{64}$/.test(commit);
    return isDigest && (await this.#store.holds(commit)) ? await this.#tree(commit) : null;
  }

  async #derived({ source, known }: Derivation, built: BuiltChart): Promise<Derived> {
    const { archive, version: refName, chart } = built;
    const commit = archive === null ? known!.commit : await this.#stored(source.key, archive, refName);
    const last = this.#made.peek(source.key)?.derived;
    const tree = last?.commit === commit ? last.tree : await this.#tree(commit);
    return { commit, refName, chart, tree };
  }

  /** What is stored and not noted yet would be cleared away beside. */
  async #stored(key: SourceKey, archive: Uint8Array, version: string): Promise<string> {
    return await this.#exclusive(async () => {
      const digest = await this.#store.add(archive);
      this.#store.setChart(key, { digest, version });
      const others = performance.now() < this.#forgetsFrom ? Infinity : keptOthers;
      await this.#store.settle(new Set([...this.#made.keys(), key]), others);
      return digest;
    });
  }

  async #tree(digest: string): Promise<FileTree> {
    const { length: size } = await this.#store.content(digest);
    const read = async () => await this.#store.content(digest);
    return oneFileTree({ name: packedChartName, digest, size, read });
  }
}
