import type { RetryPolicy } from "#core/app/app.ts";

/** Wait before attempt `n` (0 is the first retry) in milliseconds, spread by ±10 % so that many do not come at once. */
export function backoffMs(policy: Omit<RetryPolicy, "limit">, n: number, random: () => number): number {
  const plain = Math.min(policy.maxMs, policy.baseMs * policy.factor ** Math.min(n, 40));
  return Math.round(plain * (0.9 + 0.2 * random()));
}
