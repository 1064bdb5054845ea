import { afterAll, describe, expect, test, vi } from "vitest";
import { valueAtPath } from "#core/helm/values-part.ts";
import type { ValuesPart } from "#core/helm/values-part.ts";
import { HelmBench } from "./helm-bench.ts";
import { helmValues } from "./helm-values.ts";

vi.setConfig({ testTimeout: 30_000 });

const bench = new HelmBench();
afterAll(() => bench.pool.close());
const signal = new AbortController().signal;

const cases: { name: string; parts: ValuesPart[]; want: object }[] = [
  {
    name: "merges maps deeply",
    parts: [{ yaml: "a: {b: 1, c: {d: 2}}" }, { object: { a: { c: { e: 3 } } } }],
    want: { a: { b: 1, c: { d: 2, e: 3 } } },
  },
  {
    name: "replaces lists and scalars",
    parts: [{ yaml: "a: [1, 2]\nb: x" }, { yaml: "a: [3]\nb: {c: 1}" }],
    want: { a: [3], b: { c: 1 } },
  },
  {
    name: "keeps a null, which deletes a chart's default",
    parts: [{ yaml: "a: {b: 1}" }, { yaml: "a: {b: null}" }],
    want: { a: { b: null } },
  },
  { name: "takes an empty text for no values", parts: [{ yaml: "" }, { yaml: "# none" }], want: {} },
  {
    name: "sets typed values in lists and below dotted names",
    parts: [{ set: valueAtPath("a.l[1].c\\.d", "true", false) }],
    want: { a: { l: [null, { "c.d": true }] } },
  },
  { name: "sets several values by braces", parts: [{ set: valueAtPath("a", "{x,2}", false) }], want: { a: ["x", 2] } },
  {
    name: "takes a quoted value for a string",
    parts: [{ set: valueAtPath("a", '"2"', false) }, { set: valueAtPath("b", "'true'", false) }],
    want: { a: "2", b: "true" },
  },
  {
    name: "takes a literal value as it is",
    parts: [{ set: valueAtPath("a\\.b.c", "{x,2}=,[\\n", true) }],
    want: { "a.b": { c: "{x,2}=,[\\n" } },
  },
  {
    name: "sets JSON",
    parts: [{ yaml: "a: {b: 1}" }, { set: { path: "a.c", value: '{"d": [1]}', as: "json" } }],
    want: { a: { b: 1, c: { d: [1] } } },
  },
  {
    name: "sets a file's content",
    parts: [{ set: { path: "a.b", value: "x,y=z\n", as: "file" } }],
    want: { a: { b: "x,y=z\n" } },
  },
  {
    name: "lets a later part win over a value at a path",
    parts: [{ set: valueAtPath("a.b", "1", false) }, { object: { a: { b: 2 } } }],
    want: { a: { b: 2 } },
  },
];

describe("helmValues()", () => {
  test.each(cases)("$name", async ({ parts, want }) => {
    expect((await helmValues(bench.pool, parts, signal)).values).toEqual(want);
  });
});
