import { load } from "js-yaml";
import { expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { inputDigest, normaliseDesired } from "./normalise-desired.ts";

const cases = [
  {
    name: "drops what only the server writes",
    rendered: `
      {apiVersion: e.example/v1, kind: X, status: {a: 1}, spec: {}, metadata: {name: x, uid: u, resourceVersion: "1", generation: 2,
      creationTimestamp: null, selfLink: s, managedFields: [], deletionTimestamp: t, labels: {a: b}, finalizers: [f/f]}}`,
    want: "{apiVersion: e.example/v1, kind: X, spec: {}, metadata: {name: x, labels: {a: b}, finalizers: [f/f]}}",
  },
  {
    name: "drops nulls of built-in kinds at every depth",
    rendered:
      "{apiVersion: apps/v1, kind: Deployment, metadata: {name: x, annotations: null}, spec: {a: null, template: {metadata: {creationTimestamp: null}}}}",
    want: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: x}, spec: {template: {metadata: {}}}}",
  },
  {
    name: "keeps nulls of custom kinds, where they may mean something",
    rendered:
      "{apiVersion: e.example/v1, kind: X, metadata: {name: x, annotations: null, labels: {}}, spec: {note: null}}",
    want: "{apiVersion: e.example/v1, kind: X, metadata: {name: x}, spec: {note: null}}",
  },
  {
    name: "turns stringData into data, over it",
    rendered:
      "{apiVersion: v1, kind: Secret, metadata: {name: x}, data: {a: b2xk, b: a2VlcA==}, stringData: {a: nëw, c: ''}}",
    want: "{apiVersion: v1, kind: Secret, metadata: {name: x}, data: {a: bsOrdw==, b: a2VlcA==, c: ''}}",
  },
  {
    name: "leaves a stringData that is not text to the server",
    rendered: "{apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {a: 1}}",
    want: "{apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {a: 1}}",
  },
  {
    name: "keeps keys without a value in ConfigMaps and Secrets",
    rendered: "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {a: null, b: x}}",
    want: "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {a: '', b: x}}",
  },
  {
    name: "touches no other group's Secret",
    rendered: "{apiVersion: e.example/v1, kind: Secret, metadata: {name: x}, stringData: {a: x}}",
    want: "{apiVersion: e.example/v1, kind: Secret, metadata: {name: x}, stringData: {a: x}}",
  },
];

for (const c of cases) {
  test(`normaliseDesired() ${c.name}`, () => {
    const rendered = load(c.rendered) as Resource;
    const sent = normaliseDesired(rendered);
    expect(sent).toEqual(load(c.want));
    expect(normaliseDesired(sent), "what is normal stays").toEqual(sent);
    expect(rendered, "the given object is untouched").toEqual(load(c.rendered));
  });
}

test("normaliseDesired() keeps the identity of values without nulls", () => {
  const big = Object.freeze({ rawJSON: "12345678901234567890" });
  const sent = normaliseDesired({ apiVersion: "v1", kind: "X", metadata: { name: "x" }, spec: { big, gone: null } });
  expect((sent["spec"] as { big: unknown }).big).toBe(big);
});

test("inputDigest() differs when anything that is sent differs", () => {
  const sent: Resource = { apiVersion: "v1", kind: "X", metadata: { name: "x" } };
  expect(inputDigest(sent)).toBe(inputDigest({ kind: "X", metadata: { name: "x" }, apiVersion: "v1" }));
  expect(inputDigest({ ...sent, spec: {} })).not.toBe(inputDigest(sent));
});
