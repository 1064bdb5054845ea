import fc from "fast-check";
import { expect, test } from "vitest";
import { compareStages, type StageKey, stageText } from "./stage.ts";

const anyKey: fc.Arbitrary<StageKey> = fc.record({
  phase: fc.integer({ min: -2, max: 2 }),
  wave: fc.integer({ min: -20, max: 20 }),
  rank: fc.nat(30),
});

test("compareStages() orders by phase, then wave, then rank", () => {
  const sorted = [
    { phase: -1, wave: 9, rank: 9 },
    { phase: 0, wave: -5, rank: 9 },
    { phase: 0, wave: 2, rank: 0 },
    { phase: 0, wave: 2, rank: 3 },
    { phase: 0, wave: 10, rank: 0 },
    { phase: 1, wave: -9, rank: 0 },
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(sorted, { minLength: sorted.length }), (keys) => {
      expect(keys.sort(compareStages)).toEqual(sorted);
    }),
  );
});

test("compareStages() is a total order, and equal stages have one text", () => {
  fc.assert(
    fc.property(anyKey, anyKey, anyKey, (a, b, c) => {
      expect(Math.sign(compareStages(a, b)) + Math.sign(compareStages(b, a))).toBe(0);
      if (compareStages(a, b) <= 0 && compareStages(b, c) <= 0) expect(compareStages(a, c)).toBeLessThanOrEqual(0);
      expect(stageText(a) === stageText(b)).toBe(compareStages(a, b) === 0);
    }),
  );
});
