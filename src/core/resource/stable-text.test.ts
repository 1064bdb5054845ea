import fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf, digestText } from "./digest.ts";
import { stableText } from "./stable-text.ts";

test("stableText() sorts keys at every depth and keeps the order of lists", () => {
  expect(stableText({ b: [{ z: 1, a: null }, "x"], a: true })).toBe('{"a":true,"b":[{"a":null,"z":1},"x"]}');
});

test("stableText() leaves out what is undefined", () => {
  expect(stableText({ b: undefined, a: 1 })).toBe('{"a":1}');
});

test("stableText() is JSON of the same value", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(stableText(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("digestOf() does not depend on the order of keys", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).reverse());
      expect(digestOf(reversed)).toBe(digestOf(value));
    }),
  );
});

test("digestText() is 32 hex digits and fixed, because it is recorded on clusters", () => {
  expect(digestText("")).toBe("724ed3b2689df6577d535ccb078e8483");
  expect(digestText("apps/v1 Deployment")).toBe("8aa24e027e741da251c3a72aa4bcbb38");
});

test("digestText() differs for texts that differ in one place, in length or in padding", () => {
  const texts = new Set<string>();
  for (let length = 0; length < 40; length++) {
    texts.add("\0".repeat(length));
    for (let at = 0; at < length; at++) texts.add(`${"a".repeat(at)}b${"a".repeat(length - at - 1)}`);
  }
  expect(new Set([...texts].map(digestText)).size).toBe(texts.size);
});

test("digestText() spreads a small change over all four words", () => {
  const [a, b] = [digestText("replicas: 1"), digestText("replicas: 2")];
  for (const at of [0, 8, 16, 24]) expect(a.slice(at, at + 8)).not.toBe(b.slice(at, at + 8));
});
