import fc from "fast-check";
import { expect, test } from "vitest";
import { editDistance } from "./edit-distance.ts";

test.each([
  ["twin", "twin", 0],
  ["twni", "twin", 1],
  ["twi", "twin", 1],
  ["tin", "twin", 1],
  ["twig", "twin", 1],
  ["", "twin", 4],
  ["mian", "main", 1],
  ["web", "api", 3],
])("editDistance() of %j and %j is %d", (a, b, want) => {
  expect(editDistance(a, b)).toBe(want);
});

test("editDistance() is the same both ways, and 0 for equal words only", () => {
  const word = fc.string({ maxLength: 8, unit: fc.constantFrom("a", "b", "c") });
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
    }),
  );
});
