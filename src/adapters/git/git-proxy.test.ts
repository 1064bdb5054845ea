import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { startGitServer } from "#test/support/git-server.ts";
import type { GitServer } from "#test/support/git-server.ts";
import { startHttpProxy } from "#test/support/http-proxy.ts";
import type { HttpProxy } from "#test/support/http-proxy.ts";
import { testCertificate } from "#test/support/test-certificate.ts";
import { GitError } from "./git-error.ts";
import { proxyOf } from "./git-proxy.ts";
import type { GitProxy } from "./git-proxy.ts";
import { GitStore } from "./git-store.ts";
import type { GitRepositorySpec } from "./git-store.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const { signal } = new AbortController();
const user = { username: "p@ul", password: "pr0xy/s3cr3t@" };
const services: { stop(): Promise<void> }[] = [];
let directory: string;
let store: GitStore;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-proxy-"));
  store = new GitStore({ directory });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await store.close();
  await Promise.all(services.splice(0).map((service) => service.stop()));
  await rm(directory, { recursive: true, force: true });
});

async function kept<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const service = await starting;
  services.push(service);
  return service;
}

function throughProxy({ address }: HttpProxy): GitProxy {
  return { address, ...user };
}

function sync(server: GitServer, options: Omit<GitRepositorySpec, "url">) {
  return store
    .open({ url: server.url("apps"), ...options })
    .sync([{ kind: "branch", value: "main" }], { timeoutMs: 20_000 }, signal);
}

async function failureOf(work: Promise<unknown>): Promise<GitError> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  if (!(error instanceof GitError)) throw new Error(`expected a GitError, got ${String(error)}`);
  return error;
}

describe("a proxy", () => {
  test("is gone through for plain http, whatever the environment excepts", async () => {
    vi.stubEnv("no_proxy", "*");
    const proxy = await kept(startHttpProxy(user));
    const server = await kept(startGitServer());
    const commit = await server.commit("apps", { a: "1" });
    expect(await sync(server, { credential: { kind: "none" }, proxy: throughProxy(proxy) })).toMatchObject([
      { commit },
    ]);
    expect(proxy.targets.length).toBeGreaterThan(1);
    expect(proxy.targets.every((target) => target.startsWith(server.address))).toBe(true);
    expect(proxy.targets).toHaveLength(server.requests.length);
  });

  test("carries TLS that it cannot look into, redirects and their certificates included", async () => {
    const proxy = await kept(startHttpProxy(user));
    const server = await kept(startGitServer({ tls: true }));
    const moved = await kept(startGitServer({ tls: true }));
    const commit = await moved.commit("apps", { a: "1" });
    server.behaviour.redirectTo = moved.address;
    const credential = { kind: "tls", caPem: testCertificate.cert } as const;
    expect(await sync(server, { credential, proxy: throughProxy(proxy) })).toMatchObject([{ commit }]);
    const hosts = [server, moved].map(({ address }) => new URL(address).host);
    expect([...new Set(proxy.targets)]).toEqual(hosts);
    const untrusted = await failureOf(sync(server, { credential: { kind: "none" }, proxy: throughProxy(proxy) }));
    expect(untrusted.message).toMatch(/: it is self-signed$/);
  });

  test.each([{ tls: false }, { tls: true }])("that refuses the credentials is told without them (%j)", async (tls) => {
    const proxy = await kept(startHttpProxy({ username: "p@ul", password: "another" }));
    const server = await kept(startGitServer(tls));
    await server.commit("apps", { a: "1" });
    const error = await failureOf(sync(server, { credential: { kind: "none" }, proxy: throughProxy(proxy) }));
    expect(error).toMatchObject({ code: "authentication", failure: "auth" });
    expect(error.message).toContain("the proxy does not accept the credentials");
    expect(error.message).not.toContain("s3cr3t");
    expect(proxy.refused()).toBeGreaterThan(0);
    expect(server.requests).toEqual([]);
  });

  test("that is not there is told, and not gone around", async () => {
    const server = await kept(startGitServer());
    await server.commit("apps", { a: "1" });
    const proxy = { address: "http://127.0.0.1:1", ...user };
    const error = await failureOf(sync(server, { credential: { kind: "none" }, proxy }));
    expect(error.code).toBe("unreachable");
    expect(error.message).not.toContain("s3cr3t");
    expect(server.requests).toEqual([]);
  });

  test("is refused for ssh", () => {
    const credential = { kind: "ssh", privateKey: "key", knownHosts: "host" } as const;
    const open = () =>
      store.open({ url: "ssh://git@git.test/apps.git", credential, proxy: { address: "http://proxy.test" } });
    expect(open).toThrow("Cannot use a proxy for the repository: its address is neither http nor https");
  });
});

describe("proxyOf()", () => {
  const secretOf = (values: Record<string, string>): Resource => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "proxy", namespace: "apps" },
    data: Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
    ),
  });

  test.each([
    [{ address: "http://proxy.test:3128\n" }, { address: "http://proxy.test:3128" }],
    [
      { address: "https://proxy.test", ...user },
      { address: "https://proxy.test", ...user },
    ],
    [
      { address: "http://ada:a%40b@proxy.test:3128" },
      { address: "http://proxy.test:3128", username: "ada", password: "a@b" },
    ],
  ])("reads %j", (values, want) => {
    expect(proxyOf(secretOf(values))).toEqual(want);
  });

  test.each([
    [{ username: "s3cr3t" }, "it has no key `address`"],
    [{ address: "s3cr3t" }, "`address` is no URL"],
    [{ address: "socks5://s3cr3t:1080" }, "`address` is neither http nor https"],
    [{ address: "http://proxy.test", password: "s3cr3t" }, "`password` needs a `username`"],
  ])("refuses %j without its values", (values, says) => {
    const read = () => proxyOf(secretOf(values));
    expect(read).toThrow(`Cannot use Secret apps/proxy for a proxy: ${says}`);
    expect(read).not.toThrow("s3cr3t");
  });
});
