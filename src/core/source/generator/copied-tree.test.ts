import { describe, expect, test } from "vitest";
import type { FileTree } from "../file-tree.ts";
import { type MemoryFile, memoryTree } from "../memory-tree.ts";
import { childPath } from "../read-set.ts";
import { copiedTree, type CopyTools } from "./copied-tree.ts";
import type { CopyStep } from "./generator-ref.ts";

const { signal } = new AbortController();
const tools: CopyTools = {
  mergedYaml: (base, overlay) => Promise.resolve(Buffer.concat([base, Buffer.from("+"), overlay])),
  unpacked: (archive) => Promise.resolve(memoryTree({ "web/Chart.yaml": String(Buffer.from(archive)), "b.txt": "b" })),
};
const files: Record<string, MemoryFile> = {
  "a.yaml": "a",
  "conf/b.yaml": "b",
  "conf/notes.md": "n",
  "conf/deep/c.yaml": "c",
  "conf/deep/notes.md": "n",
  "packed/x.tgz": "x",
  link: { link: "a.yaml" },
};

type Written = Pick<CopyStep, "from" | "to"> & Partial<CopyStep>;

async function copied(...steps: readonly Written[]): Promise<Record<string, string>> {
  const revision = { text: "v1", commit: "1", refName: null };
  const inputs = new Map([["in", { tree: memoryTree(files), revision }]]);
  const all = steps.map((step): CopyStep => ({ exclude: [], strategy: "overwrite", ...step }));
  return await contentsOf(await copiedTree(all, { inputs, tools }, signal));
}

async function contentsOf(tree: FileTree): Promise<Record<string, string>> {
  const paths: string[] = [];
  const walk = (folder: string) => {
    for (const name of tree.children(folder)) {
      const path = childPath(folder, name);
      if (tree.entry(path)?.type === "directory") walk(path);
      else paths.push(path);
    }
  };
  walk("");
  const contents = await tree.read(paths, signal);
  return Object.fromEntries(paths.map((path) => [path, String(Buffer.from(contents.get(path) ?? []))]));
}

describe("copiedTree()", () => {
  test.each<[string, Written, readonly string[]]>([
    ["a file to a path", { from: "@in/a.yaml", to: "@artifact/x/y.yaml" }, ["x/y.yaml"]],
    ["a file into a folder", { from: "@in/a.yaml", to: "@artifact/x/" }, ["x/a.yaml"]],
    ["a file to the root", { from: "@in/a.yaml", to: "@artifact/" }, ["a.yaml"]],
    ["a folder as a folder", { from: "@in/conf/deep/", to: "@artifact/x/" }, ["x/deep/c.yaml", "x/deep/notes.md"]],
    ["what is in a folder", { from: "@in/conf/deep/**", to: "@artifact/x/" }, ["x/c.yaml", "x/notes.md"]],
    ["what a pattern names, by its whole path", { from: "@in/conf/*.yaml", to: "@artifact/x/" }, ["x/conf/b.yaml"]],
    [
      "without names that are excluded anywhere",
      { from: "@in/conf/**", to: "@artifact/", exclude: ["*.md"] },
      ["b.yaml", "deep/c.yaml"],
    ],
    [
      "without paths that are excluded",
      { from: "@in/conf/", to: "@artifact/", exclude: ["deep/**"] },
      ["conf/b.yaml", "conf/notes.md"],
    ],
    [
      "archives unpacked",
      { from: "@in/**/*.tgz", to: "@artifact/x/", strategy: "extract" },
      ["x/b.txt", "x/web/Chart.yaml"],
    ],
  ])("copies %s", async (_what, step, paths) => {
    expect(Object.keys(await copied(step)).toSorted()).toEqual(paths);
  });

  test("everything is copied from the root, but links", async () => {
    expect(Object.keys(await copied({ from: "@in/", to: "@artifact/" })).toSorted()).toEqual(
      Object.keys(files)
        .filter((path) => path !== "link")
        .toSorted(),
    );
  });

  test("later steps win, merge what is there, and go into folders that are there", async () => {
    expect(
      await copied(
        { from: "@in/a.yaml", to: "@artifact/x.yaml" },
        { from: "@in/conf/b.yaml", to: "@artifact/x.yaml" },
        { from: "@in/conf/deep/c.yaml", to: "@artifact/x.yaml", strategy: "merge" },
        { from: "@in/a.yaml", to: "@artifact/new.yaml", strategy: "merge" },
        { from: "@in/a.yaml", to: "@artifact/d/z" },
        { from: "@in/a.yaml", to: "@artifact/d" },
      ),
    ).toEqual({ "x.yaml": "b+c", "new.yaml": "a", "d/z": "a", "d/a.yaml": "a" });
  });

  test("contents are not read unless they are merged or unpacked", async () => {
    const tree = { ...memoryTree(files), read: () => Promise.reject(new Error("read")) };
    const inputs = new Map([["in", { tree, revision: { text: "v1", commit: "1", refName: null } }]]);
    const step: CopyStep = { from: "@in/conf/**", to: "@artifact/", exclude: [], strategy: "overwrite" };
    const made = await copiedTree([step], { inputs, tools }, signal);
    expect(made.entry("b.yaml")?.type).toBe("file");
  });

  test.each<[Written, string]>([
    [{ from: "@other/a", to: "@artifact/" }, "source alias 'other' not found"],
    [{ from: "@in/none", to: "@artifact/" }, "source 'none' does not exist"],
    [{ from: "@in/link", to: "@artifact/" }, "source 'link' does not exist"],
    [{ from: "@in/none/*", to: "@artifact/" }, "no files match pattern 'none/*'"],
    [
      { from: "@in/conf/*.md", to: "@artifact/", exclude: ["*.md"] },
      "all files matching pattern 'conf/*.md' were excluded",
    ],
    [{ from: "@in/a.yaml", to: "@artifact/../x" }, "destination path must not contain '..'"],
    [{ from: "@in/a.yaml", to: "@in/x" }, "destination must start with '@artifact/'"],
    [{ from: "@in/conf", to: "@artifact/", strategy: "extract" }, "extract strategy is not supported for directories"],
    [{ from: "@in/a.yaml", to: "@artifact/", strategy: "extract" }, "extract strategy requires tarball file"],
  ])("refuses %j and names the step", async (step, says) => {
    const start = `failed to apply copy operation from '${step.from}' to '${step.to}': `;
    await expect(copied(step)).rejects.toThrow(start + says);
  });

  test("a file and a folder cannot be at one place", async () => {
    const file = { from: "@in/a.yaml", to: "@artifact/x" };
    await expect(copied(file, { from: "@in/conf/**", to: "@artifact/x/" })).rejects.toThrow("'x' is a file already");
  });
});
