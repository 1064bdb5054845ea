import { expect, test } from "vitest";
import { schemaProblems } from "./schema-check.ts";
import { schemaSetOf } from "./schema-node.ts";

const document = {
  components: {
    schemas: {
      Thing: {
        type: "object",
        required: ["spec"],
        properties: {
          apiVersion: { type: "string" },
          spec: { allOf: [{ $ref: "#/components/schemas/Spec" }], default: {} },
          status: { type: "object", properties: { ready: { type: "boolean" } } },
        },
        "x-kubernetes-group-version-kind": [{ group: "g", version: "v1", kind: "Thing" }],
      },
      Spec: {
        type: "object",
        required: ["name"],
        properties: {
          name: { type: "string" },
          count: { type: "integer" },
          port: { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] },
          tags: { type: "object", additionalProperties: { type: "string" } },
          parts: { type: "array", items: { $ref: "#/components/schemas/Spec" } },
          free: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { n: { type: "number" } } },
          raw: { type: "object" },
          child: { type: "object", "x-kubernetes-embedded-resource": true, properties: { spec: { type: "object" } } },
          open: {},
          ruled: { type: "string", "x-kubernetes-validations": [{ rule: "true" }] },
        },
      },
    },
  },
};
const schema = schemaSetOf(document).roots.get("g/v1/Thing") ?? { shape: "any" };
const problemsOf = (spec: unknown) =>
  schemaProblems({ apiVersion: "g/v1", spec }, schema).map(({ path, message }) => `${path}: ${message}`);

const cases: readonly (readonly [string, unknown, readonly string[]])[] = [
  ["what fits", { name: "a", count: 1, port: "http", tags: { "a/b": "c" }, parts: [{ name: "b" }] }, []],
  ["an unknown field", { name: "a", nam: "b" }, ["spec.nam: unknown field"]],
  [
    "an unknown field inside a list",
    { name: "a", parts: [{ name: "x" }, { name: "y", z: 1 }] },
    ["spec.parts[1].z: unknown field"],
  ],
  [
    "a wrong scalar",
    { name: 5, count: "5" },
    ["spec.name: must be a string, is a number", "spec.count: must be a number, is a string"],
  ],
  [
    "a wrong container",
    { name: "a", parts: {}, tags: [] },
    ["spec.parts: must be a list, is an object", "spec.tags: must be an object, is a list"],
  ],
  [
    "a wrong map value",
    { name: "a", tags: { "x.y/z": true } },
    ['spec.tags["x.y/z"]: must be a string, is true or false'],
  ],
  ["int-or-string", { name: "a", port: true }, ["spec.port: must be a string or a number, is true or false"]],
  ["a missing required field", { parts: [] }, ["spec.name: required"]],
  ["nulls, which the server drops", { name: "a", count: null, nothing: null, parts: null }, []],
  ["free-form objects", { name: "a", free: { any: [1] }, raw: { x: {} }, open: 3 }, []],
  [
    "declared fields of a free-form object",
    { name: "a", free: { n: "1" } },
    ["spec.free.n: must be a number, is a string"],
  ],
  ["embedded objects", { name: "a", child: { apiVersion: "v1", kind: "X", metadata: { a: 1 }, spec: {} } }, []],
  ["the whole spec", "text", ["spec: must be an object, is a string"]],
];

test.each(cases)("schemaProblems() judges %s", (_name, spec, want) => {
  expect(problemsOf(spec)).toEqual(want);
});

test("schemaProblems() leaves the status alone, which is not applied with the object", () => {
  expect(schemaProblems({ apiVersion: "g/v1", spec: { name: "a" }, status: { rady: 1 } }, schema)).toEqual([]);
});

test("schemaProblems() is not certain of a missing field, which the server may fill in", () => {
  expect(schemaProblems({ apiVersion: "g/v1", spec: {} }, schema)).toEqual([
    { path: "spec.name", message: "required", certain: false },
  ]);
});

test("schemaSetOf() knows kinds whose own schema carries rules", () => {
  expect(schemaSetOf(document).ruled.size).toBe(0);
  const { Spec } = document.components.schemas;
  const inline = { ...document.components.schemas.Thing, properties: { spec: Spec } };
  expect([...schemaSetOf({ components: { schemas: { inline } } }).ruled]).toEqual(["g/v1/Thing"]);
});

test("schemaSetOf() takes anything that is no document as one without schemas", () => {
  for (const value of [null, "x", {}, { components: { schemas: [] } }]) expect(schemaSetOf(value).roots.size).toBe(0);
});
