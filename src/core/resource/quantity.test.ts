import { expect, test } from "vitest";
import { sameQuantity } from "./quantity.ts";

const SAME = [
  ["1000m", "1"],
  ["1Gi", "1024Mi"],
  ["0.5", "500m"],
  ["1e3", "1k"],
  [2, "2"],
  ["1.50", "1500m"],
  ["+1", "1"],
  ["-1", "-1000m"],
  ["0", "0m"],
  ["1E", "1e18"],
] as const;

for (const [a, b] of SAME) {
  test(`sameQuantity() holds for ${a} and ${b}`, () => {
    expect(sameQuantity(a, b)).toBe(true);
    expect(sameQuantity(b, a)).toBe(true);
  });
}

const OTHER = [
  ["1000m", "2"],
  ["1G", "1Gi"],
  ["1", "-1"],
  ["", ""],
  ["web", "web"],
  ["1 ", "1"],
  ["0x10", "16"],
  [true, "1"],
  ["1".repeat(65), "1".repeat(65)],
] as const;

for (const [a, b] of OTHER) {
  test(`sameQuantity() does not hold for ${JSON.stringify(a)} and ${JSON.stringify(b)}`, () => {
    expect(sameQuantity(a, b)).toBe(false);
  });
}
