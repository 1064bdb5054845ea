import { expect, test } from "vitest";
import { withDefaultAccount } from "./default-account.ts";
import type { BucketRemote } from "./remote.ts";
import { type Source, sourceObjectKey } from "./source.ts";

const remote: BucketRemote = { kind: "bucket", bucket: "a", prefix: "", region: "", insecure: false, ignore: null };
const object = { apiVersion: "v1", kind: "Bucket", namespace: "shop", name: "apps", uid: "1", generation: 1 };
const source: Source = {
  key: sourceObjectKey("Bucket", "shop", "apps"),
  url: "storage.googleapis.com",
  remote: { ...remote, cloud: "gcp" },
  ref: { kind: "bucket", value: "a" },
  secrets: {},
  intervalMs: 1_000,
  timeoutMs: 1_000,
  ignore: null,
  suspended: false,
  object,
  recorded: null,
  requestToken: null,
};

test("a cloud is asked as the default account of the object's namespace, where there is one", () => {
  expect(withDefaultAccount(source, "tenant").account).toEqual({ namespace: "shop", name: "tenant" });
  expect(withDefaultAccount(source, null)).toBe(source);
});

test("an account that is named stays, and where no cloud is asked nobody is put in its place", () => {
  const named = { ...source, account: { namespace: "shop", name: "own" } };
  expect(withDefaultAccount(named, "tenant")).toBe(named);
  const plain = { ...source, remote };
  expect(withDefaultAccount(plain, "tenant")).toBe(plain);
});
