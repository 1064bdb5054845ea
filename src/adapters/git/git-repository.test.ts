import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startGitServer } from "#test/support/git-server.ts";
import type { GitRef } from "#core/source/git-ref.ts";
import type { GitServer } from "#test/support/git-server.ts";
import type { RefResult } from "./git-repository.ts";
import { GitStore } from "./git-store.ts";

// Git starts many processes, which a busy machine is slow at.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const { signal } = new AbortController();
const limits = { timeoutMs: 20_000 };
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();
const main: GitRef = { kind: "branch", value: "main" };
const errorOf = (result: RefResult | undefined) =>
  result !== undefined && "error" in result ? result.error.message : "none";
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
  const commit = await server.commit("apps", {
    "a/b.yaml": "hello",
    "run.sh": { executable: "x" },
    link: { link: "a/b.yaml" },
  });
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
  expect(await repository.commitInfo(commit, signal)).toMatchObject({
    subject: "change",
    author: { name: "Ada" },
    parents: [],
  });
});

test("sync() fetches once however many references there are, and not at all when nothing moved", async () => {
  await server.commit("apps", { a: "1" });
  await server.commit("apps", { a: "2" }, { branch: "dev" });
  const repository = open();
  const refs = [
    { kind: "branch", value: "main" },
    { kind: "branch", value: "dev" },
    { kind: "auto", value: "HEAD" },
  ] as const;
  await Promise.all(Array.from({ length: 20 }, () => repository.sync(refs, limits, signal)));
  expect(server.fetches()).toBe(1);
  expect(server.requests.filter((request) => request.service === "list")).toHaveLength(2);
  await repository.sync(refs, limits, signal);
  expect(server.fetches()).toBe(1);
});

test("sync() follows every kind of reference, and one bad one does not hide the rest", async () => {
  const first = await server.commit("apps", { a: "1" });
  const second = await server.commit("apps", { a: "2" });
  const third = await server.commit("apps", { a: "3" });
  await server.git("apps", "tag", "v1.1.0", second);
  await server.git(
    "apps",
    "-c",
    "user.name=A",
    "-c",
    "user.email=a@example.org",
    "tag",
    "-a",
    "-m",
    "x",
    "v1.0.0",
    first,
  );
  await server.git("apps", "update-ref", "refs/pull/1/head", second);
  const refs: GitRef[] = [
    { kind: "branch", value: "main" },
    { kind: "branch", value: "mian" },
    { kind: "tag", value: "v1.0.0" },
    { kind: "semver", value: "^1" },
    { kind: "name", value: "refs/pull/1/head" },
    { kind: "commit", value: first },
    { kind: "commit", value: "0".repeat(39) + "1" },
    { kind: "auto", value: third.slice(0, 8) },
    { kind: "commit", value: "-x" },
  ];
  const repository = open();
  const results = await repository.sync(refs, limits, signal);
  const summary = results.map((result) => ("error" in result ? result.error.code : result.commit));
  expect(summary).toEqual([
    third,
    "ref-not-found",
    first,
    second,
    second,
    first,
    "commit-not-found",
    third,
    "invalid-ref",
  ]);
  expect(errorOf(results[1])).toMatch(/branch "mian".*"main"/);
  const packs = server.fetches();
  await repository.sync(refs, limits, signal);
  expect(server.fetches()).toBe(packs);
  const trees = await Promise.all([first, second, third].map((commit) => repository.tree(commit, signal)));
  const files = await Promise.all(trees.map((tree) => tree.read(["a"], signal)));
  expect(files.map((file) => text(file.get("a")))).toEqual(["1", "2", "3"]);
});

test("sync() finds a short commit that nothing points at", async () => {
  const first = await server.commit("apps", { a: "1" });
  await server.commit("apps", { a: "2" });
  const repository = open();
  const [result] = await repository.sync([{ kind: "commit", value: first.slice(0, 10) }], limits, signal);
  expect(result).toMatchObject({ commit: first });
  const [unknown] = await repository.sync([{ kind: "commit", value: "0123456789" }], limits, signal);
  expect(errorOf(unknown)).toMatch(/0123456789/);
  expect(text((await (await repository.tree(first, signal)).read(["a"], signal)).get("a"))).toBe("1");
});

test("sync() reports a deleted branch and keeps the last good commit readable, also after a restart without the server", async () => {
  await server.commit("apps", { a: "1" });
  const commit = await server.commit("apps", { a: "2" }, { branch: "dev" });
  const dev: GitRef = { kind: "branch", value: "dev" };
  await open().sync([dev], limits, signal);
  await server.git("apps", "branch", "-D", "dev");
  const [gone] = await open().sync([dev], limits, signal);
  expect(gone).toMatchObject({ error: { code: "ref-not-found", failure: "ref" } });
  await store.close();
  const url = server.url("apps");
  await server.stop();
  store = new GitStore({ directory });
  const repository = store.open({ url, credential: { kind: "none" } });
  expect(text((await (await repository.tree(commit, signal)).read(["a"], signal)).get("a"))).toBe("2");
  await expect(repository.sync([dev], limits, signal)).rejects.toMatchObject({ code: "unreachable" });
});

test("read() fetches large files in one conversation and refuses those above the cap by name", async () => {
  const large = Object.fromEntries(["b1", "b2", "b3"].map((name) => [name, randomBytes(3_000)]));
  const commit = await server.commit("apps", { small: "s", ...large, huge: randomBytes(400_000) });
  store = new GitStore({ directory, limits: { eagerBlobBytes: 1_000, maxFileBytes: 10_000 } });
  const repository = open();
  await repository.sync([main], limits, signal);
  const tree = await repository.tree(commit, signal);
  const files = await tree.read(["small", "b1", "b2", "b3"], signal);
  expect(Buffer.from(files.get("b2")!)).toEqual(Buffer.from(large["b2"]!));
  expect(server.fetches()).toBe(2);
  await expect(tree.read(["huge"], signal)).rejects.toMatchObject({
    name: "TreeReadError",
    path: "huge",
    code: "too-large",
  });
  await expect(tree.read(["b1", "huge"], signal)).rejects.toMatchObject({ path: "huge" });
  expect((await tree.read(["b1"], signal)).size).toBe(1);
});

test("read() names what it cannot read", async () => {
  const commit = await server.commit("apps", { "d/a": "1" });
  const repository = open();
  await repository.sync([main], limits, signal);
  const tree = await repository.tree(commit, signal);
  await expect(tree.read(["d/b"], signal)).rejects.toMatchObject({ path: "d/b", code: "absent" });
  await expect(tree.read(["d"], signal)).rejects.toMatchObject({ path: "d", code: "not-a-file" });
  await expect(tree.read(["../a"], signal)).rejects.toMatchObject({ path: "../a", code: "absent" });
  await expect(repository.tree("0".repeat(40), signal)).rejects.toMatchObject({ code: "commit-not-found" });
});

test("read() of a missing file fails clearly while the server is down, and works again afterwards", async () => {
  const commit = await server.commit("apps", { big: randomBytes(3_000), small: "s" });
  store = new GitStore({ directory, limits: { eagerBlobBytes: 1_000 } });
  const repository = open();
  await repository.sync([main], limits, signal);
  const tree = await repository.tree(commit, signal);
  server.behaviour.bearer = "now-required";
  await expect(tree.read(["big"], signal)).rejects.toMatchObject({ code: "authentication" });
  expect((await tree.read(["small"], signal)).size).toBe(1);
  delete server.behaviour.bearer;
  expect((await tree.read(["big"], signal)).get("big")).toHaveLength(3_000);
});

test("sync() refuses a pack above the limit and leaves nothing behind", async () => {
  await server.commit("apps", { a: "1" });
  store = new GitStore({ directory, limits: { maxPackBytes: 200_000 } });
  const repository = open();
  const [good] = await repository.sync([main], limits, signal);
  await server.commit("apps", { big: randomBytes(900_000) });
  await expect(repository.sync([main], limits, signal)).rejects.toMatchObject({ code: "too-large" });
  const left = await readdir(directory, { recursive: true });
  expect(left.filter((name) => /tmp_|\.lock$/.test(name))).toEqual([]);
  expect((await repository.tree((good as { commit: string }).commit, signal)).children("")).toEqual(["a"]);
});

test("tree() refuses more entries than the cap, naming it", async () => {
  await server.commit("apps", Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`f${at}`, "x"])));
  store = new GitStore({ directory, limits: { maxTreeEntries: 20 } });
  const [result] = await open().sync([main], limits, signal);
  expect(errorOf(result)).toMatch(/more than 20/);
});

for (const behaviour of [{ refuseFilters: true }, { oldProtocol: true }, { oldProtocol: true, refuseFilters: true }]) {
  test(`sync() works with a server that has ${Object.keys(behaviour).join(" and ")}`, async () => {
    const first = await server.commit("apps", { a: "1", big: randomBytes(3_000) });
    await server.git(
      "apps",
      "-c",
      "user.name=A",
      "-c",
      "user.email=a@example.org",
      "tag",
      "-a",
      "-m",
      "x",
      "v1.0.0",
      first,
    );
    const second = await server.commit("apps", { a: "2" });
    await server.commit("apps", { a: "3" });
    Object.assign(server.behaviour, behaviour);
    store = new GitStore({ directory, limits: { eagerBlobBytes: 1_000 } });
    const repository = open();
    const refs: GitRef[] = [main, { kind: "tag", value: "v1.0.0" }, { kind: "commit", value: second }];
    const results = await repository.sync(refs, limits, signal);
    expect(results.map((result) => ("error" in result ? result.error.message : result.commit)).slice(1)).toEqual([
      first,
      second,
    ]);
    const tree = await repository.tree(second, signal);
    const files = await tree.read(["a", "big"], signal);
    expect([text(files.get("a")), files.get("big")?.length]).toEqual(["2", 3_000]);
  });
}

test("sync() stops at its timeout when the server hangs in a pack; the last good commit stays and the next sync works", async () => {
  const good = await server.commit("apps", { a: "1" });
  const repository = open();
  await repository.sync([main], limits, signal);
  const next = await server.commit("apps", { a: randomBytes(100_000) });
  server.behaviour.hangAfterBytes = 2_000;
  const started = performance.now();
  await expect(repository.sync([main], { timeoutMs: 700 }, signal)).rejects.toMatchObject({ code: "timeout" });
  expect(performance.now() - started).toBeLessThan(3_000);
  expect((await repository.tree(good, signal)).children("")).toEqual(["a"]);
  delete server.behaviour.hangAfterBytes;
  expect(await repository.sync([main], limits, signal)).toMatchObject([{ commit: next }]);
});

test("sync() ends with its caller's signal", async () => {
  await server.commit("apps", { a: randomBytes(50_000) });
  server.behaviour.hangAfterBytes = 1_000;
  const caller = new AbortController();
  const running = open().sync([main], limits, caller.signal);
  setTimeout(() => caller.abort(new Error("stop")), 300);
  await expect(running).rejects.toThrow("stop");
});

test.each([
  ["overwritten", (path: string) => writeFile(path, "rubbish")],
  ["removed", (path: string) => rm(path)],
])("a store whose packs were %s is thrown away and fetched again", async (_, damage) => {
  const commit = await server.commit("apps", { a: "1", b: "2" });
  await open().sync([main], limits, signal);
  await store.close();
  for (const name of await readdir(directory, { recursive: true })) {
    if (!/\.(pack|idx)$/.test(name)) continue;
    await chmod(join(directory, name), 0o600);
    await damage(join(directory, name));
  }
  store = new GitStore({ directory });
  expect(await open().sync([main], limits, signal)).toMatchObject([{ commit }]);
  expect(text((await (await open().tree(commit, signal)).read(["b"], signal)).get("b"))).toBe("2");
});

test("a store whose files a crash cut short is thrown away and fetched again", async () => {
  const commit = await server.commit("apps", { a: "1" });
  await open().sync([main], limits, signal);
  await store.close();
  for (const name of await readdir(directory, { recursive: true })) {
    if (name.endsWith(`holdfast/${commit}`)) await writeFile(join(directory, name), "");
    if (name.endsWith(".git/shallow")) await writeFile(join(directory, `${name}.lock`), "");
  }
  store = new GitStore({ directory });
  expect(await open().sync([main], limits, signal)).toMatchObject([{ commit }]);
});

test("compaction keeps recent commits readable and drops old ones", async () => {
  store = new GitStore({ directory, limits: { keptCommits: 2, maxPacks: 4 } });
  const repository = open();
  const commits: string[] = [];
  for (let round = 0; round < 9; round++) {
    commits.push(await server.commit("apps", { a: `version ${round}`, [`f${round % 5}`]: randomBytes(2_000) }));
    await repository.sync([main], limits, signal);
  }
  const packs = (await readdir(directory, { recursive: true })).filter((name) => name.endsWith(".pack"));
  expect(packs.length).toBeLessThan(6);
  const tree = await repository.tree(commits.at(-1)!, signal);
  expect(text((await tree.read(["a", "f0", "f1", "f2", "f3", "f4"], signal)).get("a"))).toBe("version 8");
  await expect(repository.tree(commits[0]!, signal)).rejects.toMatchObject({ code: "commit-not-found" });
  await repository.fetchCommit(commits[0]!, signal);
  expect(text((await (await repository.tree(commits[0]!, signal)).read(["a"], signal)).get("a"))).toBe("version 0");
}, 60_000);
