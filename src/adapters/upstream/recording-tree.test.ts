import { describe, expect, test } from "vitest";
import { memoryTree } from "#core/source/memory-tree.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { RecordingTree } from "./recording-tree.ts";

const signal = new AbortController().signal;
const tree = memoryTree({
  "a/x.yaml": "x",
  "a/y.yaml": "y",
  "a/b/z.yaml": "z",
  "links/file": { link: "../a/x.yaml" },
  "links/folder": { link: "../a/./b" },
  "links/chain": { link: "folder" },
  "links/dangling": { link: "../none/at/all" },
  "links/absolute": { link: "/etc/passwd" },
});

async function learned(ask: (tree: RecordingTree) => Promise<unknown>): Promise<string[]> {
  const recording = new RecordingTree(tree);
  await ask(recording);
  return recording
    .readSet()
    .map(({ kind, path, digest }) => `${kind} ${path}${kind === "directory" && digest ? " listed" : ""}`);
}

describe("RecordingTree", () => {
  const cases: { name: string; ask: (tree: RecordingTree) => Promise<unknown>; want: string[] }[] = [
    { name: "a file that is read", ask: (t) => t.read("a/x.yaml", signal), want: ["file a/x.yaml"] },
    { name: "only that a folder exists", ask: (t) => t.look("a", signal), want: ["directory a"] },
    { name: "a folder's listing", ask: (t) => t.list("a", signal), want: ["directory a listed"] },
    {
      name: "a listing over mere existence",
      ask: async (t) => [await t.list("a", signal), await t.look("a", signal)],
      want: ["directory a listed"],
    },
    { name: "the first absent part", ask: (t) => t.read("a/none/deep", signal), want: ["absent a/none"] },
    {
      name: "a file where a folder was expected",
      ask: (t) => t.read("a/x.yaml/deep", signal),
      want: ["file a/x.yaml"],
    },
    {
      name: "links on the way",
      ask: (t) => t.read("links/chain/z.yaml", signal),
      want: ["file a/b/z.yaml", "link links/chain", "link links/folder"],
    },
    {
      name: "where a dangling link leads",
      ask: (t) => t.read("links/dangling", signal),
      want: ["link links/dangling", "absent none"],
    },
  ];
  for (const { name, ask, want } of cases) {
    test(`records ${name}`, async () => {
      expect(await learned(ask)).toEqual(want);
    });
  }

  test("follows links to content and real path", async () => {
    const { located, content } = await new RecordingTree(tree).read("links/chain/z.yaml", signal);
    expect(located).toEqual({ type: "file", real: "a/b/z.yaml" });
    expect(new TextDecoder().decode(content)).toBe("z");
  });

  test("refuses absolute links, submodules and paths above the root", async () => {
    const withModule: FileTree = {
      ...tree,
      entry: (path) => (path === "mod" ? { type: "module", digest: "1" } : tree.entry(path)),
    };
    const recording = new RecordingTree(withModule);
    await expect(recording.look("links/absolute", signal)).rejects.toMatchObject({ code: "outside-tree" });
    await expect(recording.look("a/../../a", signal)).rejects.toMatchObject({ code: "outside-tree" });
    await expect(recording.look("mod/file", signal)).rejects.toMatchObject({ code: "submodule" });
  });

  test("shows overlay files and their folders", async () => {
    const recording = new RecordingTree(
      tree,
      new Map([
        ["a/new/k.yaml", new Uint8Array([1])],
        ["top", new Uint8Array()],
      ]),
    );
    expect((await recording.list("a", signal)).children.map(({ name, type }) => `${type} ${name}`)).toContain(
      "directory new",
    );
    expect((await recording.list("", signal)).children.map(({ name }) => name)).toEqual(["a", "links", "top"]);
    expect((await recording.read("a/new/k.yaml", signal)).content).toEqual(new Uint8Array([1]));
  });

  test("fetches the manifests of a folder in one call", async () => {
    const calls: (readonly string[])[] = [];
    const counting: FileTree = {
      ...tree,
      read: (paths, scope) => {
        calls.push(paths);
        return tree.read(paths, scope);
      },
    };
    const recording = new RecordingTree(counting);
    await recording.read("a/x.yaml", signal);
    await recording.read("a/y.yaml", signal);
    expect(calls).toEqual([["a/x.yaml", "a/y.yaml"]]);
    expect(recording.readSet().map(({ path }) => path)).toEqual(["a/x.yaml", "a/y.yaml"]);
  });

  test("reads a file whose neighbour cannot be read", async () => {
    const broken: FileTree = {
      ...tree,
      read: (paths, scope) =>
        paths.includes("a/y.yaml") ? Promise.reject(new Error("Cannot read a/y.yaml")) : tree.read(paths, scope),
    };
    const recording = new RecordingTree(broken);
    expect((await recording.read("a/x.yaml", signal)).content).toBeDefined();
    await expect(recording.read("a/y.yaml", signal)).rejects.toThrow("Cannot read a/y.yaml");
  });
});
