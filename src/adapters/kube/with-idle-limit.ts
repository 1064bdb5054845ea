/** Thrown as the abort reason of a scope in which nothing moved for too long. */
export class IdleError extends Error {
  override readonly name = "IdleError";
}

/** Runs `work` in a child scope that ends with the parent, or when `moved` was not called for `limitMs` milliseconds. */
export async function withIdleLimit<T>(
  parent: AbortSignal,
  limitMs: number,
  work: (signal: AbortSignal, moved: () => void) => Promise<T>,
): Promise<T> {
  parent.throwIfAborted();
  const scope = new AbortController();
  const stop = () => scope.abort(parent.reason);
  parent.addEventListener("abort", stop, { once: true });
  const timer = setTimeout(() => scope.abort(new IdleError(`Nothing moved for ${limitMs} ms`)), limitMs);
  try {
    return await work(scope.signal, () => timer.refresh());
  } finally {
    clearTimeout(timer);
    parent.removeEventListener("abort", stop);
    scope.abort();
  }
}
