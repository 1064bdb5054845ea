/** Background work with one owner: nothing floats, and nothing that fails is silent. */
export class TaskGroup {
  readonly #tasks = new Set<Promise<void>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Supervises work that runs by itself. */
  add(work: Promise<unknown>): void {
    const task: Promise<void> = work
      .then(
        () => {},
        (error: unknown) => this.#onError(error),
      )
      .then(() => {
        this.#tasks.delete(task);
      });
    this.#tasks.add(task);
  }

  /** Resolves when no work is left. */
  async settled(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
