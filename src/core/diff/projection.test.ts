import fc from "fast-check";
import { load } from "js-yaml";
import { expect, test } from "vitest";
import { parseFieldSet } from "#core/resource/field-set.ts";
import { ownedObject } from "#test/drift/arbitrary-fields.ts";
import { project } from "./projection.ts";

const cases = [
  { name: "keeps owned members only", value: "{a: 1, b: 2}", set: "{f:a: {}}", want: "{a: 1}" },
  { name: "takes a leaf whole", value: "{a: {b: [1, {c: 2}]}, d: 1}", set: "{f:a: {}}", want: "{a: {b: [1, {c: 2}]}}" },
  {
    name: "takes list items by key, in the object's order, with their keys",
    value: "{l: [{name: z, v: 1}, {name: foreign, v: 2}, {name: a, v: 3, w: 4}]}",
    set: `{f:l: {'k:{"name":"a"}': {.: {}, f:v: {}}, 'k:{"name":"z"}': {.: {}, f:name: {}}}}`,
    want: "{l: [{name: z}, {name: a, v: 3}]}",
  },
  {
    name: "matches keys of several fields and types",
    value: "{l: [{port: 80, protocol: UDP}, {port: 80, protocol: TCP}]}",
    set: `{f:l: {'k:{"port":80,"protocol":"TCP"}': {.: {}, f:port: {}}}}`,
    want: "{l: [{port: 80, protocol: TCP}]}",
  },
  {
    name: "takes set items by value",
    value: '{l: ["1", 1, x]}',
    set: `{f:l: {'v:"x"': {}, 'v:1': {}}}`,
    want: "{l: [1, x]}",
  },
  {
    name: "keeps a map of which nothing is left",
    value: "{a: {b: 1}}",
    set: "{f:a: {.: {}, f:c: {}}}",
    want: "{a: {}}",
  },
  { name: "leaves out what is gone", value: "{}", set: "{f:a: {f:b: {}}}", want: "{}" },
];

for (const c of cases) {
  test(`project() ${c.name}`, () => {
    expect(project(load(c.value), parseFieldSet(load(c.set)))).toEqual(load(c.want));
  });
}

test("project() leaves to others what they put into a map that we declared empty", () => {
  const value = { volumes: { tmp: { emptyDir: { sizeLimit: "1Gi" } } } };
  const ours = parseFieldSet(load("{f:volumes: {f:tmp: {f:emptyDir: {}}}}"));
  const theirs = parseFieldSet(load("{f:volumes: {f:tmp: {f:emptyDir: {f:sizeLimit: {}}}}}"));
  expect(project(value, ours, () => theirs)).toEqual({ volumes: { tmp: { emptyDir: {} } } });
});

test("project() is idempotent", () => {
  fc.assert(
    fc.property(ownedObject, ({ value, fields }) => {
      const set = parseFieldSet(fields);
      const once = project(value, set);
      expect(project(once, set)).toEqual(once);
    }),
  );
});

test("project() does not see what is added outside the set", () => {
  fc.assert(
    fc.property(ownedObject, ({ value, fields }) => {
      const set = parseFieldSet(fields);
      expect(project({ ...value, foreign: 1 }, set)).toEqual(project(value, set));
    }),
  );
});
