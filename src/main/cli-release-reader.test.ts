import { expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { releaseReader } from "./cli-release-reader.ts";

const { signal } = new AbortController();
const secret = (metadata: Resource["metadata"], fields: object): Resource => {
  return { apiVersion: "v1", kind: "Secret", metadata, ...fields };
};
const ref = (name: string, namespace: string) => ({ apiVersion: "v1", kind: "Secret", namespace, name });

test("releaseReader() finds what a file leaves without a namespace in every one, and anything else in its own only", async () => {
  const { get } = releaseReader([secret({ name: "a" }, {}), secret({ name: "b", namespace: "shop" }, {})], null);
  const found = await Promise.all(
    [ref("a", "any"), ref("b", "shop"), ref("b", "any")].map((one) => get(one, { signal })),
  );
  expect(found.map((object) => object?.metadata.name)).toEqual(["a", "b", undefined]);
  expect(await get({ ...ref("a", "any"), kind: "ConfigMap" }, { signal })).toBeNull();
});

test("releaseReader() reads Secrets as a server has them", async () => {
  const { get } = releaseReader([secret({ name: "a" }, { data: { x: "eA==" }, stringData: { y: "y" } })], null);
  expect(await get(ref("a", "any"), { signal })).toEqual(secret({ name: "a" }, { data: { x: "eA==", y: "eQ==" } }));
});

test("releaseReader() without a cluster knows no capabilities, and lookups find nothing", async () => {
  const reader = releaseReader([], null);
  const kind = await reader.kind({ group: "apps", kind: "Deployment", version: "v1" }, { signal });
  expect(kind).toMatchObject({ known: "yes", info: { group: "apps", kind: "Deployment", version: "v1" } });
  if (kind.known !== "yes") return;
  expect(await reader.list(kind.info, {}, { signal })).toEqual([]);
  expect(await reader.capabilities({ signal })).toEqual({});
});
