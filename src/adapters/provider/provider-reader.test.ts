import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ProviderAddress, ProviderCall, RemoteRepository } from "#core/app/provider.ts";
import { ProviderReaders } from "./provider-reader.ts";
import { cases, githubRepository, type ProviderCase, SECRET as secret, SHA } from "./testing/provider-cases.ts";
import { type ProviderServer, startProviderServer } from "./testing/provider-server.ts";

const { signal } = new AbortController();
let server: ProviderServer;
let readers: ProviderReaders;

beforeEach(async () => {
  server = await startProviderServer();
  readers = new ProviderReaders({
    appTokens: {
      token: (_secret, { owner }) => Promise.resolve({ token: `app-of-${owner}`, api: `${server.url}/api/v3` }),
    },
    roleKeys: { roleCredentials: () => Promise.reject(new Error("no cloud is asked")) },
  });
});
afterEach(async () => {
  await readers.close();
  await server.stop();
});

function addressOf({ provider, api, owner, project = "", user = "" }: ProviderCase): ProviderAddress {
  const credential = { user, secret: { namespace: "argocd", name: "token", key: "token" } };
  return { provider, api: `${server.url}${api}`, owner, project, credential, ca: null, insecure: false };
}

for (const one of cases) {
  describe(one.provider, () => {
    const read = (call: ProviderCall) =>
      readers.read({ address: addressOf(one), call, secret, app: null, ca: "" }, signal);
    const listing = { get: "repositories", subgroups: true, shared: false, topic: "web", tags: [] } as const;

    test("lists repositories of all pages, shows who asks, and asks for branches and paths of one", async () => {
      for (const [path, answer] of Object.entries(one.answers)) server.answers.set(path, answer);
      const found = (await read(listing)) as RemoteRepository[];
      expect(found.map(({ name }) => name)).toEqual(["web", ...(one.second ? [one.second] : [])]);
      const [repository] = found as [RemoteRepository];
      expect(repository).toMatchObject(one.repository);
      expect(repository).toMatchObject({
        ssh: "git@example:acme/web.git",
        https: "https://example/acme/web.git",
        isArchived: false,
      });
      expect(server.requests[0]?.headers).toMatchObject(one.proof);

      const branch = { name: "main", sha: SHA };
      expect(await read({ get: "branches", repository, all: false })).toEqual([branch]);
      expect(await read({ get: "branches", repository, all: true })).toEqual([branch, { name: "next", sha: SHA }]);
      expect(await read({ get: "path", repository, branch, path: "deploy/a b.yaml" })).toBe(true);
      server.answers.clear();
      expect(await read({ get: "path", repository, branch, path: "deploy/a b.yaml" })).toBe(false);
      expect(await read({ get: "branches", repository, all: false })).toEqual([]);
    });

    test("lists pull requests, null where there is no such repository", async () => {
      for (const [path, answer] of Object.entries(one.answers)) server.answers.set(path, answer);
      const { repository, author, labels } = one.pulls;
      const call = {
        get: "pulls",
        repository,
        labels: ["preview"],
        state: one.provider === "gitlab" ? "opened" : "",
      } as const;
      const pull = { number: "4", title: "T", branch: "feat", targetBranch: "main", sha: SHA, author, labels };
      expect(await read(call)).toEqual([pull]);
      server.answers.clear();
      expect(await read({ ...call, repository: "none" })).toBeNull();
    });
  });
}

describe("every service", () => {
  const github = cases[0] as ProviderCase;
  const call = { get: "repositories", subgroups: false, shared: false, topic: "", tags: [] } as const;
  const read = () => readers.read({ address: addressOf(github), call, secret, app: null, ca: "" }, signal);
  const path = "/api/v3/orgs/acme/repos?per_page=100";

  test("is asked conditionally, and what did not change is not sent again", async () => {
    server.answers.set(path, { body: [githubRepository("web")] });
    const first = await read();
    expect(await read()).toEqual(first);
    expect(server.requests.map(({ status }) => status)).toEqual([200, 304]);
  });

  const refusals = [
    {
      name: "a limit",
      answer: {
        status: 403,
        headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.ceil(Date.now() / 1_000) + 90) },
      },
      says: /left alone/,
      wait: true,
    },
    {
      name: "too many requests",
      answer: { status: 429, headers: { "retry-after": "30" } },
      says: /left alone/,
      wait: true,
    },
    { name: "a wrong token", answer: { status: 401 }, says: /does not accept the credentials \(401\)/, wait: false },
    { name: "a fault", answer: { status: 500 }, says: /answers 500/, wait: false },
  ];
  for (const { name, answer, says, wait } of refusals) {
    test(`that answers with ${name} fails with a word about it, and nothing about who asked`, async () => {
      server.answers.set(path, { body: {}, ...answer });
      const error = (await read().then(
        () => null,
        (thrown: unknown) => thrown,
      )) as Error & { retryAfterMs: number | null };
      expect(error.message).toMatch(says);
      expect(error.message).not.toContain(secret);
      if (wait) expect(error.retryAfterMs).toBeGreaterThan(20_000);
      else expect(error.retryAfterMs).toBeNull();
    });
  }

  test("leads nowhere else with the credential", async () => {
    server.answers.set(path, { body: [], headers: { link: '<http://localhost:1/next>; rel="next"' } });
    await expect(read()).rejects.toThrow("it is not of the service that was asked");
  });

  test("is asked with the token of an app, at the address that its Secret names", async () => {
    server.answers.set(path, { body: [githubRepository("web")] });
    const credential = { app: { namespace: "argocd", name: "app" } };
    const address = { ...addressOf(github), api: "", credential };
    const app = { apiVersion: "v1", kind: "Secret", metadata: { name: "app" } };
    expect(await readers.read({ address, call, secret: "", app, ca: "" }, signal)).toHaveLength(1);
    expect(server.requests[0]?.headers["authorization"]).toBe("Bearer app-of-acme");
  });

  test("must have an http address", async () => {
    const address = { ...addressOf(github), api: "file:///etc" };
    await expect(readers.read({ address, call, secret, app: null, ca: "" }, signal)).rejects.toThrow(
      "is no http address",
    );
  });
});
