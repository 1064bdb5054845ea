import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startGitServer } from "#test/support/git-server.ts";
import type { GitServer } from "#test/support/git-server.ts";
import { GitStore } from "./git-store.ts";

const { signal } = new AbortController();
const limits = { timeoutMs: 20_000 };
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();
let server: GitServer;
let directory: string;
let store: GitStore;

beforeEach(async () => {
  server = await startGitServer();
  directory = await mkdtemp(join(tmpdir(), "holdfast-store-"));
  store = new GitStore({ directory });
});

afterEach(async () => {
  await store.close();
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

const open = (name = "apps") => store.open({ url: server.url(name), credential: { kind: "none" } });

test("sync() and tree() read a branch", async () => {
  const commit = await server.commit("apps", { "a/b.yaml": "hello", "run.sh": { executable: "x" }, link: { link: "a/b.yaml" } });
  const repository = open();
  expect(await repository.sync([{ kind: "branch", value: "main" }], limits, signal)).toEqual([
    { ref: { kind: "branch", value: "main" }, commit, refName: "refs/heads/main" },
  ]);
  const tree = await repository.tree(commit, signal);
  expect(tree.children("")).toEqual(["a", "link", "run.sh"]);
  expect(tree.children("a")).toEqual(["b.yaml"]);
  expect(tree.entry("run.sh")).toMatchObject({ type: "file", executable: true });
  const files = await tree.read(["a/b.yaml", "link"], signal);
  expect([...files].map(([path, bytes]) => [path, text(bytes)])).toEqual([
    ["a/b.yaml", "hello"],
    ["link", "a/b.yaml"],
  ]);
  expect(await repository.commitInfo(commit, signal)).toMatchObject({ subject: "change", author: { name: "Ada" }, parents: [] });
});

test("sync() fetches once however many references there are, and not at all when nothing moved", async () => {
  await server.commit("apps", { a: "1" });
  await server.commit("apps", { a: "2" }, { branch: "dev" });
  const repository = open();
  const refs = [{ kind: "branch", value: "main" }, { kind: "branch", value: "dev" }, { kind: "auto", value: "HEAD" }] as const;
  await Promise.all(Array.from({ length: 20 }, () => repository.sync(refs, limits, signal)));
  expect(server.fetches()).toBe(1);
  expect(server.requests.filter((request) => request.service === "list")).toHaveLength(2);
  await repository.sync(refs, limits, signal);
  expect(server.fetches()).toBe(1);
});
