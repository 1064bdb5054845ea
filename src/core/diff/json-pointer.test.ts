import fc from "fast-check";
import { expect, test } from "vitest";
import { isAtOrBelow, pointerInto, pointerTokens, valueAt } from "./json-pointer.ts";

test("pointerTokens() undoes what pointerInto() escapes", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom("~", "/", "~1", "~0", "a/b"))), (tokens) => {
      expect(pointerTokens(tokens.reduce<string>(pointerInto, ""))).toEqual(tokens);
    }),
  );
});

test("pointerTokens() refuses what does not start with a slash", () => {
  expect(pointerTokens("spec/replicas")).toBeNull();
  expect(pointerTokens("")).toEqual([]);
  expect(pointerTokens("/")).toEqual([""]);
});

test("valueAt() follows members and list items", () => {
  const document = { "a/b": [{ "~": 1 }], "": 2 };
  expect(valueAt(document, "/a~1b/0/~0")).toBe(1);
  expect(valueAt(document, "/")).toBe(2);
  expect(valueAt(document, "/a~1b/00")).toBeUndefined();
  expect(valueAt(document, "/a~1b/length")).toBeUndefined();
  expect(valueAt(document, "/toString")).toBeUndefined();
});

test("isAtOrBelow() takes whole members only", () => {
  expect(isAtOrBelow("/spec/replicas", "/spec")).toBe(true);
  expect(isAtOrBelow("/spec", "/spec")).toBe(true);
  expect(isAtOrBelow("/specs", "/spec")).toBe(false);
});
