import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startGitServer } from "#test/support/git-server.ts";
import type { GitServer } from "#test/support/git-server.ts";
import type { FileChange, PushedChange } from "./commit-push.ts";
import type { GitRepository } from "./git-repository.ts";
import { GitStore } from "./git-store.ts";

// Git starts many processes, which a busy machine is slow at.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const { signal } = new AbortController();
const author = { name: "Grace", email: "grace@example.org", date: new Date("2026-01-02T03:04:05Z") };
let server: GitServer;
let directory: string;
let store: GitStore;
let repository: GitRepository;
let parent: string;

beforeEach(async () => {
  server = await startGitServer();
  directory = await mkdtemp(join(tmpdir(), "holdfast-store-"));
  store = new GitStore({ directory, limits: { eagerBlobBytes: 1_000 } });
  await server.commit("apps", { old: "history" });
  parent = await server.commit("apps", {
    "a/one.yaml": "1",
    "a/two.yaml": "2",
    "run.sh": { executable: "x" },
    big: randomBytes(5_000),
  });
  repository = store.open({ url: server.url("apps"), credential: { kind: "none" } });
});

afterEach(async () => {
  await store.close();
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

function change(changes: Record<string, FileChange>, more: Partial<PushedChange> = {}): PushedChange {
  return {
    branch: "main",
    parent,
    changes: new Map(Object.entries(changes)),
    author,
    message: "Roll back\n\nWhy.",
    ...more,
  };
}

test("commitAndPush() changes exactly the given files on top of its parent", async () => {
  const { commit } = await repository.commitAndPush(
    change({
      "a/one.yaml": { content: "changed" },
      "a/two.yaml": null,
      "run.sh": { content: "y" },
      "new/dir/file": { content: "n" },
      link: { content: "a/one.yaml", mode: "link" },
    }),
    signal,
  );
  expect(await server.git("apps", "rev-parse", "main", "main~1")).toBe(`${commit}\n${parent}`);
  expect(
    (await server.git("apps", "diff", "--raw", "--abbrev=1", parent, commit))
      .split("\n")
      .map((line) => line.replace(/ [0-9a-f]+ [0-9a-f]+ (?=[AMD])/, " ")),
  ).toEqual([
    ":100644 100644 M\ta/one.yaml",
    ":100644 000000 D\ta/two.yaml",
    ":000000 120000 A\tlink",
    ":000000 100644 A\tnew/dir/file",
    ":100755 100755 M\trun.sh",
  ]);
  expect(await server.git("apps", "show", "main:a/one.yaml")).toBe("changed");
  expect(await server.git("apps", "log", "-1", "--format=%an <%ae> %aI|%cn|%B", "main")).toBe(
    "Grace <grace@example.org> 2026-01-02T03:04:05+00:00|Grace|Roll back\n\nWhy.",
  );
  await server.git("apps", "fsck", "--strict");
  expect(await repository.sync([{ kind: "branch", value: "main" }], { timeoutMs: 20_000 }, signal)).toMatchObject([
    { commit },
  ]);
  expect((await repository.tree(commit, signal)).children("new/dir")).toEqual(["file"]);
});

test("commitAndPush() replaces a file by a directory of the same name", async () => {
  await repository.commitAndPush(
    change({
      "run.sh/inner": { content: "1" },
      "run.sh": null,
      a: { content: "2" },
      "a/one.yaml": null,
      "a/two.yaml": null,
    }),
    signal,
  );
  expect(await server.git("apps", "ls-tree", "-r", "--name-only", "main")).toBe("a\nbig\nold\nrun.sh/inner");
});

test("commitAndPush() never overwrites: a branch that moved refuses it and keeps its commit", async () => {
  await repository.fetchCommit(parent, signal);
  const moved = await server.commit("apps", { other: "person" });
  await expect(repository.commitAndPush(change({ x: { content: "1" } }), signal)).rejects.toMatchObject({
    code: "rejected",
  });
  await repository.fetchCommit(moved, signal);
  await expect(repository.commitAndPush(change({ x: { content: "1" } }), signal)).rejects.toMatchObject({
    code: "rejected",
  });
  expect(await server.git("apps", "rev-parse", "main")).toBe(moved);
});

test("commitAndPush() creates a branch for a pull request but does not replace one", async () => {
  const { commit } = await repository.commitAndPush(
    change({ x: { content: "1" } }, { branch: "rollback/one" }),
    signal,
  );
  expect(await server.git("apps", "rev-parse", "rollback/one")).toBe(commit);
  expect(await server.git("apps", "rev-parse", "main")).toBe(parent);
  const again = change({ x: { content: "2" } }, { branch: "rollback/one" });
  await expect(repository.commitAndPush(again, signal)).rejects.toMatchObject({ code: "rejected" });
});

test("commitAndPush() signs with the given key", async () => {
  const key = join(directory, "signing");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const { commit } = await repository.commitAndPush(
    change({ x: { content: "1" } }, { sign: { format: "ssh", key } }),
    signal,
  );
  expect(await server.git("apps", "cat-file", "commit", commit)).toMatch(/\ngpgsig -----BEGIN SSH SIGNATURE-----/);
});

test.each(["../x", "/x", "a//b", ".git/config", "a/.GIT/hooks/x", "a/./b", "", "a\0b"])(
  "commitAndPush() refuses the path %j",
  async (path) => {
    await expect(repository.commitAndPush(change({ [path]: { content: "1" } }), signal)).rejects.toMatchObject({
      code: "refused-content",
    });
    expect(await server.git("apps", "rev-parse", "main")).toBe(parent);
  },
);

test.each(["-x", "--force", "a..b", "a b", "", "a:b"])("commitAndPush() refuses the branch %j", async (branch) => {
  await expect(repository.commitAndPush(change({ x: { content: "1" } }, { branch }), signal)).rejects.toThrow();
  expect(await server.git("apps", "for-each-ref", "--format=%(refname)")).toBe("refs/heads/main");
});
