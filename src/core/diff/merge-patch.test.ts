import fc from "fast-check";
import { expect, test } from "vitest";
import { mergePatch } from "./merge-patch.ts";

type Json = string | number | boolean | Json[] | { [key: string]: Json };

// Few different keys, so that two values share some; those that every object inherits are legal keys too.
const anyKey = fc.constantFrom("a", "b", "c", "constructor", "toString", "__proto__", "");
const { value: anyJson, map: anyMap } = fc.letrec<{ value: Json; map: { [key: string]: Json } }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<Json>("", "x", 0, 1, false, true),
    fc.array(tie("value"), { maxLength: 2 }),
    tie("map"),
  ),
  map: fc.array(fc.tuple(anyKey, tie("value")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
}));

/** Applies a patch as RFC 7386 says, on JSON text as a server reads it. */
function applied(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === "object" && target !== null && !Array.isArray(target) ? Object.entries(target) : [];
  const members = new Map<string, unknown>(base);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) members.delete(key);
    else members.set(key, applied(members.get(key), value));
  }
  return Object.fromEntries(members);
}

function sent(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function text(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(text).join()}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${text(member)}`).join()}}`;
}

test("mergePatch() turns the one map into the other, whatever their keys", () => {
  fc.assert(
    fc.property(anyMap, anyMap, (before, after) => {
      const patch = mergePatch(before, after);
      expect(text(patch === undefined ? before : applied(before, sent(patch)))).toBe(text(after));
    }),
    { numRuns: 500 },
  );
});

test("mergePatch() is nothing for equal values, and only for them", () => {
  fc.assert(
    fc.property(anyJson, anyJson, (a, b) => {
      expect(mergePatch(a, sent(a))).toBeUndefined();
      expect(mergePatch(a, b) === undefined).toBe(text(a) === text(b));
    }),
  );
});

const CASES = [
  { name: "removes what is gone", before: { a: 1, b: 2 }, after: { a: 1 }, want: { b: null } },
  { name: "takes undefined for absent", before: { a: 1 }, after: { a: undefined, b: undefined }, want: { a: null } },
  { name: "descends into maps", before: { a: { b: 1, c: 2 } }, after: { a: { b: 1, c: 3 } }, want: { a: { c: 3 } } },
  { name: "replaces lists whole", before: { a: [1, 2] }, after: { a: [2] }, want: { a: [2] } },
  { name: "replaces a scalar by a map", before: { a: 1 }, after: { a: { b: 1 } }, want: { a: { b: 1 } } },
];
for (const { name, before, after, want } of CASES) {
  test(`mergePatch() ${name}`, () => expect(mergePatch(before, after)).toEqual(want));
}
