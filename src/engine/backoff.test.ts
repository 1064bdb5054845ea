import fc from "fast-check";
import { expect, test } from "vitest";
import { backoffMs } from "./backoff.ts";

const POLICY = { baseMs: 1_000, factor: 2, maxMs: 60_000 };
const middle = () => 0.5;

test("backoffMs() grows by the factor up to the limit", () => {
  const waits = [0, 1, 2, 5, 6, 40, 10_000].map((n) => backoffMs(POLICY, n, middle));
  expect(waits).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000]);
});

test("backoffMs() spreads every wait by at most ten percent", () => {
  fc.assert(
    fc.property(fc.nat(50), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (n, chance) => {
      const plain = backoffMs(POLICY, n, middle);
      const wait = backoffMs(POLICY, n, () => chance);
      expect(Math.abs(wait - plain)).toBeLessThanOrEqual(plain / 10 + 1);
    }),
  );
  expect(backoffMs(POLICY, 0, () => 0)).toBe(900);
  expect(backoffMs(POLICY, 0, () => 0.9999)).toBe(1_100);
});

test("backoffMs() stays the same for a factor of one", () => {
  expect(backoffMs({ baseMs: 500, factor: 1, maxMs: 500 }, 30, middle)).toBe(500);
});
