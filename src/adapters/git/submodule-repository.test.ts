import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import type { GitRef } from "#core/source/git-ref.ts";
import type { Repository } from "#engine/ports.ts";
import { type FileSpec, type GitServer, startGitServer } from "#test/support/git-server.ts";
import { gitFetcher } from "./git-fetcher.ts";
import type { GitError } from "./git-error.ts";
import { GitStore } from "./git-store.ts";

// Git starts many processes, which a busy machine is slow at.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const { signal } = new AbortController();
const limits = { timeoutMs: 20_000 };
const main: GitRef = { kind: "branch", value: "main" };
const password = "canary-of-git";
let server: GitServer;
let other: GitServer;
let directory: string;
let store: GitStore;

beforeEach(async () => {
  [server, other] = await Promise.all([startGitServer(), startGitServer()]);
  directory = await mkdtemp(join(tmpdir(), "holdfast-store-"));
  store = new GitStore({ directory });
});

afterEach(async () => {
  await store.close();
  await Promise.all([server.stop(), other.stop()]);
  await rm(directory, { recursive: true, force: true });
});

function secretOf(values: Record<string, string>): Resource {
  const encoded = Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  const metadata = { name: "key", namespace: "apps" };
  return { apiVersion: "v1", kind: "Secret", metadata, data: Object.fromEntries(encoded) };
}

function open(name = "app", credential?: Resource): Repository {
  const remote = { kind: "git", submodules: true } as const;
  return gitFetcher(store).open({ url: server.url(name), remote }, credential ? { credential } : {});
}

const modulesFile = (urls: Readonly<Record<string, string>>) =>
  Object.entries(urls)
    .map(([path, url]) => `[submodule "${path}"]\n\tpath = ${path}\n\turl = "${url}"\n`)
    .join("");

/** A commit of `app` with submodules by path: where each comes from, and its commit. */
async function superproject(
  modules: Readonly<Record<string, readonly [url: string, commit: string]>>,
  files: Readonly<Record<string, FileSpec>> = {},
): Promise<string> {
  const urls = Object.fromEntries(Object.entries(modules).map(([path, [url]]) => [path, url]));
  const links = Object.fromEntries(Object.entries(modules).map(([path, [, commit]]) => [path, { submodule: commit }]));
  return await server.commit("app", { ".gitmodules": modulesFile(urls), ...links, ...files });
}

async function synced(repository: Repository): Promise<string> {
  const [result] = await repository.sync([main], limits, signal);
  if (result === undefined || "error" in result) throw result?.error ?? new Error("no result");
  return result.commit;
}

async function refused(repository: Repository): Promise<GitError> {
  const error: unknown = await synced(repository).catch((reason: unknown) => reason);
  return error as GitError;
}

async function textAt(repository: Repository, commit: string, path: string): Promise<string> {
  const tree = await repository.tree(commit, signal);
  return Buffer.from((await tree.read([path], signal)).get(path) ?? []).toString();
}

test("shows the files of submodules, and of theirs, at the commits that the trees name", async () => {
  const inner = await server.commit("inner", { "c.yaml": "inner" });
  const lib = await server.commit("lib", {
    ".gitmodules": modulesFile({ deep: "../inner.git" }),
    deep: { submodule: inner },
    "b.yaml": "first",
  });
  await server.commit("lib", { "b.yaml": "second" });
  const commit = await superproject({ "vendor/lib": ["../lib.git", lib] }, { "a.yaml": "own" });
  const repository = open();
  expect(await synced(repository)).toBe(commit);
  const tree = await repository.tree(commit, signal);
  expect(tree.children("vendor/lib")).toEqual([".gitmodules", "b.yaml", "deep"]);
  const paths = ["a.yaml", "vendor/lib/b.yaml", "vendor/lib/deep/c.yaml"];
  const files = await tree.read(paths, signal);
  expect(paths.map((path) => Buffer.from(files.get(path)!).toString())).toEqual(["own", "first", "inner"]);
  expect(await repository.holds(commit, signal)).toBe(true);
});

test("asks for nothing that is here, also after a restart", async () => {
  const lib = await server.commit("lib", { "b.yaml": "lib" });
  const commit = await superproject({ lib: ["../lib.git", lib] });
  await synced(open());
  const before = server.fetches();
  await synced(open());
  await store.close();
  store = new GitStore({ directory });
  const again = open();
  expect(await again.holds(commit, signal)).toBe(true);
  expect(await textAt(again, commit, "lib/b.yaml")).toBe("lib");
  expect(server.fetches()).toBe(before);
});

test("shows the credential to its own server alone", async () => {
  const basic = { username: "ada", password };
  server.behaviour.basic = basic;
  const lib = await server.commit("lib", { "b.yaml": "own server" });
  const foreign = await other.commit("foreign", { "c.yaml": "other server" });
  const commit = await superproject({ lib: ["../lib.git", lib], foreign: [other.url("foreign"), foreign] });
  const repository = open("app", secretOf(basic));
  expect(await synced(repository)).toBe(commit);
  expect(await textAt(repository, commit, "lib/b.yaml")).toBe("own server");
  expect(await textAt(repository, commit, "foreign/c.yaml")).toBe("other server");
  expect(other.requests.length).toBeGreaterThan(0);
  expect(other.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
});

test("names the submodule that cannot be fetched, and shows nothing without it", async () => {
  other.behaviour.basic = { username: "ada", password };
  const lib = await other.commit("lib", { "b.yaml": "lib" });
  const commit = await superproject({ "vendor/lib": [other.url("lib"), lib] });
  const repository = open("app", secretOf({ username: "ada", password }));
  const error = await refused(repository);
  expect(error.message).toMatch(/^Cannot fetch the submodule "vendor\/lib": .*authentication failed/);
  expect([error.code, error.failure]).toEqual(["authentication", "auth"]);
  expect(error.message).not.toContain(password);
  expect(await repository.holds(commit, signal)).toBe(false);
  await expect(repository.tree(commit, signal)).rejects.toThrow("vendor/lib");
});

test.each([
  ["ssh://git@127.0.0.1:1/lib", "there are no ssh credentials for that server"],
  ["../../../lib", "its relative address leads out of the server"],
  ["ext::sh -c id", "space or control character"],
  ["file:///etc", 'the scheme "file" is not'],
])("refuses a submodule at %s", async (url, want) => {
  const lib = await server.commit("lib", { "b.yaml": "lib" });
  await superproject({ lib: [url, lib] });
  const error = await refused(open());
  expect(error.message).toContain('Cannot fetch the submodule "lib": ');
  expect(error.message).toContain(want);
  // What a repository says must not look like a fault of the source's own address.
  expect(error.failure).not.toBe("config");
});

test("refuses more submodules than anybody needs, and endless nesting", async () => {
  const lib = await server.commit("lib", { "b.yaml": "lib" });
  const many = Array.from({ length: 65 }, (_, at) => [`lib-${at}`, ["../lib.git", lib] as const] as const);
  await superproject(Object.fromEntries(many));
  expect((await refused(open())).message).toBe("Cannot fetch submodules: there are more than 64");
  let deepest = lib;
  for (let depth = 0; depth < 11; depth++) {
    const files = { ".gitmodules": modulesFile({ next: "../nested.git" }), next: { submodule: deepest } };
    deepest = await server.commit("nested", files, { message: `level ${depth}` });
    if (depth === 0) deepest = await server.commit("nested", { ".gitmodules": modulesFile({ next: "../lib.git" }) });
  }
  await server.commit("app", { ".gitmodules": modulesFile({ top: "../nested.git" }), top: { submodule: deepest } });
  for (const [path] of many) await server.commit("app", { [path]: null });
  expect((await refused(open())).message).toBe("Cannot fetch submodules: they are nested deeper than 10");
});

test("leaves a place without an entry, and an entry without a place, as they are", async () => {
  const lib = await server.commit("lib", { "b.yaml": "lib" });
  const commit = await server.commit("app", {
    ".gitmodules": modulesFile({ gone: "../lib.git", "a.yaml": "../lib.git" }),
    unnamed: { submodule: lib },
    "a.yaml": "own",
  });
  const repository = open();
  expect(await synced(repository)).toBe(commit);
  const tree = await repository.tree(commit, signal);
  expect([tree.entry("unnamed")?.type, tree.entry("gone"), tree.entry("a.yaml")?.type]).toEqual([
    "module",
    undefined,
    "file",
  ]);
});

test("says that a .gitmodules does not parse", async () => {
  await server.commit("app", { ".gitmodules": "[submodule\n" });
  expect((await refused(open())).message).toBe("Cannot read .gitmodules: git does not parse it");
});
