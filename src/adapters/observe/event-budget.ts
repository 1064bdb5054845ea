interface Bucket {
  tokens: number;
  filledAt: number;
}

const burst = 5;
const refillMs = 10_000;
const mostBuckets = 10_000;

/** How many events each object may cause: five at once, then one in ten seconds. */
export class EventBudget {
  readonly #buckets = new Map<string, Bucket>();

  /** Takes one event of an object out of its budget, when there is one left. */
  take(object: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(object) ?? { tokens: burst, filledAt: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, nowMs - bucket.filledAt) / refillMs);
    bucket.filledAt = nowMs;
    this.#buckets.set(object, bucket);
    if (this.#buckets.size > mostBuckets) this.#forgetFull(nowMs);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #forgetFull(nowMs: number): void {
    for (const [object, bucket] of this.#buckets) {
      if (nowMs - bucket.filledAt >= burst * refillMs) this.#buckets.delete(object);
    }
  }
}
