import { setTimeout as pause } from "node:timers/promises";

/** How long a test waits for what must come, unless promptness is its point: long, since others use the machine too. */
export const patienceMs = 120_000;

/** Repeats `probe` until it gives something other than false or undefined, and fails with `what` after `limitMs`. */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  limitMs = patienceMs,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`);
    await pause(50);
  }
}
