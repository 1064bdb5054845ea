import { aborted } from "#async/task-group.ts";

/** Whose wish a key stands for; lower runs first. */
export type Priority = "person" | "webhook" | "drift" | "periodic";

const ORDER: readonly Priority[] = ["person", "webhook", "drift", "periodic"];

/** How a queue is set up. */
export interface WorkQueueOptions {
  readonly concurrency: number;
  /** Told the number of waiting keys whenever it changes. */
  readonly onDepth?: (depth: number) => void;
  /** Told of a worker that threw, unless the queue is being stopped; the key is not retried by itself. */
  readonly onError: (key: string, error: unknown) => void;
}

/**
 * A queue of keys, never of events: a key waits at most once, is worked on by one worker at a time, and a key added
 * while it is worked on runs once more afterwards. Within a priority the order is first come, first served.
 */
export class WorkQueue<K extends string> {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Map<Priority, Set<K>>(ORDER.map((priority) => [priority, new Set<K>()]));
  readonly #running = new Map<K, Promise<void>>();
  readonly #again = new Map<K, Priority>();
  readonly #timers = new Map<K, { at: number; timer: NodeJS.Timeout }>();
  #signal: AbortSignal | null = null;
  #work: ((key: K, priority: Priority) => Promise<void>) | null = null;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Number of keys that wait to run now. */
  get depth(): number {
    let depth = 0;
    for (const keys of this.#waiting.values()) depth += keys.size;
    return depth;
  }

  /** Wants `key` worked on as soon as possible; a higher priority than before wins. */
  add(key: K, priority: Priority): void {
    if (this.#running.has(key)) {
      const before = this.#again.get(key);
      if (before === undefined || ORDER.indexOf(priority) < ORDER.indexOf(before)) this.#again.set(key, priority);
      return;
    }
    for (const candidate of ORDER) {
      const keys = this.#waiting.get(candidate);
      if (!keys?.has(key)) continue;
      if (ORDER.indexOf(candidate) <= ORDER.indexOf(priority)) return;
      keys.delete(key);
    }
    this.#waiting.get(priority)?.add(key);
    this.#options.onDepth?.(this.depth);
    this.#pump();
  }

  /** Wants `key` worked on in `delayMs`; of several such wishes the earliest counts. */
  addAfter(key: K, delayMs: number, priority: Priority): void {
    const at = performance.now() + delayMs;
    const pending = this.#timers.get(key);
    if (pending && pending.at <= at) return;
    if (pending) clearTimeout(pending.timer);
    const timer = setTimeout(
      () => {
        this.#timers.delete(key);
        this.add(key, priority);
      },
      Math.min(delayMs, 2 ** 31 - 1),
    );
    this.#timers.set(key, { at, timer });
  }

  /** Forgets a delayed wish for `key`. */
  cancel(key: K): void {
    const pending = this.#timers.get(key);
    if (pending) clearTimeout(pending.timer);
    this.#timers.delete(key);
  }

  /** Works keys off until the signal aborts; resolves when every running worker has stopped. */
  async run(work: (key: K, priority: Priority) => Promise<void>, signal: AbortSignal): Promise<void> {
    this.#work = work;
    this.#signal = signal;
    this.#pump();
    await aborted(signal);
    this.#work = null;
    await Promise.allSettled(this.#running.values());
    // The last workers may have wished for another run.
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #pump(): void {
    while (this.#work && this.#running.size < this.#options.concurrency) {
      const next = this.#take();
      if (!next) return;
      this.#running.set(next.key, this.#runOne(this.#work, next));
    }
  }

  #take(): { key: K; priority: Priority } | null {
    for (const priority of ORDER) {
      const keys = this.#waiting.get(priority);
      const first = keys?.values().next();
      if (!keys || !first || first.done) continue;
      keys.delete(first.value);
      this.#options.onDepth?.(this.depth);
      return { key: first.value, priority };
    }
    return null;
  }

  async #runOne(
    work: (key: K, priority: Priority) => Promise<void>,
    next: { key: K; priority: Priority },
  ): Promise<void> {
    await Promise.resolve();
    try {
      await work(next.key, next.priority);
    } catch (error) {
      if (!this.#signal?.aborted) this.#options.onError(next.key, error);
    } finally {
      this.#running.delete(next.key);
      const again = this.#again.get(next.key);
      this.#again.delete(next.key);
      if (again !== undefined) this.add(next.key, again);
      this.#pump();
    }
  }
}
