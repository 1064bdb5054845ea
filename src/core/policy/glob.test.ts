import { expect, test } from "vitest";
import { globMatches } from "./glob.ts";

const cases: readonly [pattern: string, text: string, separator: string, want: boolean][] = [
  ["*", "anything/at all", "", true],
  ["*", "a/b", "/", false],
  ["**", "a/b", "/", true],
  ["https://host/*", "https://host/team", "/", true],
  ["https://host/*", "https://host/team/repo", "/", false],
  ["https://host/**", "https://host/team/repo", "/", true],
  ["team-?", "team-a", "", true],
  ["team-?", "team-ab", "", false],
  ["team-[a-c]", "team-b", "", true],
  ["team-[!a-c]", "team-b", "", false],
  ["team-[!a-c]", "team-z", "", true],
  ["{dev,prod}-*", "prod-1", "", true],
  ["{dev,prod}-*", "test-1", "", false],
  ["{a,{b,c}d}", "cd", "", true],
  ["\\*", "*", "", true],
  ["\\*", "x", "", false],
  ["", "", "", true],
  ["", "x", "", false],
  ["[ab", "a", "", false],
  ["{a,b", "a", "", false],
  ["a**b", "a/x/b", "/", true],
];
for (const [pattern, text, separator, want] of cases) {
  test(`globMatches() ${JSON.stringify(pattern)} ${want ? "accepts" : "refuses"} ${JSON.stringify(text)}`, () => {
    expect(globMatches(pattern, text, separator)).toBe(want);
  });
}

test("globMatches() stays fast on patterns that make backtracking explode", () => {
  const started = performance.now();
  expect(globMatches("*a".repeat(40), "a".repeat(2_000) + "b")).toBe(false);
  expect(globMatches("{a,b}".repeat(40), "a".repeat(40))).toBe(false);
  expect(performance.now() - started).toBeLessThan(1_000);
});
