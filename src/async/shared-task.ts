import { withDeadline } from "./with-deadline.ts";

/**
 * Work that many may wait for and that runs once at a time: whoever leaves early does not stop it for the others.
 * It ends with the lifetime it was given or at its limit.
 */
export class SharedTask<T> {
  readonly #lifetime: AbortSignal;
  readonly #limitMs: number;
  #running: Promise<T> | undefined;

  constructor(lifetime: AbortSignal, limitMs: number) {
    this.#lifetime = lifetime;
    this.#limitMs = limitMs;
  }

  /** Joins the running work, or starts it. */
  join(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const running = (this.#running ??= this.#start(work));
    return new Promise((resolve, reject) => {
      const leave = () => reject(signal.reason);
      signal.addEventListener("abort", leave, { once: true });
      running.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    });
  }

  /** Lets the next caller start afresh; those who wait get the old outcome. */
  forget(): void {
    this.#running = undefined;
  }

  #start(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const running = withDeadline(this.#lifetime, this.#limitMs, work).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    return running;
  }
}
