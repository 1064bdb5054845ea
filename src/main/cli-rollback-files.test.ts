import { expect, test } from "vitest";
import type { FileTree } from "#core/source/file-tree.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import { listingDigest, type ReadRecord } from "#core/source/read-set.ts";
import { RenderError } from "#core/source/render-error.ts";
import { overlayTree } from "./cli-overlay-tree.ts";
import { rollbackFiles } from "./cli-rollback-files.ts";

const { signal } = new AbortController();

/** Renders `app/*.yaml`, each of which may import one more file; "broken" does not render. */
async function render(tree: FileTree): Promise<{ resources: never[]; readSet: ReadRecord[]; renderer: "directory" }> {
  const readSet: ReadRecord[] = [{ kind: "directory", path: "app", digest: listingDigest(tree, "app") }];
  const resources: unknown[] = [];
  const queue = tree
    .children("app")
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => `app/${name}`);
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    const entry = tree.entry(path);
    readSet.push({ kind: entry ? "file" : "absent", path, digest: entry?.digest ?? "" });
    if (!entry) throw new RenderError("build", `${path} is missing`);
    const text = new TextDecoder().decode((await tree.read([path], signal)).get(path));
    if (text === "broken") throw new RenderError("build", `${path} is broken`);
    if (text.startsWith("import ")) queue.push(text.slice("import ".length));
    else resources.push(text);
  }
  return { resources: resources as never[], readSet, renderer: "directory" };
}

function changed(head: Record<string, string>, target: Record<string, string>) {
  return rollbackFiles({ head: memoryTree(head), target: memoryTree(target), render }, signal);
}

test("rollbackFiles() restores what the app reads and leaves everything else alone", async () => {
  const target = {
    "app/a.yaml": "one",
    "app/b.yaml": "import base/b",
    "base/b": "b1",
    "README.md": "1",
    "other/x": "1",
  };
  const head = { ...target, "app/a.yaml": "two", "base/b": "b2", "README.md": "2", "other/x": "2" };
  expect((await changed(head, target)).paths).toEqual(["app/a.yaml", "base/b"]);
});

test("rollbackFiles() deletes what came since and brings back what went", async () => {
  const target = { "app/a.yaml": "one", "app/gone.yaml": "g" };
  const head = { "app/a.yaml": "one", "app/new.yaml": "n", "app/notes.txt": "kept" };
  const { paths, before, after } = await changed(head, target);
  expect(paths).toEqual(["app/gone.yaml", "app/new.yaml"]);
  expect(before?.resources).toEqual(["one", "n"]);
  expect(after.resources).toEqual(["one", "g"]);
});

test("rollbackFiles() works from a head that does not render, new broken files included", async () => {
  const target = { "app/a.yaml": "one", "app/b.yaml": "two" };
  const head = { "app/a.yaml": "broken", "app/b.yaml": "two", "app/zzz.yaml": "broken", "app/notes.txt": "kept" };
  const { paths, before } = await changed(head, target);
  expect(paths).toEqual(["app/a.yaml", "app/zzz.yaml"]);
  expect(before).toBeNull();
});

test("rollbackFiles() has nothing to do where the app reads the same, and refuses a target that does not render", async () => {
  expect((await changed({ "app/a.yaml": "1", x: "2" }, { "app/a.yaml": "1", x: "1" })).paths).toEqual([]);
  await expect(changed({ "app/a.yaml": "1" }, { "app/a.yaml": "broken" })).rejects.toThrow(/does not render either/);
});

test("overlayTree() lists and reads exactly what the mixed tree holds", async () => {
  const base = memoryTree({ "a/x": "1", "a/y": "1", "b/only": "1", keep: "1" });
  const other = memoryTree({ "a/x": "2", "c/d/new": "2", keep: "2" });
  const tree = overlayTree(base, other, new Set(["a/x", "b/only", "c/d/new"]));
  expect(tree.children("")).toEqual(["a", "c", "keep"]);
  expect(tree.children("c/d")).toEqual(["new"]);
  expect([tree.entry("b/only"), tree.entry("b")]).toEqual([undefined, undefined]);
  expect(tree.entry("c/d")?.type).toBe("directory");
  const contents = await tree.read(["a/x", "a/y", "c/d/new", "keep"], signal);
  const texts = Object.fromEntries([...contents].map(([path, bytes]) => [path, new TextDecoder().decode(bytes)]));
  expect(texts).toEqual({ "a/x": "2", "a/y": "1", "c/d/new": "2", keep: "1" });
});
