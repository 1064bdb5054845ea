import { createVerify, generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { Repository } from "#engine/ports.ts";
import { type GitServer, startGitServer } from "#test/support/git-server.ts";
import { startHttpProxy } from "#test/support/http-proxy.ts";
import { gitFetcher, repositorySpecOf } from "./git-fetcher.ts";
import { GitStore } from "./git-store.ts";

vi.setConfig({ testTimeout: 60_000 });

const { signal } = new AbortController();
const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const privateKey = pair.privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const ecKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
const remote = { kind: "git", githubApp: true } as const;

interface Api {
  readonly address: string;
  readonly requests: { readonly method: string; readonly path: string; readonly headers: IncomingMessage["headers"] }[];
  /** What is answered, by path without a query; every other path is unknown. */
  answers: Record<string, { status: number; body: unknown }>;
}

let git: GitServer;
let server: Server;
let api: Api;
let directory: string;
let store: GitStore;
let token: string;

const tokenPath = "/api/v3/app/installations/77/access_tokens";

function giveToken(text: string, lastsMs = 3_600_000): void {
  token = text;
  git.behaviour.basic = { username: "x-access-token", password: token };
  api.answers[tokenPath] = { status: 201, body: { token, expires_at: new Date(Date.now() + lastsMs).toISOString() } };
}

beforeEach(async () => {
  git = await startGitServer();
  server = createServer((request, response) => {
    const path = request.url ?? "";
    api.requests.push({ method: request.method ?? "", path, headers: request.headers });
    const { status, body } = api.answers[path.split("?")[0]!] ?? { status: 404, body: { message: "Not Found" } };
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  api = { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v3`, requests: [], answers: {} };
  directory = await mkdtemp(join(tmpdir(), "holdfast-store-"));
  store = new GitStore({ directory });
});

afterEach(async () => {
  await store.close();
  await git.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

function secretOf(changes: Record<string, string | undefined> = {}): Resource {
  const values = {
    githubAppID: "4711",
    githubAppInstallationID: "77",
    githubAppPrivateKey: privateKey,
    githubAppBaseURL: `${api.address}/`,
    ...changes,
  };
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  const data = Object.fromEntries(given.map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "app", namespace: "apps" }, data };
}

function open(credential = secretOf(), proxy?: Resource): Repository {
  return gitFetcher(store).open({ url: git.url("apps"), remote }, { credential, ...(proxy && { proxy }) });
}

async function synced(repository: Repository): Promise<string> {
  const [result] = await repository.sync([{ kind: "branch", value: "main" }], { timeoutMs: 20_000 }, signal);
  if (result === undefined || "error" in result) throw result?.error ?? new Error("no result");
  return result.commit;
}

async function refused(repository: Repository): Promise<SourceError> {
  const error: unknown = await synced(repository).catch((reason: unknown) => reason);
  if (error instanceof SourceError) return error;
  throw new Error(`expected a refusal, got ${String(error)}`);
}

function claimsOf(authorization: string | undefined): Record<string, unknown> {
  const [head = "", body = "", signature = ""] = (authorization ?? "").replace(/^Bearer /, "").split(".");
  expect(JSON.parse(Buffer.from(head, "base64url").toString())).toEqual({ alg: "RS256", typ: "JWT" });
  const isSigned = createVerify("RSA-SHA256").update(`${head}.${body}`).verify(pair.publicKey, signature, "base64url");
  expect(isSigned).toBe(true);
  return JSON.parse(Buffer.from(body, "base64url").toString()) as Record<string, unknown>;
}

test("a token is got with a proof of the key, and shown to the Git server as a password", async () => {
  const commit = await git.commit("apps", { "a.yaml": "a" });
  giveToken("canary-1");
  expect(await synced(open())).toBe(commit);
  expect(api.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([`POST ${tokenPath}`]);
  expect(api.requests[0]?.headers).toMatchObject({ accept: "application/vnd.github+json" });
  const { iss, iat, exp } = claimsOf(api.requests[0]?.headers.authorization);
  const now = Date.now() / 1_000;
  expect(iss).toBe("4711");
  expect(Number(iat)).toBeLessThan(now);
  expect(Number(exp)).toBeGreaterThan(now);
  expect(Number(exp) - Number(iat)).toBeLessThanOrEqual(600);
});

test("a token is used as long as it lasts, and another is got before it expires", async () => {
  await git.commit("apps", { "a.yaml": "a" });
  giveToken("canary-1");
  const repository = open();
  await synced(repository);
  await synced(repository);
  await synced(open());
  expect(api.requests).toHaveLength(1);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 56 * 60_000 });
  try {
    giveToken("canary-2");
    await synced(repository);
    expect(api.requests).toHaveLength(2);
  } finally {
    vi.useRealTimers();
  }
});

test("a token that the Git server does not accept any more is given up", async () => {
  await git.commit("apps", { "a.yaml": "a" });
  giveToken("canary-1");
  const repository = open();
  await synced(repository);
  giveToken("canary-2");
  const error = await refused(repository);
  expect(error.failure).toBe("auth");
  expect(error.message).not.toContain("canary");
  await synced(repository);
  expect(api.requests).toHaveLength(2);
});

test("the installation is found by its account, over pages", async () => {
  await git.commit("apps", { "a.yaml": "a" });
  giveToken("canary-1");
  const list = "/api/v3/app/installations";
  api.answers[list] = {
    status: 200,
    body: [
      { id: 12, account: { login: "else" } },
      { id: 77, account: { login: "Team" } },
    ],
  };
  const owned = { githubAppInstallationID: undefined, githubAppInstallationOwner: "team" };
  await synced(open(secretOf(owned)));
  expect(api.requests.map(({ path }) => path)).toEqual([`${list}?per_page=100&page=1`, tokenPath]);
  const error = await refused(open(secretOf({ ...owned, githubAppInstallationOwner: "nobody" })));
  expect(error.message).toBe('Cannot find the installation of the GitHub App: there is none in the account "nobody"');
  expect(error.failure).toBe("auth");
});

test("the proxy of the source is the one of the question for a token", async () => {
  const proxy = await startHttpProxy({ username: "ada", password: "pr0xy" });
  try {
    await git.commit("apps", { "a.yaml": "a" });
    giveToken("canary-1");
    const values = { address: proxy.address, username: "ada", password: "pr0xy" };
    await synced(open(secretOf(), { ...secretOf(), ...secretData(values) }));
    expect(proxy.targets).toContain(new URL(tokenPath, api.address).href);
  } finally {
    await proxy.stop();
  }
});

function secretData(values: Record<string, string>): Pick<Resource, "data"> {
  const data = Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  return { data: Object.fromEntries(data) as Record<string, string> };
}

describe("what is refused", () => {
  test("GitHub's own words are told, without the proof", async () => {
    const error = await refused(open());
    expect(error.message).toBe("Cannot get a token for the GitHub App: GitHub answers 404 (Not Found)");
    expect(error.failure).toBe("auth");
    api.answers[tokenPath] = { status: 502, body: {} };
    expect((await refused(open())).failure).toBe("fetch");
    api.answers[tokenPath] = { status: 201, body: { token: "canary with a space", expires_at: "never" } };
    expect((await refused(open())).message).toBe("Cannot get a token for the GitHub App: the answer holds no token");
  });

  test("a server that is not there is named", async () => {
    const error = await refused(open(secretOf({ githubAppBaseURL: "http://127.0.0.1:1" })));
    expect(error.message).toMatch(/^Cannot get a token for the GitHub App: 127\.0\.0\.1:1 cannot be reached/);
    expect(error.failure).toBe("fetch");
  });

  test.each([
    [{ githubAppID: "x" }, "`githubAppID` is no number"],
    [{ githubAppInstallationID: "../1" }, "`githubAppInstallationID` is no number"],
    [{ githubAppInstallationID: undefined }, "one of `githubAppInstallationID` and `githubAppInstallationOwner`"],
    [{ githubAppInstallationOwner: "team" }, "one of `githubAppInstallationID` and `githubAppInstallationOwner`"],
    [{ githubAppPrivateKey: "canary" }, "`githubAppPrivateKey` is no RSA key in PEM form"],
    [{ githubAppPrivateKey: String(ecKey) }, "`githubAppPrivateKey` is no RSA key in PEM form"],
    [{ githubAppBaseURL: "file:///canary" }, "`githubAppBaseURL` is no http address"],
  ])("a Secret with %j", (changes, want) => {
    const wrong = () => repositorySpecOf({ url: git.url("apps"), remote }, { credential: secretOf(changes) });
    expect(wrong).toThrow("Cannot use Secret apps/app for a GitHub App: ");
    expect(wrong).toThrow(want);
    expect(wrong).not.toThrow("canary");
  });

  test("a Secret that is none of an app, and one of an app that nobody asked for", () => {
    const none = { credential: secretOf({ githubAppID: undefined }) };
    const words = "secretRef with github app data must be specified when provider is set to github";
    expect(() => repositorySpecOf({ url: git.url("apps"), remote }, none)).toThrow(words);
    expect(() => repositorySpecOf({ url: git.url("apps"), remote }, {})).toThrow(words);
    const plain = { url: git.url("apps"), remote: { kind: "git" } } as const;
    expect(() => repositorySpecOf(plain, { credential: secretOf() })).toThrow(
      "secretRef 'apps/app' has github app data but provider is not set to github",
    );
  });
});
