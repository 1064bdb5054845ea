import { expect, test } from "vitest";
import { parseExactJson } from "#adapters/kube/exact-json.ts";
import { differingPaths, splitValues } from "./split-values.ts";

type Values = Readonly<Record<string, unknown>>;

const cases: readonly { name: string; whole: Values; without: Values; alone: Values; secret: Values; open: Values }[] =
  [
    {
      name: "takes single values out of maps",
      whole: { db: { host: "a", password: "x" }, color: "red" },
      without: { db: { host: "a" }, color: "red" },
      alone: { db: { password: "x" } },
      secret: { db: { password: "x" } },
      open: { db: { host: "a" }, color: "red" },
    },
    {
      name: "hides what is secret also where an open part says the same",
      whole: { password: "x" },
      without: { password: "x" },
      alone: { password: "x" },
      secret: { password: "x" },
      open: {},
    },
    {
      name: "takes lists as a whole",
      whole: { users: [{ name: "a", key: "x" }], size: 1 },
      without: { users: [{ name: "a" }], size: 1 },
      alone: { users: [{ key: "x" }] },
      secret: { users: [{ name: "a", key: "x" }] },
      open: { size: 1 },
    },
    {
      name: "keeps a null and an empty map where they were",
      whole: { a: null, b: {}, c: null },
      without: { a: null, b: {} },
      alone: { c: null },
      secret: { c: null },
      open: { a: null, b: {} },
    },
    {
      name: "hides all of a map that a secret replaced by another",
      whole: { a: { b: 1, c: 2 } },
      without: { a: "text" },
      alone: { a: { b: 1, c: 2 } },
      secret: { a: { b: 1, c: 2 } },
      open: {},
    },
  ];

test.each(cases)("splitValues() $name", ({ whole, without, alone, secret, open }) => {
  const split = splitValues({ whole, withoutSecrets: without, secretsAlone: alone });
  expect([split.secret, split.open]).toEqual([secret, open]);
});

test("splitValues() names the paths of what is secret", () => {
  const whole = { db: { password: "x", "a.b": "y" }, list: [1] };
  const { secretPaths } = splitValues({ whole, withoutSecrets: {}, secretsAlone: whole });
  expect(secretPaths).toEqual(["db.password", 'db."a.b"', "list"]);
});

test("differingPaths() names each place once, deep, in order, and long integers by their digits", () => {
  const one = parseExactJson('{"b": {"x": 1, "y": [1]}, "a": 12345678901234567890, "same": {"k": 1, "l": 2}}');
  const other = parseExactJson(
    '{"b": {"x": 1, "y": [2], "z": null}, "a": 12345678901234567891, "same": {"l": 2, "k": 1}}',
  );
  expect(differingPaths(one as Values, other as Values)).toEqual(["a", "b.y", "b.z"]);
  expect(differingPaths(one as Values, one as Values)).toEqual([]);
});
