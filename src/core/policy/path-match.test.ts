import { expect, test } from "vitest";
import { indexPathMatches, pathMatches, starPathMatches } from "./path-match.ts";

const cases = [
  { pattern: "apps/*", path: "apps/a", whole: true, index: true },
  { pattern: "apps/*", path: "apps/a/b", whole: false, index: true },
  { pattern: "apps/**", path: "apps/a/b", whole: false, index: true },
  { pattern: "*", path: "apps", whole: true, index: true },
  { pattern: "apps/[a-c]?", path: "apps/b1", whole: true, index: true },
  { pattern: "apps/{a,b}", path: "apps/a", whole: false, index: false },
  { pattern: "apps", path: "apps/a/b.json", whole: false, index: true },
  { pattern: "apps/", path: "apps/a", whole: false, index: true },
  { pattern: "app", path: "apps/a", whole: false, index: false },
];
for (const { pattern, path, whole, index } of cases) {
  test(`${pattern} and ${path}`, () => {
    expect({ whole: pathMatches(pattern, path), index: indexPathMatches(pattern, path) }).toEqual({ whole, index });
  });
}

const stars = [
  { pattern: "apps/**/config.json", path: "apps/config.json", want: true },
  { pattern: "apps/**/config.json", path: "apps/a/b/config.json", want: true },
  { pattern: "apps/*/config.json", path: "apps/a/b/config.json", want: false },
  { pattern: "apps/{a,b}/*.json", path: "apps/b/x.json", want: true },
];
for (const { pattern, path, want } of stars) {
  test(`starPathMatches() ${pattern} and ${path}`, () => {
    expect(starPathMatches(pattern, path)).toBe(want);
  });
}
