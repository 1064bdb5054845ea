import fc from "fast-check";
import { expect, test } from "vitest";
import type { Resource } from "./resource.ts";
import { isNewer } from "./resource-version.ts";

function state(uid: string, resourceVersion: string | undefined): Resource {
  const version = resourceVersion === undefined ? {} : { resourceVersion };
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x", uid, ...version } };
}

test("isNewer() compares versions as numbers of any size", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 80n }), fc.bigInt({ min: 0n, max: 2n ** 80n }), (a, b) => {
      expect(isNewer(state("u", a.toString()), state("u", b.toString()))).toBe(a > b);
    }),
  );
});

test("isNewer() says nothing about another object of the same name", () => {
  expect(isNewer(state("u1", "9"), state("u2", "1"))).toBe(false);
});

test("isNewer() takes any version for newer than none", () => {
  expect(isNewer(state("u", "1"), state("u", undefined))).toBe(true);
  expect(isNewer(state("u", undefined), state("u", undefined))).toBe(false);
});
