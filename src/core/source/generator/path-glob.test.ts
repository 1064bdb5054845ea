import { expect, test } from "vitest";
import { memoryTree } from "../memory-tree.ts";
import { filesMatching, pathMatcher, pathsNamed, plainBeginning } from "./path-glob.ts";

const tree = memoryTree({
  "a.yaml": "",
  ".hidden": "",
  "apps/web/a.yaml": "",
  "apps/web/sub/b.yaml": "",
  "apps/api/a.json": "",
  "apps/{x}/c": "",
  link: { link: "a.yaml" },
});

test.each([
  ["*", ["a.yaml", ".hidden", "apps"]],
  ["apps/*", ["apps/api", "apps/web", "apps/{x}"]],
  ["apps/**", ["apps/api", "apps/web", "apps/{x}"]],
  ["apps/*/a.*", ["apps/api/a.json", "apps/web/a.yaml"]],
  ["apps/**/b.yaml", []],
  ["apps/w?b/[a-b].yaml", ["apps/web/a.yaml"]],
  ["apps/{x}/*", ["apps/{x}/c"]],
  ["none/*", []],
])("pathsNamed() finds %s folder by folder", (pattern, found) => {
  expect(pathsNamed(tree, pattern).toSorted()).toEqual(found.toSorted());
});

test.each([
  ["**/*.yaml", ["a.yaml", "apps/web/a.yaml", "apps/web/sub/b.yaml"]],
  ["apps/**/b.yaml", ["apps/web/sub/b.yaml"]],
  ["apps/{web,api}/a.*", ["apps/api/a.json", "apps/web/a.yaml"]],
  ["apps/web/**", ["apps/web/a.yaml", "apps/web/sub/b.yaml"]],
])("filesMatching() finds the files of %s in any folder", (pattern, found) => {
  expect(filesMatching(tree, pattern).toSorted()).toEqual(found.toSorted());
});

test.each([
  ["**/x", "x", true],
  ["**/x", "a/b/x", true],
  ["x/**", "x", true],
  ["x/**", "x/y/z", true],
  ["x/**/z", "x/z", true],
  ["x/**/z", "x/y/w", false],
  ["*.md", "a/b.md", false],
  ["a**", "a/b", false],
  ["{a,b/c}", "b/c", true],
  ["{a,b", "a", false],
])("pathMatcher() of %s on %s is %s", (pattern, path, matches) => {
  expect(pathMatcher(pattern)(path)).toBe(matches);
});

test("a pattern that is made to be slow is not", () => {
  const started = performance.now();
  pathMatcher(`${"**/".repeat(300)}x`)("a/".repeat(300));
  pathMatcher("*a".repeat(200))("a".repeat(5_000));
  expect(performance.now() - started).toBeLessThan(2_000);
});

test.each([
  ["apps/web/*.yaml", "apps/web"],
  ["**", ""],
  ["apps/web", "apps/web"],
])("plainBeginning() of %s is %s", (pattern, beginning) => {
  expect(plainBeginning(pattern)).toBe(beginning);
});
