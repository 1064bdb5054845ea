import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { memoryTree } from "./memory-tree.ts";
import { listingDigest, readSetHolds } from "./read-set.ts";
import { sha256Hex } from "./sha256.ts";
import type { MemoryFile } from "./memory-tree.ts";
import type { ReadRecord } from "./read-set.ts";

const before: Record<string, MemoryFile> = { "a/x.yaml": "x: 1", "a/y.yaml": "y: 1", "b/z": "z", to: { link: "a" } };
const tree = memoryTree(before);
const digestOf = (path: string) => tree.entry(path)!.digest;

const records: Record<string, ReadRecord> = {
  file: { kind: "file", path: "a/x.yaml", digest: digestOf("a/x.yaml") },
  listing: { kind: "directory", path: "a", digest: listingDigest(tree, "a") },
  existence: { kind: "directory", path: "a", digest: "" },
  root: { kind: "directory", path: "", digest: listingDigest(tree, "") },
  absence: { kind: "absent", path: "a/none.yaml", digest: "" },
  link: { kind: "link", path: "to", digest: digestOf("to") },
};

describe("readSetHolds()", () => {
  test("holds on the tree that was read", () => {
    expect(readSetHolds(Object.values(records), tree)).toBe(true);
  });

  const cases: { name: string; files: Record<string, MemoryFile>; broken: string[] }[] = [
    { name: "a file's content changed", files: { ...before, "a/x.yaml": "x: 2" }, broken: ["file"] },
    { name: "content changed elsewhere", files: { ...before, "b/z": "other", "a/y.yaml": "y: 2" }, broken: [] },
    { name: "a file was added", files: { ...before, "a/new": "" }, broken: ["listing"] },
    { name: "the absent file came", files: { ...before, "a/none.yaml": "" }, broken: ["listing", "absence"] },
    { name: "the link leads elsewhere", files: { ...before, to: { link: "b" } }, broken: ["link"] },
    { name: "the link became a file of its text", files: { ...before, to: "a" }, broken: ["root", "link"] },
    {
      name: "the directory became a link",
      files: { "c/x.yaml": "x: 1", "b/z": "z", to: { link: "a" }, a: { link: "c" } },
      broken: ["file", "listing", "existence", "root", "absence"],
    },
  ];
  for (const { name, files, broken } of cases) {
    test(`names exactly what no longer holds when ${name}`, () => {
      const changed = memoryTree(files);
      const failing = Object.keys(records).filter((key) => !readSetHolds([records[key]!], changed));
      expect(failing).toEqual(broken);
    });
  }
});

test("sha256Hex() equals the platform's SHA-256", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]) {
    const text = "é€𝄞a".repeat(length).slice(0, length);
    const platform = createHash("sha256").update(text.toWellFormed()).digest("hex");
    expect(sha256Hex(text)).toBe(platform);
  }
});
