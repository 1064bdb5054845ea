import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { loadKubeconfig, parseForeignKubeconfig } from "./kubeconfig.ts";

const { signal } = new AbortController();
let directory = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-kubeconfig-"));
  await writeFile(join(directory, "ca.pem"), "CA FILE");
  await writeFile(join(directory, "cert.pem"), "CERT FILE");
  await writeFile(join(directory, "key.pem"), "KEY FILE");
});

afterAll(() => rm(directory, { recursive: true }));

const base64 = (text: string) => Buffer.from(text).toString("base64");

function config(cluster: string, user: string): string {
  return [
    "apiVersion: v1",
    "kind: Config",
    "current-context: main",
    "preferences: {}",
    "contexts:",
    "- {name: main, context: {cluster: c, user: u, namespace: shop}}",
    "- {name: bare, context: {cluster: c}}",
    `clusters: [{name: c, cluster: {server: "https://api.test:6443/base", ${cluster}}}]`,
    `users: [{name: u, user: {${user}}}]`,
  ].join("\n");
}

async function load(text: string, context?: string) {
  const path = join(directory, "config");
  await writeFile(path, text);
  return loadKubeconfig({ path, signal, ...(context === undefined ? {} : { context }) });
}

test("reads server, authority, certificate name, token and namespace; a token of digits stays as written", async () => {
  const text = config(`certificate-authority-data: ${base64("CA")}, tls-server-name: other.test`, "token: 0123456789");
  expect(await load(text)).toEqual({
    server: "https://api.test:6443/base",
    ca: "CA",
    serverName: "other.test",
    namespace: "shop",
    credential: { kind: "token", token: "0123456789" },
  });
});

test("reads files beside the kubeconfig, for which inline data stands in", async () => {
  const files = "certificate-authority: ca.pem";
  const found = await load(config(files, `client-certificate: cert.pem, client-key-data: ${base64("KEY")}`));
  expect(found).toMatchObject({ ca: "CA FILE", clientCertificate: { certificate: "CERT FILE", key: "KEY" } });
  const inline = await load(config(`${files}, certificate-authority-data: ${base64("CA")}`, "tokenFile: token"));
  expect(inline).toMatchObject({ ca: "CA", credential: { kind: "token-file", path: join(directory, "token") } });
  await expect(load(config("certificate-authority: none.pem", "token: t"))).rejects.toThrow(
    "none.pem, which the kubeconfig names",
  );
});

test("reads an exec plugin with its environment, nulls and cluster description", async () => {
  const exec =
    "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login, args: [a, b], env: [{name: N, value: v}], " +
    "installHint: get it, provideClusterInfo: true}";
  const { credential } = await load(config("insecure-skip-tls-verify: true", exec));
  expect(credential).toEqual({
    kind: "exec",
    plugin: {
      apiVersion: "client.authentication.k8s.io/v1",
      command: join(directory, "login"),
      args: ["a", "b"],
      env: { N: "v" },
      installHint: "get it",
      cluster: { server: "https://api.test:6443/base", "insecure-skip-tls-verify": true, config: null },
    },
  });
  const plain = "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: login, args: null, env: null}";
  expect(await load(config("", plain))).toMatchObject({
    credential: { plugin: { command: "login", args: [], env: {}, cluster: undefined } },
  });
});

test("a chosen context is used, and one without a user has no credential", async () => {
  expect(await load(config("", "token: t"), "bare")).toMatchObject({ credential: { kind: "none" } });
  await expect(load(config("", "token: t"), "other")).rejects.toThrow("it has no context other");
});

test.each([
  ["proxy-url: http://p", "token: t", "proxy-url is not supported"],
  ["", "auth-provider: {name: gcp}", "auth-provider is not supported"],
  ["", "token: t, as: admin", "impersonation in it is not supported"],
])("what is not supported is refused clearly: %s %s", async (cluster, user, message) => {
  await expect(load(config(cluster, user))).rejects.toThrow(message);
});

test("errors quote nothing of a broken kubeconfig", async () => {
  const broken = load('token: "hunter2');
  await expect(broken).rejects.toThrow("it is not YAML");
  await expect(broken).rejects.not.toThrow("hunter2");
  await expect(load("- hunter2")).rejects.toThrow("it is not a kubeconfig");
  await expect(loadKubeconfig({ path: join(directory, "absent"), signal })).rejects.toThrow(
    "Cannot read the kubeconfig",
  );
});

test("KUBECONFIG may list files: the first that has the context is used", async () => {
  const first = join(directory, "first");
  const second = join(directory, "second");
  await writeFile(first, "current-context: none\ncontexts: []\n");
  await writeFile(second, config("", "token: second"));
  vi.stubEnv("KUBECONFIG", [join(directory, "absent"), first, second].join(":"));
  expect(await loadKubeconfig({ signal })).toMatchObject({ credential: { token: "second" } });
  vi.unstubAllEnvs();
});

test.each([
  ["", "exec: {apiVersion: client.authentication.k8s.io/v1, command: sh}", "it runs a program"],
  ["", "tokenFile: /etc/passwd", "it refers to a token file"],
  ["certificate-authority: /etc/passwd", "token: t", "it refers to files"],
  ["", "client-certificate: /etc/a, client-key: /etc/b", "it refers to files"],
])("a foreign kubeconfig may neither run programs nor read files: %s %s", (cluster, user, message) => {
  expect(() => parseForeignKubeconfig(config(cluster, user))).toThrow(message);
});

test("a foreign kubeconfig with inline content is taken", () => {
  expect(parseForeignKubeconfig(config(`certificate-authority-data: ${base64("CA")}`, "token: t"))).toEqual({
    server: "https://api.test:6443/base",
    ca: "CA",
    namespace: "shop",
    credential: { kind: "token", token: "t" },
  });
});
