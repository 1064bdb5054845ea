import { expect, test } from "vitest";
import type { FoundFields } from "./field-finder.ts";
import { FieldQueries, type QueriedDocument } from "./field-queries.ts";
import { configMap } from "./testing/fake-objects.ts";

const { signal } = new AbortController();

function queriesOver(find: (query: string) => FoundFields) {
  const asked: string[][] = [];
  const queries = new FieldQueries({
    find: (documents) => {
      asked.push(documents.flatMap((one) => one.queries));
      return Promise.resolve(documents.map((one) => one.queries.map(find)));
    },
  });
  return { queries, asked };
}

function document(version: string, ...queries: string[]): QueriedDocument {
  return { version, document: configMap("x", {}), queries };
}

test("FieldQueries asks once for each version of an object, and for many of them together", async () => {
  const { queries, asked } = queriesOver((query) => ({ pointers: [`/${query}`] }));
  const documents = Array.from({ length: 150 }, (_, index) => document(`v${index}`, "a"));
  await queries.load(documents, signal);
  await queries.load(documents, signal);
  expect(asked.map((queriesOfBatch) => queriesOfBatch.length)).toEqual([100, 50]);
  await queries.load([document("v1", "a", "b")], signal);
  expect(asked.at(-1)).toEqual(["b"]);
  expect(queries.fieldsOf(document("v1", "a", "b"))).toEqual({ pointers: ["/a", "/b"] });
});

test("FieldQueries does not try an expression that overran with the next object", async () => {
  const { queries, asked } = queriesOver((query) => (query === "slow" ? { unusable: "too slow" } : { pointers: [] }));
  await queries.load([document("v1", "slow")], signal);
  await queries.load([document("v2", "slow", "quick")], signal);
  expect(asked).toEqual([["slow"], ["quick"]]);
  expect(queries.fieldsOf(document("v2", "slow", "quick"))).toEqual({ unusable: "slow: too slow" });
  expect(queries.fieldsOf(document("v2", "quick"))).toEqual({ pointers: [] });
});
