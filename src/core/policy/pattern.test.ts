import { describe, expect, test } from "vitest";
import { parsePattern } from "./pattern.ts";

describe("parsePattern()", () => {
  const found: readonly (readonly [pattern: string, text: string, finds: boolean, covers: boolean])[] = [
    ["rc", "v1-rc.1", true, false],
    ["v1.*", "v1-rc.1", true, true],
    ["(?i)MAIN", "main", true, true],
    ["(?P<branch>main)-(?P<number>[[:digit:]])", "main-1", true, true],
    [String.raw`\Av1\z`, "v1", true, true],
    ["a|b", "ab", true, false],
    ["", "x", true, false],
  ];
  for (const [pattern, text, finds, covers] of found) {
    test(`${JSON.stringify(pattern)} over ${text}`, () => {
      const parsed = parsePattern(pattern);
      expect([parsed?.finds(text), parsed?.covers(text)]).toEqual([finds, covers]);
    });
  }

  test("refuses what is no expression, and what is too long", () => {
    expect(["(", "[a", "a{2,1}", "(?=a)", "x".repeat(1_025)].map(parsePattern)).toEqual(Array(5).fill(null));
  });

  test("takes its time in proportion to the text, whatever the expression", () => {
    const started = performance.now();
    expect(parsePattern("^(a+)+$")?.finds(`${"a".repeat(10_000)}!`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
