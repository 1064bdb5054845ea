import fc from "fast-check";
import { expect, test } from "vitest";
import { mergePatch } from "./merge-patch.ts";
import { withMergePatch } from "./with-merge-patch.ts";

test("withMergePatch() merges maps, takes away what is null, and replaces the rest", () => {
  const target = { a: { b: 1, c: [1, 2] }, d: "e", f: { g: 1 } };
  expect(withMergePatch(target, { a: { b: 2, c: [3] }, d: null, h: { i: 1, j: null } })).toEqual({
    a: { b: 2, c: [3] },
    f: { g: 1 },
    h: { i: 1 },
  });
  expect(withMergePatch("text", { a: 1 })).toEqual({ a: 1 });
  expect(target.d).toBe("e");
});

test("a patch between two maps leads from one to the other", () => {
  const leaf = fc.oneof(fc.integer(), fc.string(), fc.array(fc.integer(), { maxLength: 2 }));
  const map = fc.dictionary(
    fc.string({ minLength: 1 }),
    fc.oneof(leaf, fc.dictionary(fc.string({ minLength: 1 }), leaf)),
  );
  fc.assert(
    fc.property(map, map, (before, after) => {
      const patch = mergePatch(before, after);
      expect(patch === undefined ? before : withMergePatch(before, patch)).toEqual(after);
    }),
  );
});
