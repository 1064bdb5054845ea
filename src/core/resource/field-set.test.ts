import fc from "fast-check";
import { expect, test } from "vitest";
import { ownedObject } from "#test/drift/arbitrary-fields.ts";
import {
  differenceOf,
  EMPTY_SET,
  fieldSetDigest,
  fieldSetText,
  fieldsV1Of,
  isEmptySet,
  parseFieldSet,
  sameFieldSet,
  unionOf,
} from "./field-set.ts";
import { fieldSetOf } from "./field-set-of.ts";
import { fieldPaths, fieldPathText } from "./field-set-paths.ts";
import type { Resource } from "./resource.ts";

const anySet = ownedObject.map(({ fields }) => parseFieldSet(fields));

const DEPLOYMENT = {
  "f:metadata": { "f:labels": { "f:app.kubernetes.io/name": {} } },
  "f:spec": {
    "f:replicas": {},
    "f:template": {
      "f:spec": {
        "f:containers": {
          'k:{"name":"web"}': {
            ".": {},
            "f:image": {},
            "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } },
          },
        },
      },
    },
  },
};

test("fieldPaths() names list items by their keys", () => {
  expect(fieldPaths(parseFieldSet(DEPLOYMENT))).toEqual([
    '.metadata.labels["app.kubernetes.io/name"]',
    ".spec.replicas",
    '.spec.template.spec.containers[name="web"]',
    '.spec.template.spec.containers[name="web"].image',
    '.spec.template.spec.containers[name="web"].ports[containerPort=80,protocol="TCP"]',
    '.spec.template.spec.containers[name="web"].ports[containerPort=80,protocol="TCP"].containerPort',
  ]);
  expect(fieldPathText(["f:metadata", "f:finalizers", 'v:"a/b"'])).toBe('.metadata.finalizers["a/b"]');
});

test("parseFieldSet() takes nothing from what is no field set", () => {
  for (const wrong of [undefined, null, "f:a", [], { a: {} }, { "f:a": 1 }, { ".": {} }]) {
    expect(parseFieldSet(wrong)).toBe(EMPTY_SET);
  }
});

test("fieldsV1Of() writes what parseFieldSet() read", () => {
  expect(fieldsV1Of(parseFieldSet(DEPLOYMENT))).toEqual(DEPLOYMENT);
  fc.assert(fc.property(anySet, (set) => sameFieldSet(parseFieldSet(fieldsV1Of(set)), set)));
});

test("fieldSetText() is equal exactly for equal sets", () => {
  fc.assert(
    fc.property(anySet, anySet, (a, b) => (fieldSetText(a) === fieldSetText(b)) === sameFieldSet(a, b)),
    { numRuns: 500 },
  );
});

test("fieldSetDigest() does not depend on the order of fields", () => {
  const reversed = Object.fromEntries(Object.entries(DEPLOYMENT).reverse());
  expect(fieldSetDigest(parseFieldSet(reversed))).toBe(fieldSetDigest(parseFieldSet(DEPLOYMENT)));
});

test("unionOf() is commutative, associative, idempotent and has the empty set as its neutral element", () => {
  fc.assert(
    fc.property(anySet, anySet, anySet, (a, b, c) => {
      expect(sameFieldSet(unionOf(a, b), unionOf(b, a))).toBe(true);
      expect(sameFieldSet(unionOf(unionOf(a, b), c), unionOf(a, unionOf(b, c)))).toBe(true);
      expect(sameFieldSet(unionOf(a, a), a)).toBe(true);
      expect(sameFieldSet(unionOf(a, EMPTY_SET), a)).toBe(true);
      expect(sameFieldSet(unionOf(EMPTY_SET, a), a)).toBe(true);
    }),
  );
});

test("differenceOf() removes what is in the other set and nothing else", () => {
  fc.assert(
    fc.property(anySet, anySet, (a, b) => {
      expect(isEmptySet(differenceOf(a, a))).toBe(true);
      expect(sameFieldSet(unionOf(differenceOf(a, b), b), unionOf(a, b))).toBe(true);
      expect(sameFieldSet(differenceOf(differenceOf(a, b), b), differenceOf(a, b))).toBe(true);
      const paths = new Set(fieldPaths(b));
      expect(fieldPaths(differenceOf(a, b))).toEqual(fieldPaths(a).filter((path) => !paths.has(path)));
    }),
  );
});

test("fieldSetOf() reads the manager's entry of the object itself, by operation", () => {
  const entry = { manager: "us", apiVersion: "v1", operation: "Apply" as const };
  const live: Resource = {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "web",
      managedFields: [
        { ...entry, subresource: "status", fieldsV1: { "f:status": {} } },
        { ...entry, operation: "Update", fieldsV1: { "f:updated": {} } },
        { ...entry, subresource: "", fieldsV1: { "f:spec": {} } },
      ],
    },
  };
  expect(fieldPaths(fieldSetOf(live, "us") ?? EMPTY_SET)).toEqual([".spec"]);
  expect(fieldPaths(fieldSetOf(live, "us", "Update") ?? EMPTY_SET)).toEqual([".updated"]);
  expect(fieldSetOf(live, "them")).toBeNull();
  expect(fieldSetOf({ ...live, metadata: { name: "web" } }, "us")).toBeNull();
});
