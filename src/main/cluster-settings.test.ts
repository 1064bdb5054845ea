import type { ClusterProofWay, CloudWay, DescribedCluster } from "#core/cluster/described-cluster.ts";
import { beforeEach, describe, expect, test } from "vitest";
import type { AskedAccess, ClusterAccess } from "#core/cluster/cluster-access.ts";
import type { ClusterCaller } from "#engine/cloud-identity.ts";
import { FakeCluster } from "#engine/testing/fake-cluster.ts";
import { type ClusterProofs, clusterSettings } from "./cluster-settings.ts";

const { signal } = new AbortController();
const account = { namespace: "apps", name: "web" };
const plain = { kind: "asked", name: "", address: "API.example:6443", ca: "", audiences: [], account } as const;
let asked: ClusterCaller[];
let proofs: ClusterProofs;

beforeEach(() => {
  asked = [];
  const client = new FakeCluster();
  client.put({ apiVersion: "v1", kind: "ServiceAccount", metadata: account });
  const clusterProof = async (caller: ClusterCaller) => {
    asked.push(caller);
    return { token: "cloud", expiresAt: 1, server: "https://told" };
  };
  const clusterToken = async ({ name }: CloudWay) => ({ token: `for ${name}`, expiresAt: 1 });
  proofs = { client, clouds: { clusterProof, clusterToken }, commands: ["allowed"] };
});

async function proofOf(access: ClusterAccess) {
  const { credential } = clusterSettings(access, proofs);
  if (credential.kind !== "asked") throw new Error(`expected to ask, not ${credential.kind}`);
  return await credential.ask(signal);
}

test("a token of the service account is for the address as it is written, unless audiences are given", async () => {
  const access: AskedAccess = { ...plain, cloud: null };
  const proof = await proofOf(access);
  expect(proof).toMatchObject({ token: "token of apps/web for API.example:6443", server: "https://api.example:6443" });
  expect(proof).not.toHaveProperty("ca");
  const other = await proofOf({ ...access, ca: "PEM", audiences: ["one", "two"] });
  expect(other).toMatchObject({ token: "token of apps/web for one,two", ca: "PEM" });
});

test("a cloud is asked as the service account, or as the controller", async () => {
  const access: AskedAccess = { ...plain, cloud: "gcp", name: "prod" };
  expect(await proofOf(access)).toMatchObject({ token: "cloud", server: "https://told" });
  await proofOf({ ...access, account: null });
  expect(asked).toMatchObject([
    { cloud: "gcp", name: "prod", address: "API.example:6443", identity: account },
    { identity: null },
  ]);
});

test("a kubeconfig may still run nothing and read no files", () => {
  const cluster = { name: "c", cluster: { server: "https://api.example" } };
  const user = { name: "u", user: { tokenFile: "/etc/passwd" } };
  const context = { name: "x", context: { cluster: "c", user: "u" } };
  const text = JSON.stringify({ "current-context": "x", contexts: [context], clusters: [cluster], users: [user] });
  expect(() => clusterSettings({ kind: "kubeconfig", text }, proofs)).toThrow("it refers to a token file");
});

describe("a described cluster", () => {
  const plain: DescribedCluster = {
    kind: "described",
    server: "https://api",
    ca: "",
    serverName: "",
    insecure: false,
    certificate: null,
    proxy: "",
    proof: { kind: "none" },
  };
  const by = (proof: ClusterProofWay, rest: Partial<DescribedCluster> = {}) =>
    clusterSettings({ ...plain, ...rest, proof }, proofs);

  test("is reached as it says, and by nothing that it does not say", () => {
    expect(by({ kind: "none" })).toEqual({ server: "https://api", credential: { kind: "none" } });
    const certificate = { certificate: "C", key: "K" };
    const rest = { ca: "CA", serverName: "other", insecure: true, certificate, proxy: "http://p" };
    expect(by({ kind: "password", username: "u", password: "p" }, rest)).toMatchObject({
      ca: "CA",
      serverName: "other",
      insecure: true,
      clientCertificate: certificate,
      proxy: "http://p",
      credential: { kind: "basic", username: "u", password: "p" },
    });
  });

  test("of a cloud is shown the cloud's token, at its own address", async () => {
    const way = { kind: "cloud", cloud: "aws", name: "shop", region: "", role: "", scope: "" } as const;
    expect(await proofOf({ ...plain, ca: "CA", proof: way })).toEqual({
      token: "for shop",
      expiresAt: 1,
      server: "https://api",
      ca: "CA",
    });
  });

  test("runs only programs that the operator allows, and names others", () => {
    const program = (command: string) =>
      by({ kind: "command", command, apiVersion: "v1", args: [], env: {}, installHint: "" });
    expect(program("allowed")).toMatchObject({ credential: { kind: "exec", plugin: { command: "allowed" } } });
    expect(() => program("/bin/sh")).toThrow(/"\/bin\/sh", which this controller may not run/);
  });
});
