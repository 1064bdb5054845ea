/** Lets so many pieces of work of each name run at once. */
export class Turns {
  readonly #atOnce: number;
  readonly #running = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Runs work when it is its turn. */
  async run<T>(name: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#turn(name, signal);
    try {
      return await work();
    } finally {
      const next = this.#waiting.get(name)?.shift();
      // The turn goes over to who waits.
      if (next) next();
      else this.#running.set(name, (this.#running.get(name) ?? 1) - 1);
    }
  }

  async #turn(name: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const running = this.#running.get(name) ?? 0;
    if (running < this.#atOnce) {
      this.#running.set(name, running + 1);
      return;
    }
    const waiting = this.#waiting.get(name) ?? [];
    this.#waiting.set(name, waiting);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = () => {
      const at = waiting.indexOf(resolve);
      if (at < 0) return;
      waiting.splice(at, 1);
      reject(signal.reason);
    };
    waiting.push(resolve);
    signal.addEventListener("abort", leave, { once: true });
    await promise.finally(() => signal.removeEventListener("abort", leave));
  }
}
