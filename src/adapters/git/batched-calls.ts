import { setImmediate } from "node:timers/promises";

interface Caller<Q, R> {
  readonly request: Q;
  readonly resolve: (answer: R) => void;
  readonly reject: (error: unknown) => void;
  gone: boolean;
}

/**
 * Lets concurrent callers share one run: those that arrive while a run is under way share the next one, so that nobody
 * gets an answer older than his question.
 */
export class BatchedCalls<Q, R> {
  readonly #run: (requests: readonly Q[], signal: AbortSignal) => Promise<readonly R[]>;
  #waiting: Caller<Q, R>[] = [];
  #tail: Promise<void> = Promise.resolve();

  /** `run` answers each request, in order. */
  constructor(run: (requests: readonly Q[], signal: AbortSignal) => Promise<readonly R[]>) {
    this.#run = run;
  }

  /** Resolves with the answer to `request`; the shared run is aborted when all of its callers are. */
  async call(request: Q, signal: AbortSignal): Promise<R> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const caller: Caller<Q, R> = { request, resolve, reject, gone: false };
    const leave = () => {
      caller.gone = true;
      reject(signal.reason);
      this.#left.dispatchEvent(new Event("left"));
    };
    signal.addEventListener("abort", leave, { once: true });
    if (this.#waiting.push(caller) === 1) this.#tail = this.#tail.then(() => this.#next());
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  readonly #left = new EventTarget();

  async #next(): Promise<void> {
    await setImmediate();
    const callers = this.#waiting.filter((caller) => !caller.gone);
    this.#waiting = [];
    if (callers.length === 0) return;
    const scope = new AbortController();
    const onLeft = () => {
      if (callers.every((caller) => caller.gone)) scope.abort(new Error("Nobody waits for this any more"));
    };
    this.#left.addEventListener("left", onLeft);
    try {
      const answers = await this.#run(
        callers.map((caller) => caller.request),
        scope.signal,
      );
      callers.forEach((caller, at) => caller.resolve(answers[at]!));
    } catch (error) {
      for (const caller of callers) caller.reject(error);
    } finally {
      this.#left.removeEventListener("left", onLeft);
    }
  }
}
