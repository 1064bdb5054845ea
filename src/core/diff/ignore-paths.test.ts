import { load } from "js-yaml";
import { expect, test } from "vitest";
import { fieldsV1Of, parseFieldSet } from "#core/resource/field-set.ts";
import { setWithoutPaths, withoutPaths } from "./ignore-paths.ts";

const cases = [
  { name: "removes a member", value: "{a: {b: 1, c: 2}}", paths: ["/a/b"], want: "{a: {c: 2}}" },
  {
    name: "removes list items by their first index",
    value: "{a: [0, 1, 2]}",
    paths: ["/a/0", "/a/1"],
    want: "{a: [2]}",
  },
  {
    name: "counts indexes as numbers",
    value: "{a: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}",
    paths: ["/a/10", "/a/9"],
    want: "{a: [0, 1, 2, 3, 4, 5, 6, 7, 8]}",
  },
  { name: "removes inside a list item", value: "{a: [{b: 1, c: 2}]}", paths: ["/a/0/b"], want: "{a: [{c: 2}]}" },
  { name: "reads ~1 and ~0", value: '{"a/b": {"~": 1}}', paths: ["/a~1b/~0"], want: '{"a/b": {}}' },
  {
    name: "leaves what is not there",
    value: "{a: [1]}",
    paths: ["/b", "/a/1", "/a/-", "/a/x", "/a/0/b"],
    want: "{a: [1]}",
  },
  {
    name: "leaves the document for what is no pointer into it",
    value: "{a: 1}",
    paths: ["", "a", "/"],
    want: "{a: 1}",
  },
];

for (const c of cases) {
  test(`withoutPaths() ${c.name}`, () => {
    const value = load(c.value);
    expect(withoutPaths(value, c.paths)).toEqual(load(c.want));
    expect(value, "the given value is untouched").toEqual(load(c.value));
  });
}

const SET = `
f:spec:
  f:replicas: {}
  f:containers:
    'k:{"name":"a"}': { .: {}, f:image: {}, f:name: {} }
    'k:{"name":"b"}': { .: {}, f:image: {} }
`;
const OBJECT = load("{spec: {replicas: 1, containers: [{name: foreign}, {name: a, image: x}, {name: b, image: y}]}}");

test("setWithoutPaths() finds a list item of the set by its index in the object", () => {
  const set = setWithoutPaths(parseFieldSet(load(SET)), OBJECT, ["/spec/containers/1/image", "/spec/replicas"]);
  expect(fieldsV1Of(set)).toEqual({
    "f:spec": {
      "f:containers": {
        'k:{"name":"a"}': { ".": {}, "f:name": {} },
        'k:{"name":"b"}': { ".": {}, "f:image": {} },
      },
    },
  });
});

test("setWithoutPaths() leaves no empty parents behind", () => {
  const set = parseFieldSet({ "f:spec": { "f:replicas": {} } });
  expect(setWithoutPaths(set, OBJECT, ["/spec/replicas"]).children.size).toBe(0);
  expect(setWithoutPaths(set, OBJECT, ["/spec/other", "/spec/containers/0"])).toEqual(set);
});
