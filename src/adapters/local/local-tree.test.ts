import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { localTree } from "./local-tree.ts";

const { signal } = new AbortController();
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-local-"));
  await mkdir(join(root, "repo/app"), { recursive: true });
  await mkdir(join(root, "repo/.git"));
  await writeFile(join(root, "secret"), "outside");
  await writeFile(join(root, "repo/app/a.yaml"), "a: 1\n");
  await writeFile(join(root, "repo/app/run.sh"), "#!/bin/sh\n");
  await chmod(join(root, "repo/app/run.sh"), 0o755);
  await symlink("../secret", join(root, "repo/link"));
  await symlink("..", join(root, "repo/up"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test("localTree() shows files, folders and links of a directory, and neither .git nor anything outside", async () => {
  const tree = localTree(join(root, "repo"));
  expect(tree.children("")).toEqual(["app", "link", "up"]);
  expect(tree.entry("app/a.yaml")).toMatchObject({ type: "file", size: 5, executable: false });
  expect(tree.entry("app/run.sh")?.executable).toBe(true);
  expect(tree.entry("link")?.type).toBe("link");
  const contents = await tree.read(["app/a.yaml", "link"], signal);
  expect([...contents.values()].map((bytes) => Buffer.from(bytes).toString())).toEqual(["a: 1\n", "../secret"]);
  for (const path of ["../secret", ".git", "app/../../secret", "missing"]) expect(tree.entry(path)).toBeUndefined();
  expect(tree.children("app/a.yaml")).toEqual([]);
});

test("localTree() reads nothing through a link that leads out", async () => {
  const tree = localTree(join(root, "repo"));
  await expect(tree.read(["up/secret"], signal)).rejects.toThrow("Cannot read up/secret");
  await expect(tree.read(["app"], signal)).rejects.toThrow("Cannot read app");
});

test("localTree() gives changed content another digest in a new tree", async () => {
  const before = localTree(join(root, "repo")).entry("app/a.yaml")?.digest;
  await writeFile(join(root, "repo/app/a.yaml"), "a: 12\n");
  expect(localTree(join(root, "repo")).entry("app/a.yaml")?.digest).not.toBe(before);
});
