import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { KeptFolders } from "./kept-folders.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-kept-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const parts = ["https://registry.example", { username: "ada", password: "s3cr3t" }];

test("KeptFolders gives equal parts the same holder, and others a folder of their own", () => {
  const folders = new KeptFolders<{ folder: string }>(directory);
  const first = folders.open(parts, (folder) => ({ folder }));
  expect(folders.open(structuredClone(parts), (folder) => ({ folder }))).toBe(first);
  expect(folders.open([...parts, 1], (folder) => ({ folder })).folder).not.toBe(first.folder);
});

test("KeptFolders finds the folder again in a later process, under a name that tells nothing of what is secret", async () => {
  const { folder } = new KeptFolders<{ folder: string }>(directory).open(parts, (path) => ({ folder: path }));
  expect(new KeptFolders<{ folder: string }>(directory).open(parts, (path) => ({ folder: path })).folder).toBe(folder);
  const elsewhere = await mkdtemp(join(tmpdir(), "holdfast-kept-"));
  const other = new KeptFolders<{ folder: string }>(elsewhere).open(parts, (path) => ({ folder: path }));
  await rm(elsewhere, { recursive: true });
  // The key decides: without it nobody can try out credentials on the names.
  expect(other.folder.split("/").at(-1)).not.toBe(folder.split("/").at(-1));
  expect((await stat(join(directory, "key"))).mode & 0o777).toBe(0o600);
  expect((await readFile(join(directory, "key"))).length).toBe(32);
});
