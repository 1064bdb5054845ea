import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type MemoryFile, memoryTree } from "#core/source/memory-tree.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { sourceLimits } from "../archive/archive-limits.ts";
import { treeOfTarball } from "../archive/tree-of-tarball.ts";
import { ArtifactFiles } from "./artifact-files.ts";

const { signal } = new AbortController();
const place = "gitrepository/shop/web/0001.tar.gz";
let directory = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "artifact-files-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function files(options: { maxBytes?: number } = {}): ArtifactFiles {
  return new ArtifactFiles({ directory, baseUrl: "http://artifacts.example", ...options });
}

function content(tree: Record<string, MemoryFile>, path = place) {
  return { path, tree: memoryTree(tree), file: null };
}

async function bytesOf(store: ArtifactFiles, path: string): Promise<Buffer> {
  const file = await store.find(path);
  return Buffer.concat((await file?.open().toArray()) ?? []);
}

/** Counts what is read of a tree. */
function counted(tree: FileTree): FileTree & { reads: number } {
  const counting = {
    reads: 0,
    entry: (path: string) => tree.entry(path),
    children: (path: string) => tree.children(path),
    read: (paths: readonly string[], scope: AbortSignal) => {
      counting.reads += paths.length;
      return tree.read(paths, scope);
    },
  };
  return counting;
}

describe("ArtifactFiles", () => {
  test("a tree becomes a tar.gz with its digest and size, without links", async () => {
    const long = `${"folder/".repeat(30)}ä.yaml`;
    const store = files();
    const served = await store.put(
      content({ "b.yaml": "b", "a/c.yaml": "c", [long]: "long", link: { link: "b" } }),
      signal,
    );
    const bytes = await bytesOf(store, place);
    expect(served).toEqual({
      path: place,
      url: `http://artifacts.example/${place}`,
      digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`,
      size: bytes.length,
    });
    const tree = await treeOfTarball([bytes] as unknown as AsyncIterable<Uint8Array>, sourceLimits, signal);
    const contents = await tree.read(["b.yaml", "a/c.yaml", long], signal);
    expect([...contents.values()].map(String)).toEqual(["b", "c", "long"]);
    expect(tree.entry("link")).toBeUndefined();
  });

  test("the same content is the same bytes, whatever order and machine it comes from", async () => {
    const text = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`${at % 3}/${at}.yaml`, `n: ${at * at}\n`]));
    const served = await files().put(content(text), signal);
    // Made elsewhere: neither clock nor system nor the library's own choices may be in it.
    expect(served.digest).toBe("sha256:be7318dea75e8ac438abe61629bd76ddcc8d4e819830cc0966294dae8bb04bc7");
    const other = `gitrepository/shop/other/1.tar.gz`;
    const turned = Object.fromEntries(Object.entries(text).toReversed());
    expect((await files().put(content(turned, other), signal)).digest).toBe(served.digest);
  });

  test("entries are sorted and have fixed modes and neither owner nor time", async () => {
    const store = files();
    await store.put(content({ "b.yaml": "b", "a/c.yaml": "c" }), signal);
    const tar = gunzipSync(await bytesOf(store, place));
    const heads = [0, 512, 1536].map((at) => tar.subarray(at, at + 512));
    const text = (head: Buffer, from: number, to: number) => head.toString("latin1", from, to).replace(/\0.*$/, "");
    expect(heads.map((head) => [text(head, 0, 100), text(head, 100, 108), text(head, 136, 148)])).toEqual([
      ["a/", "0000750", "00000000000"],
      ["a/c.yaml", "0000600", "00000000000"],
      ["b.yaml", "0000600", "00000000000"],
    ]);
    expect(heads.every((head) => text(head, 108, 124) === "0000000")).toBe(true);
  });

  test("one file of a tree is served as it is", async () => {
    const store = files();
    const path = "helmchart/shop/web/web-1.0.0.tgz";
    const served = await store.put({ path, tree: memoryTree({ "chart.tgz": "packed" }), file: "chart.tgz" }, signal);
    expect(served.digest).toBe(`sha256:${createHash("sha256").update("packed").digest("hex")}`);
    expect(String(await bytesOf(store, path))).toBe("packed");
  });

  test("what is here is not made again, also not by the next process", async () => {
    const first = await files().put(content({ "a.yaml": "a" }), signal);
    const tree = counted(memoryTree({ "a.yaml": "a" }));
    expect(await files().put({ path: place, tree, file: null }, signal)).toEqual(first);
    expect(tree.reads).toBe(0);
    await rm(join(directory, place));
    expect(await files().put({ path: place, tree, file: null }, signal)).toEqual(first);
    expect(tree.reads).toBe(1);
  });

  test("other content of the same revision takes the place of the old", async () => {
    const store = files();
    const before = await store.put(content({ "a.yaml": "a" }), signal);
    const after = await store.put(content({ "a.yaml": "b" }), signal);
    expect(after.digest).not.toBe(before.digest);
    expect((await store.find(place))?.digest).toBe(after.digest);
  });

  test("the last two of an object stay, those of objects that are gone do not", async () => {
    const store = files();
    const paths = ["1", "2", "3"].map((revision) => `gitrepository/shop/web/${revision}.tar.gz`);
    for (const path of paths) await store.put(content({ "a.yaml": path }, path), signal);
    expect(await Promise.all(paths.map(async (path) => (await store.find(path)) !== null))).toEqual([
      false,
      true,
      true,
    ]);
    await store.put(content({ "a.yaml": "a" }, "bucket/shop/web/1.tar.gz"), signal);
    const next = files();
    await next.retain(new Set(["bucket/shop/web"]));
    expect(await next.find(paths[2]!)).toBeNull();
    expect(await next.find("bucket/shop/web/1.tar.gz")).not.toBeNull();
    await next.remove("bucket/shop/web");
    expect(await next.find("bucket/shop/web/1.tar.gz")).toBeNull();
  });

  test("what is cut short leaves nothing behind, and damaged notes cost making it again", async () => {
    const store = files({ maxBytes: 100 });
    await expect(store.put(content({ "a.yaml": "0123456789".repeat(100) }), signal)).rejects.toMatchObject({
      failure: "storage",
      message: "Cannot store the artifact: it is larger than 0 MiB",
    });
    const broken = memoryTree({ "a.yaml": "a" });
    const tree = { ...broken, read: () => Promise.reject(new Error("the disk is gone")) };
    await expect(store.put({ path: place, tree, file: null }, signal)).rejects.toThrow("the disk is gone");
    expect(await readdir(directory)).toEqual([]);
    const made = await files().put(content({ "a.yaml": "a" }), signal);
    await writeFile(join(directory, "gitrepository/shop/web/notes.json"), "{");
    expect(await files().find(place)).toBeNull();
    expect(await files().put(content({ "a.yaml": "a" }), signal)).toEqual(made);
  });

  test.each(["../x/y/z", "a/b/c", "a/b/../d", "a/b/c/d/e", "a/b/c/.hidden", "/a/b/c", "a/b//c"])(
    "the path %s is refused",
    async (path) => {
      await expect(files().put(content({ "a.yaml": "a" }, path), signal)).rejects.toMatchObject({ failure: "storage" });
      expect(await files().find(path)).toBeNull();
    },
  );
});
