import { describe, expect, test } from "vitest";
import { composedTree } from "./composed-tree.ts";
import type { FileTree } from "./file-tree.ts";
import { includeTree } from "./include-tree.ts";
import { memoryTree } from "./memory-tree.ts";
import { sparseTree } from "./sparse-tree.ts";

const { signal } = new AbortController();
const all = () => true;

async function filesOf(tree: FileTree, directory = ""): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of tree.children(directory)) {
    const path = directory === "" ? name : `${directory}/${name}`;
    if (tree.entry(path)?.type === "directory") Object.assign(files, await filesOf(tree, path));
    else files[path] = new TextDecoder().decode((await tree.read([path], signal)).get(path));
  }
  return files;
}

describe("composedTree()", () => {
  const base = memoryTree({ "a/one": "1", "a/b/two": "2", top: "t" });
  const guest = memoryTree({ "x/y/three": "3", "x/link": { link: "y" }, z: "z" });

  test("shows parts where they are put, with sorted listings", async () => {
    const tree = composedTree([
      { tree: base, from: "", to: "", keeps: all },
      { tree: guest, from: "x", to: "a/guest", keeps: all },
    ]);
    expect(await filesOf(tree)).toEqual({
      "a/b/two": "2",
      "a/guest/link": "y",
      "a/guest/y/three": "3",
      "a/one": "1",
      top: "t",
    });
    expect(tree.children("a")).toEqual(["b", "guest", "one"]);
    expect(tree.entry("a/guest/link")?.type).toBe("link");
    expect(tree.entry("a/guest")?.type).toBe("directory");
    expect(tree.entry("z")).toBeUndefined();
  });

  test("reads files of several trees at once, and names the one that is not there", async () => {
    const tree = composedTree([
      { tree: base, from: "", to: "", keeps: all },
      { tree: guest, from: "z", to: "z", keeps: all },
    ]);
    const contents = await tree.read(["z", "top"], signal);
    const texts = [...contents].map(([path, bytes]) => [path, new TextDecoder().decode(bytes)]);
    expect(Object.fromEntries(texts)).toEqual({ top: "t", z: "z" });
    await expect(tree.read(["top", "x/y/three"], signal)).rejects.toThrow('Cannot read "x/y/three"');
  });

  test("gives directories equal digests for equal content only", () => {
    const digest = (files: Record<string, string>) =>
      composedTree([{ tree: memoryTree(files), from: "", to: "", keeps: all }]).entry("")?.digest;
    expect(digest({ "a/b": "1", c: "2" })).toBe(digest({ c: "2", "a/b": "1" }));
    expect(digest({ "a/b": "1" })).not.toBe(digest({ "a/b": "2" }));
    expect(digest({ "a/b": "1" })).not.toBe(digest({ "a/c": "1" }));
  });
});

describe("includeTree()", () => {
  const base = memoryTree({ "app/a": "1", file: "f", link: { link: "app" } });
  const tree = memoryTree({ "base/b": "2", c: "3" });

  test.each([
    { from: "", to: "web", want: ["app/a", "file", "link", "web/base/b", "web/c"] },
    { from: "./base/", to: "/app/base", want: ["app/a", "app/base/b", "file", "link"] },
    { from: "c", to: "new/c", want: ["app/a", "file", "link", "new/c"] },
    { from: "../../base", to: "app/../../web", want: ["app/a", "file", "link", "web/b"] },
  ])("shows $from at $to", async ({ from, to, want }) => {
    expect(Object.keys(await filesOf(includeTree(base, { name: "web", tree, from, to })))).toEqual(want);
  });

  test.each([
    { from: "absent", to: "web", says: 'it has no "absent"' },
    { from: "", to: "app", says: '"app" is there already' },
    { from: "", to: "./", says: '"./" is there already' },
    { from: "", to: "file/web", says: '"file" is no directory' },
    { from: "", to: "link/web", says: '"link" is no directory' },
  ])("refuses $from at $to", ({ from, to, says }) => {
    expect(() => includeTree(base, { name: "web", tree, from, to })).toThrow(`Cannot include web: ${says}`);
  });
});

describe("sparseTree()", () => {
  const tree = memoryTree({ "apps/a": "1", "apps-old/b": "2", "infra/c/d": "3", "infra/e": "4", top: "5" });
  const cases = [
    { name: "a directory, and what begins like it", prefixes: ["apps"], want: ["apps/a", "apps-old/b"] },
    { name: "a directory alone", prefixes: ["apps/"], want: ["apps/a"] },
    { name: "directories below others", prefixes: ["./infra/c", "apps/"], want: ["apps/a", "infra/c/d"] },
    {
      name: "everything for the root",
      prefixes: ["./"],
      want: ["apps/a", "apps-old/b", "infra/c/d", "infra/e", "top"],
    },
  ];
  for (const { name, prefixes, want } of cases) {
    test(`shows ${name}`, async () => {
      expect(Object.keys(await filesOf(sparseTree(tree, prefixes)))).toEqual(want);
    });
  }

  test.each(["absent", "/apps", "app"])("refuses %j, which names nothing that is there", (prefix) => {
    expect(() => sparseTree(tree, ["infra", prefix])).toThrow(`Cannot show "${prefix}": it is not in the repository`);
  });
});
