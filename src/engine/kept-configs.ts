import type { Dialect, KeptConfig } from "#core/app/dialect.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { AppRegistry } from "./app-registry.ts";
import { backoffMs } from "./backoff.ts";
import { patchFinalizers } from "./finalizers.ts";
import type { ClusterClient, Log } from "./ports.ts";
import { failureText } from "./requests.ts";
import type { Rivals } from "./rivals.ts";
import { WorkQueue } from "./work-queue.ts";

/** What letting objects go takes. */
export interface KeptConfigsParts {
  readonly dialects: readonly Dialect[];
  readonly client: ClusterClient;
  readonly registry: Pick<AppRegistry, "apps" | "lookup">;
  readonly rivals: Pick<Rivals, "alive">;
  readonly random: () => number;
  readonly log: Log;
}

const BACKOFF = { baseMs: 1_000, factor: 2, maxMs: 3 * 60_000 };

/** Objects that apps are read with and that a finalizer keeps while one uses them: they go when none does any more. */
export class KeptConfigs {
  readonly #parts: KeptConfigsParts;
  readonly #queue: WorkQueue<string>;
  /** Dialects of which a deleted object is still there. */
  readonly #waiting = new Set<string>();
  #failures = 0;

  constructor(parts: KeptConfigsParts) {
    this.#parts = parts;
    this.#queue = new WorkQueue({
      concurrency: 1,
      onError: (name, error) => {
        parts.log.warn({ dialect: name, error: failureText(error) }, "cannot let a deleted object go");
        this.#queue.addAfter(name, backoffMs(BACKOFF, this.#failures++, parts.random), "periodic");
      },
    });
  }

  /** Works until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#queue.run((name) => this.#pass(name, signal), signal);
  }

  /** Such an object of a dialect changed, or who may write its objects. */
  changed(name: string): void {
    this.#queue.add(name, "periodic");
  }

  /** An app is not what it was, or is there no more. */
  appChanged(): void {
    for (const name of this.#waiting) this.changed(name);
  }

  async #pass(name: string, signal: AbortSignal): Promise<void> {
    const { dialects, registry, rivals, client } = this.#parts;
    const dialect = dialects.find((one) => one.name === name);
    const kept = dialect?.keptConfig;
    if (!dialect || !kept) return;
    const deleted = (registry.lookup(name).all?.(kept.kind) ?? []).filter((object) => isKept(object, kept));
    if (deleted.length > 0) this.#waiting.add(name);
    else this.#waiting.delete(name);
    // Beside a live rival they are the rival's to let go.
    if (deleted.length === 0 || rivals.alive(dialect) !== null) return;
    const apps = registry.apps().filter((record) => record.dialect.name === name);
    for (const object of deleted) {
      if (apps.some((app) => kept.isUsedBy(object, app.object))) continue;
      const finalizers = (object.metadata.finalizers ?? []).filter((one) => one !== kept.finalizer);
      await patchFinalizers({ home: client }, { record: { dialect, object }, finalizers }, signal);
    }
    this.#failures = 0;
  }
}

function isKept({ metadata }: Resource, { finalizer }: KeptConfig): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(finalizer);
}
