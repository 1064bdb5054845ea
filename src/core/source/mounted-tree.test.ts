import { expect, test } from "vitest";
import { memoryTree } from "./memory-tree.ts";
import { mountedTree } from "./mounted-tree.ts";

const { signal } = new AbortController();
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const own = memoryTree({ "app/a": "1", top: "t" });
const tree = mountedTree(own, ".more", new Map([["x", memoryTree({ "b/c": "2", d: "3" })]]));

test("mountedTree() shows its own files and, in their folders, those of others", async () => {
  const found = await tree.read([".more/x/b/c", "top", ".more/x/d"], signal);
  expect(Object.fromEntries([...found].map(([path, bytes]) => [path, text(bytes)]))).toEqual({
    ".more/x/b/c": "2",
    ".more/x/d": "3",
    top: "t",
  });
  expect(tree.entry("app/a")).toEqual(own.entry("app/a"));
  expect([".more", ".more/x", ".more/x/b"].map((path) => tree.entry(path)?.type)).toEqual(Array(3).fill("directory"));
  expect([tree.children(".more"), tree.children(".more/x"), tree.children(".more/x/b")]).toEqual([
    ["x"],
    ["b", "d"],
    ["c"],
  ]);
});

test("mountedTree() lists the others nowhere else, and has nothing that they have not", async () => {
  expect(tree.children("")).toEqual(["app", "top"]);
  expect([".more/y", ".more/x/z", ".more/y/z"].map((path) => tree.entry(path))).toEqual(Array(3).fill(undefined));
  expect(tree.children(".more/y")).toEqual([]);
  await expect(tree.read([".more/y/z"], signal)).rejects.toThrow('Cannot read ".more/y/z"');
  expect(mountedTree(own, ".more", new Map())).toBe(own);
});
