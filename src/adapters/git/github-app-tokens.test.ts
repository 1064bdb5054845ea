import { generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { GithubAppTokens } from "./github-app-tokens.ts";

const { signal } = new AbortController();
const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const privateKey = pair.privateKey.export({ type: "pkcs1", format: "pem" }).toString();

let server: Server;
let asked: string[];
let api: string;

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    const isToken = request.method === "POST";
    const body = isToken ? { token: `t-${asked.length}`, expires_at } : [{ id: 5, account: { login: "Acme" } }];
    response.writeHead(isToken ? 201 : 200, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  api = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v3`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function secretOf(values: Readonly<Record<string, string>>): Resource {
  const given = Object.entries({ githubAppID: "4711", githubAppPrivateKey: privateKey, ...values });
  const data = Object.fromEntries(given.map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "app", namespace: "argocd" }, data };
}

test("GithubAppTokens asks where the Secret says for the installation that it names, and keeps the token", async () => {
  const tokens = new GithubAppTokens(() => Date.now());
  const secret = secretOf({ githubAppInstallationID: "77", githubAppEnterpriseBaseUrl: api });
  const first = await tokens.token(secret, { api: "", owner: "acme" }, signal);
  expect(first).toEqual({ token: "t-1", api });
  expect(await tokens.token(secret, { api: "", owner: "other" }, signal)).toEqual(first);
  expect(asked).toEqual(["POST /api/v3/app/installations/77/access_tokens"]);
});

test("GithubAppTokens looks for the owner's installation where none is named, at the address of who asks", async () => {
  const tokens = new GithubAppTokens(() => Date.now());
  const secret = secretOf({ githubAppEnterpriseBaseUrl: "http://127.0.0.1:1" });
  expect(await tokens.token(secret, { api, owner: "acme" }, signal)).toEqual({ token: "t-2", api });
  expect(asked[1]).toBe("POST /api/v3/app/installations/5/access_tokens");
});

test("GithubAppTokens names the Secret that cannot be used, and nothing that it holds", async () => {
  const tokens = new GithubAppTokens(() => Date.now());
  const secret = secretOf({ githubAppInstallationID: "77", githubAppPrivateKey: "s3cret" });
  await expect(tokens.token(secret, { api, owner: "acme" }, signal)).rejects.toThrow(
    "Cannot use Secret argocd/app for a GitHub App: `githubAppPrivateKey` is no RSA key in PEM form",
  );
});
