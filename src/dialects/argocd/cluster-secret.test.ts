import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { stableText } from "#core/resource/stable-text.ts";
import { clusterSecret } from "./cluster-secret.ts";
import { heldCluster } from "./clusters.ts";
import { parseDestination } from "./destination.ts";
import { declaring, lookupIn } from "./testdata/secrets.ts";

const PEM = Buffer.from("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n").toString("base64");

function cluster(config: unknown, data: Readonly<Record<string, string>> = {}) {
  const text = typeof config === "string" ? config : JSON.stringify(config);
  return declaring("cluster", "moon", { name: "moon", server: "https://moon.example", config: text, ...data });
}

function read(config: unknown, data?: Readonly<Record<string, string>>) {
  const found = clusterSecret(cluster(config, data));
  if (!found) throw new Error("It declares no cluster");
  return found;
}

describe("a cluster's Secret", () => {
  test("says where the cluster is and how it is reached", () => {
    const tlsClientConfig = { caData: PEM, certData: PEM, keyData: PEM, serverName: "api" };
    const found = read({ bearerToken: "T", tlsClientConfig, proxyUrl: "http://proxy" }, { server: "https://moon/" });
    const pem = Buffer.from(PEM, "base64").toString();
    expect(found).toMatchObject({ name: "moon", server: "https://moon", namespaces: null, problems: [] });
    expect(found.access?.()).toEqual({
      kind: "described",
      server: "https://moon",
      ca: pem,
      serverName: "api",
      insecure: false,
      certificate: { certificate: pem, key: pem },
      proxy: "http://proxy",
      proof: { kind: "token", token: "T" },
    });
  });

  const eks = "https://ABC.gr7.eu-west-1.eks.amazonaws.com";
  const aws = { kind: "cloud", cloud: "aws", name: "shop", region: "eu-west-1", role: "", scope: "" };
  const exec = (command: string, ...args: string[]) => ({ execProviderConfig: { command, args } });
  test.each([
    [{}, { kind: "none" }],
    [
      { username: "u", password: "p" },
      { kind: "password", username: "u", password: "p" },
    ],
    [
      { awsAuthConfig: { clusterName: "shop", roleARN: "arn:aws:iam::1:role/r" } },
      { ...aws, role: "arn:aws:iam::1:role/r" },
    ],
    [exec("argocd-k8s-auth", "aws", "--cluster-name", "shop"), aws],
    [exec("aws", "eks", "get-token", "--cluster-name=shop", "--region", "us-east-1"), { ...aws, region: "us-east-1" }],
    [exec("/usr/bin/aws-iam-authenticator", "token", "-i", "shop"), aws],
    [exec("argocd-k8s-auth", "gcp"), { ...aws, cloud: "gcp", name: "" }],
    [exec("gke-gcloud-auth-plugin"), { ...aws, cloud: "gcp", name: "" }],
    [exec("argocd-k8s-auth", "azure"), { ...aws, cloud: "azure", name: "" }],
    [
      exec("kubelogin", "get-token", "--server-id", "6dae42f8", "--login", "workloadidentity"),
      { ...aws, cloud: "azure", name: "", scope: "6dae42f8/.default" },
    ],
    [
      exec("aws", "eks", "get-token", "--cluster-name", "shop", "--profile", "p"),
      { kind: "command", command: "aws", args: ["eks", "get-token", "--cluster-name", "shop", "--profile", "p"] },
    ],
    [exec("/opt/login", "aws"), { kind: "command", command: "/opt/login", args: ["aws"] }],
  ])("with %o is shown %o", (config, proof) => {
    const found = read(config, { server: eks });
    expect(found.problems).toEqual([]);
    expect(found.access?.().proof).toMatchObject(proof);
  });

  test.each([
    ["{", {}, "config is no JSON"],
    [{ bearerToken: 7 }, {}, "config.bearerToken must be string"],
    [{ tlsClientConfig: { insecure: true, caData: PEM } }, {}, "config names authorities (caData) and accepts any"],
    [{ tlsClientConfig: { certData: PEM } }, {}, "config holds one of certData and keyData"],
    [{ tlsClientConfig: { caData: "bm9uZQ==" } }, {}, "config has a caData that is no PEM in base64"],
    [{ awsAuthConfig: {} }, {}, "config has an awsAuthConfig without a clusterName"],
    [{ awsAuthConfig: { clusterName: "a", profile: "p" } }, {}, "config names a profile of AWS"],
    [{ execProviderConfig: {} }, {}, "config has an execProviderConfig without a command"],
    [{ proxyUrl: "socks5://p" }, {}, "config has a proxyUrl that is no http or https address"],
    [{}, { server: "moon" }, "server is no http or https address of an API server"],
    [{}, { clusterResources: "some" }, "clusterResources is neither true nor false"],
  ])("%o with %o is told by what is wrong, and never used", (config, data, message) => {
    const found = read(config, data);
    expect(found.problems[0]?.message).toContain(`Secret argocd/moon: ${message}`);
    expect(found.access).toBeNull();
  });

  test("shows nothing of its token in any text", () => {
    const held = heldCluster(read({ bearerToken: "hunter2" }));
    expect(`${stableText(held)}${JSON.stringify(held)}`).not.toContain("hunter2");
    expect(held?.version).toMatch(/^argocd\/moon uid-moon\/\d+$/);
  });
});

describe("parseDestination()", () => {
  const find = (fields: Record<string, string>, ...secrets: readonly Resource[]) =>
    parseDestination({ namespace: "shop", ...fields }, "team", lookupIn(...secrets));

  test("finds clusters by address, whatever its last slash, and by name", () => {
    const moon = cluster({ bearerToken: "T" }, { namespaces: " shop, cart ", clusterResources: "false" });
    for (const fields of [{ server: "https://moon.example/" }, { name: "moon" }]) {
      expect(find(fields, moon)).toMatchObject({
        ok: true,
        value: {
          name: "moon",
          server: "https://moon.example",
          held: { name: "moon", namespaces: ["shop", "cart"], clusterWide: false },
          reach: { namespaces: ["shop", "cart"], clusterWide: false },
        },
      });
    }
  });

  test("a Secret for the home cluster gives it a name and limits, and another way only where it says who asks", () => {
    const server = "https://kubernetes.default.svc";
    const home = cluster({}, { server, name: "here", namespaces: "shop" });
    const reach = { namespaces: ["shop"], clusterWide: false };
    for (const fields of [{ name: "here" }, { name: "in-cluster" }, { server }]) {
      expect(find(fields, home)).toMatchObject({ ok: true, value: { name: "here", held: null, reach } });
    }
    expect(find({ server }, cluster({ bearerToken: "T" }, { server }))).toMatchObject({
      ok: true,
      value: { held: { name: "moon" } },
    });
  });

  test("a name of several clusters is refused with all of them", () => {
    const twin = declaring("cluster", "twin", { name: "moon", server: "https://twin.example" });
    expect(find({ name: "moon" }, cluster({}), twin)).toMatchObject({
      ok: false,
      error: [{ message: "there are 2 clusters with the same name: [https://moon.example https://twin.example]" }],
    });
  });

  test("a cluster with a bad Secret is refused by it, and others are not", () => {
    const good = declaring("cluster", "good", { name: "good", server: "https://good.example" });
    expect(find({ name: "moon" }, cluster("{"), good)).toMatchObject({
      ok: false,
      error: [{ message: "Secret argocd/moon: config is no JSON" }],
    });
    expect(find({ name: "good" }, cluster("{"), good)).toMatchObject({ ok: true });
  });
});
