import { expect, test } from "vitest";
import { memoryTree } from "../memory-tree.ts";
import { copyBasis } from "./copy-basis.ts";
import type { CopyStep } from "./generator-ref.ts";

function basis(files: Readonly<Record<string, string>>, from: string, more: Partial<CopyStep> = {}): string {
  const tree = memoryTree(files);
  const inputs = new Map([["in", { tree, revision: { text: "v1", commit: "1", refName: null } }]]);
  return copyBasis([{ from, to: "@artifact/", exclude: [], strategy: "overwrite", ...more }], inputs);
}

test.each([
  ["a folder's content", "@in/a/**", { "a/x": "1" }, { "a/x": "2" }, false],
  ["another folder's content", "@in/a/**", { "a/x": "1", "b/x": "1" }, { "a/x": "1", "b/x": "2" }, true],
  ["a name that a pattern may name", "@in/a/*/x", { "a/b/x": "1" }, { "a/b/x": "1", "a/c/x": "1" }, false],
  ["what was not there", "@in/a", {}, { a: "1" }, false],
  ["a file beside", "@in/a/x", { "a/x": "1", "a/y": "1" }, { "a/x": "1", "a/y": "2" }, true],
])("after a change of %s the basis of %s is the same or another", (_what, from, before, after, isSame) => {
  expect(basis(before, from) === basis(after, from)).toBe(isSame);
});

test("another step is another basis", () => {
  const files = { "a/x": "1" };
  expect(basis(files, "@in/a/**")).not.toBe(basis(files, "@in/a/**", { exclude: ["x"] }));
});
