/** Thrown as the abort reason of a scope whose deadline has passed. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
  readonly limitMs: number;

  constructor(limitMs: number) {
    super(`Deadline of ${limitMs} ms exceeded`);
    this.limitMs = limitMs;
  }
}

/** Why a scope ends that is no longer needed; without a reason each abort would build an exception with its stack. */
const OVER = new Error("The scope is over");

/**
 * Runs `work` in a child scope that ends with it, with the parent or at the deadline (milliseconds).
 * `work` must forward the signal it is given: the call returns when `work` has stopped.
 * @throws DeadlineError through `work` when the deadline passes; the parent's reason when the parent aborts.
 */
export async function withDeadline<T>(
  parent: AbortSignal,
  limitMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  parent.throwIfAborted();
  const scope = new AbortController();
  const stop = () => scope.abort(parent.reason);
  parent.addEventListener("abort", stop, { once: true });
  const timer = setTimeout(() => scope.abort(new DeadlineError(limitMs)), limitMs);
  try {
    return await work(scope.signal);
  } finally {
    clearTimeout(timer);
    parent.removeEventListener("abort", stop);
    scope.abort(OVER);
  }
}

/** Resolves after `ms` milliseconds, rejects with the signal's reason when it aborts first. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
