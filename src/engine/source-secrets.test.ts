import { beforeEach, expect, test } from "vitest";
import type { Remote } from "#core/source/remote.ts";
import { secretsOf } from "./source-secrets.ts";
import { FakeCluster } from "./testing/fake-cluster.ts";

const { signal } = new AbortController();
const layer = { mediaType: "", operation: "extract" } as const;
const registry: Remote = { kind: "oci", insecure: false, layer };
const account = { namespace: "apps", name: "web" };
const annotations = { "eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/web" };
let cluster: FakeCluster;

beforeEach(() => {
  cluster = new FakeCluster();
  const metadata = { ...account, annotations };
  const imagePullSecrets = [{ name: "one" }, { name: "two" }];
  cluster.put({ apiVersion: "v1", kind: "ServiceAccount", metadata, imagePullSecrets });
  for (const name of ["one", "two"]) cluster.put({ apiVersion: "v1", kind: "Secret", metadata: { ...account, name } });
});

test("a service account lends its pull secrets for a registry", async () => {
  const { pullSecrets } = await secretsOf(cluster, { secrets: {}, account, remote: registry }, signal);
  expect(pullSecrets?.map(({ metadata }) => metadata.name)).toEqual(["one", "two"]);
});

test("with a cloud, a service account is whom that is asked as, by annotations and tokens as they are then", async () => {
  const remote: Remote = { kind: "git", cloud: "aws" };
  const { pullSecrets, identity } = await secretsOf(cluster, { secrets: {}, account, remote }, signal);
  expect(pullSecrets).toEqual([]);
  expect(cluster.log).toEqual([]);
  expect(await identity?.annotations(signal)).toEqual(annotations);
  expect((await identity?.token(["sts.amazonaws.com"], signal))?.token).toBe("token of apps/web for sts.amazonaws.com");
});

test("a service account that does not exist is an error of authentication", async () => {
  const gone = { namespace: "apps", name: "gone" };
  await expect(secretsOf(cluster, { secrets: {}, account: gone, remote: registry }, signal)).rejects.toMatchObject({
    failure: "auth",
    message: "Cannot read credentials: ServiceAccount apps/gone does not exist",
  });
});

test("a pull secret that does not exist is an error of authentication", async () => {
  cluster.take({ apiVersion: "v1", kind: "Secret", metadata: { namespace: "apps", name: "two" } });
  await expect(secretsOf(cluster, { secrets: {}, account, remote: registry }, signal)).rejects.toThrow(
    "Secret apps/two does not exist",
  );
});
