import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startGitServer } from "#test/support/git-server.ts";
import type { GitServer } from "#test/support/git-server.ts";
import { localEnvironment } from "./git-environment.ts";
import { runGit } from "./git-process.ts";
import { GitStore } from "./git-store.ts";
import { ObjectReader } from "./object-reader.ts";

// Git starts many processes, which a busy machine is slow at.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const { signal } = new AbortController();
const files = { small: "s", empty: "", one: randomBytes(900), big: randomBytes(5_000) };
let server: GitServer;
let directory: string;
let store: GitStore;
let place: { gitDir: string; objects: string };
let surroundings: { home: string; searchPath: string };
let digests: Record<keyof typeof files, string>;

beforeEach(async () => {
  server = await startGitServer();
  directory = await mkdtemp(join(tmpdir(), "holdfast-store-"));
  const commit = await server.commit("apps", files);
  store = new GitStore({ directory, limits: { eagerBlobBytes: 1_000 } });
  const repository = store.open({ url: server.url("apps"), credential: { kind: "none" } });
  await repository.sync([{ kind: "branch", value: "main" }], { timeoutMs: 20_000 }, signal);
  const tree = await repository.tree(commit, signal);
  const digestOf = (path: string) => tree.entry(path)!.digest;
  digests = { small: digestOf("small"), empty: digestOf("empty"), one: digestOf("one"), big: digestOf("big") };
  const root = join(directory, "repositories", (await readdir(join(directory, "repositories")))[0]!);
  place = { gitDir: join(root, "read.git"), objects: join(root, "fetch.git", "objects") };
  surroundings = { home: join(directory, "home"), searchPath: process.env["PATH"]! };
});

afterEach(async () => {
  await store.close();
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

test("a reading process leaves out what is missing and never asks the server", async () => {
  const reader = new ObjectReader(localEnvironment(surroundings, place));
  const before = server.requests.length;
  const info = await reader.info(Object.values(digests), signal);
  expect(info.get(digests.one)).toEqual({ type: "blob", size: 900 });
  expect(info.has(digests.big)).toBe(false);
  const contents = await reader.contents(Object.values(digests), signal);
  expect([...contents.keys()].toSorted()).toEqual([digests.small, digests.empty, digests.one].toSorted());
  expect(Buffer.from(contents.get(digests.one)!.bytes!)).toEqual(files.one);
  expect(contents.get(digests.empty)!.bytes).toHaveLength(0);
  expect(server.requests.length).toBe(before);
  await reader.stop();
});

test("not even a process that knows the remote can fetch while it reads", async () => {
  const writing = { gitDir: join(place.objects, ".."), objects: place.objects };
  const settings = [["remote.origin.url", server.url("apps")]] as const;
  const before = server.requests.length;
  const env = localEnvironment(surroundings, writing, settings);
  for (const lazy of [env, { ...env, GIT_NO_LAZY_FETCH: "0" }]) {
    expect((await runGit({ args: ["cat-file", "blob", digests.big], env: lazy }, signal)).code).not.toBe(0);
  }
  expect(server.requests.length).toBe(before);
});

test("a reader starts again after its process died, was stopped or was aborted", async () => {
  const bin = join(directory, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "git"), `#!/bin/sh\necho $$ > ${bin}/pid\nPATH=$REST exec git "$@"\n`);
  await chmod(join(bin, "git"), 0o755);
  const env = localEnvironment({ ...surroundings, searchPath: `${bin}:${surroundings.searchPath}` }, place);
  const reader = new ObjectReader({ ...env, REST: surroundings.searchPath });
  const read = async () => (await reader.contents([digests.small], signal)).get(digests.small)?.size;
  expect(await read()).toBe(1);
  await reader.stop();
  expect(await read()).toBe(1);
  const aborted = new AbortController();
  const running = reader.contents([digests.one], aborted.signal);
  setImmediate(() => aborted.abort(new Error("stop")));
  await running.catch(() => {});
  expect(await read()).toBe(1);
  process.kill(Number(await readFile(join(directory, "bin", "pid"), "utf8")), "SIGKILL");
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await read()).toBe(1);
  await reader.stop();
});

test("concurrent reads answer each caller with what he asked for", async () => {
  const reader = new ObjectReader(localEnvironment(surroundings, place));
  const wanted = Array.from({ length: 60 }, (_, at) => [digests.small, digests.one, digests.empty][at % 3]!);
  const answers = await Promise.all(wanted.map((digest) => reader.contents([digest], signal)));
  expect(answers.map((answer) => [...answer.keys()])).toEqual(wanted.map((digest) => [digest]));
  await reader.stop();
});
