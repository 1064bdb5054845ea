import { asSourceError, type SourceError } from "#core/source/source-error.ts";
import type { SourceKey } from "#core/source/source.ts";
import type { ArtifactContent, ArtifactStore, ServedArtifact } from "./artifact-store.ts";
import { backoffMs } from "./backoff.ts";
import type { Log } from "./ports.ts";
import { WorkQueue } from "./work-queue.ts";

/** How a publisher is set up. */
export interface ArtifactPublisherOptions {
  readonly store: ArtifactStore;
  readonly random: () => number;
  /** Told when there is something new to say of what a source asked for. */
  readonly onDone: (source: SourceKey) => void;
  readonly log: Log;
}

interface Wanted {
  readonly source: SourceKey;
  readonly content: ArtifactContent;
}

interface Made extends Wanted {
  readonly outcome: ServedArtifact | SourceError;
}

const AT_ONCE = 2;
const BACKOFF = { baseMs: 5_000, factor: 2, maxMs: 15 * 60_000 };

/** Makes the files that others fetch, beside everything else: nothing but a status waits for one. */
export class ArtifactPublisher {
  readonly #options: ArtifactPublisherOptions;
  /** What each object (`<kind>/<namespace>/<name>`) shall be served as, and was made of last. */
  readonly #wanted = new Map<string, Wanted>();
  readonly #made = new Map<string, Made>();
  readonly #failures = new Map<string, number>();
  readonly #queue: WorkQueue<string>;

  constructor(options: ArtifactPublisherOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      concurrency: AT_ONCE,
      onError: (object, error) => options.log.error({ object, error: String(error) }, "cannot serve the artifact"),
    });
  }

  /** Makes files until the signal aborts; those of objects that are not among these are removed first. */
  async run(objects: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.store.retain(objects);
    } catch (error) {
      this.#options.log.warn({ error: asSourceError(error).message }, "old artifacts are not removed");
    }
    await this.#queue.run((object) => this.#work(object, signal), signal);
  }

  /** What is served of a content, or why it is not; null while that is not known, which is told when it is. */
  artifact(source: SourceKey, content: ArtifactContent): ServedArtifact | SourceError | null {
    const object = objectOf(content);
    const made = this.#made.get(object);
    if (made && isSame(made.content, content)) return made.outcome;
    const wanted = this.#wanted.get(object);
    if (!wanted || !isSame(wanted.content, content)) {
      this.#wanted.set(object, { source, content });
      this.#failures.delete(object);
      this.#queue.add(object, "webhook");
    }
    return null;
  }

  /** Serves an object no longer. */
  forget(object: string): void {
    this.#wanted.delete(object);
    this.#made.delete(object);
    this.#queue.add(object, "periodic");
  }

  async #work(object: string, signal: AbortSignal): Promise<void> {
    const wanted = this.#wanted.get(object);
    if (!wanted) return await this.#options.store.remove(object);
    const outcome = await this.#outcome(wanted, signal);
    if (this.#wanted.get(object) !== wanted) return;
    const before = this.#made.get(object);
    this.#made.set(object, { ...wanted, outcome });
    this.#again(object, outcome);
    if (!before || !isSame(before.content, wanted.content) || !isSameOutcome(before.outcome, outcome)) {
      this.#options.onDone(wanted.source);
    }
  }

  async #outcome({ content }: Wanted, signal: AbortSignal): Promise<ServedArtifact | SourceError> {
    try {
      return await this.#options.store.put(content, signal);
    } catch (error) {
      signal.throwIfAborted();
      return asSourceError(error);
    }
  }

  #again(object: string, outcome: ServedArtifact | SourceError): void {
    if (!(outcome instanceof Error)) {
      this.#failures.delete(object);
      return;
    }
    const failures = (this.#failures.get(object) ?? 0) + 1;
    this.#failures.set(object, failures);
    this.#queue.addAfter(object, backoffMs(BACKOFF, failures - 1, this.#options.random), "periodic");
  }
}

/** The object that a content is of. */
export function objectOf({ path }: Pick<ArtifactContent, "path">): string {
  return path.slice(0, path.lastIndexOf("/"));
}

function isSame(a: ArtifactContent, b: ArtifactContent): boolean {
  return a.path === b.path && a.tree === b.tree && a.file === b.file;
}

function isSameOutcome(a: ServedArtifact | SourceError, b: ServedArtifact | SourceError): boolean {
  if (a instanceof Error || b instanceof Error)
    return a instanceof Error && b instanceof Error && a.message === b.message;
  return a.digest === b.digest;
}
