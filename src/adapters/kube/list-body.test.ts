import fc from "fast-check";
import { expect, test } from "vitest";
import { parseListPage } from "./list-body.ts";

const type = { apiVersion: "v1", kind: "Thing" };
const list = (items: unknown, metadata: object = { resourceVersion: "7", continue: "next" }) =>
  JSON.stringify({ kind: "ThingList", apiVersion: "v1", metadata, items });
const item = (name: string, more: object = {}) => ({ metadata: { name }, ...more });

test("parseListPage() reads items, version and continue token", async () => {
  const page = await parseListPage(Buffer.from(list([item("a", { data: { "}]": '"{[\\' } }), item("b")])), type);
  expect(page).toEqual({
    resourceVersion: "7",
    continueToken: "next",
    items: [
      { ...type, metadata: { name: "a" }, data: { "}]": '"{[\\' } },
      { ...type, metadata: { name: "b" } },
    ],
  });
});

test("parseListPage() takes metadata after the items and items of their own type", async () => {
  const own = { apiVersion: "x/v1", kind: "Own", metadata: { name: "a", labels: { items: "[" } } };
  const text = JSON.stringify({ metadataX: { items: [1] }, items: [own], metadata: { resourceVersion: "9" } }, null, 2);
  const page = await parseListPage(Buffer.from(text), type);
  expect(page).toEqual({ resourceVersion: "9", continueToken: "", items: [own] });
});

test("parseListPage() refuses every list that is cut short", async () => {
  const whole = Buffer.from(list([item("a"), item("b", { data: { k: "ü" } })]));
  for (let length = 0; length < whole.length; length += 1) {
    await expect(parseListPage(whole.subarray(0, length), type)).rejects.toThrow(SyntaxError);
  }
});

test("parseListPage() refuses what is no list", async () => {
  for (const text of ["", "null", "{}", '{"items":null}', "<html>", '{"items":[{}]}', '{"kind":"Status"}']) {
    await expect(parseListPage(Buffer.from(text), type)).rejects.toThrow(SyntaxError);
  }
});

test("parseListPage() reads any items as JSON.parse() does", async () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue()).map((fields) => ({ ...fields, metadata: { name: "a" } }));
  await fc.assert(
    fc.asyncProperty(fc.array(object), fc.nat(2), async (items, indent) => {
      const text = JSON.stringify({ metadata: { resourceVersion: "1" }, items }, null, indent);
      const page = await parseListPage(Buffer.from(text), type);
      expect(JSON.stringify(page.items.map(({ apiVersion: _a, kind: _k, ...rest }) => rest))).toBe(
        JSON.stringify(
          (JSON.parse(text) as { items: object[] }).items.map((o) => ({
            ...o,
            apiVersion: undefined,
            kind: undefined,
          })),
        ),
      );
    }),
  );
});

test("parseListPage() of a long list lets others run every few milliseconds", async () => {
  const filler = { spec: { text: "x".repeat(3_000), list: Array.from({ length: 50 }, (_, index) => ({ index })) } };
  const body = Buffer.from(list(Array.from({ length: 4_000 }, (_, index) => item(`n${index}`, filler))));
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  await parseListPage(body, type);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(5);
});

test("parseListPage() takes null for no items where only metadata is asked for", async () => {
  const empty = Buffer.from(list(null));
  const page = await parseListPage(empty, { ...type, metadataOnly: true });
  expect(page).toEqual({ resourceVersion: "7", continueToken: "next", items: [] });
  await expect(parseListPage(empty, type)).rejects.toThrow(SyntaxError);
});
