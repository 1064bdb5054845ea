import { afterAll, describe, expect, test, vi } from "vitest";
import { memoryTree, type MemoryFile } from "#core/source/memory-tree.ts";
import { mountedTree } from "#core/source/mounted-tree.ts";
import { readSetHolds } from "#core/source/read-set.ts";
import { basesFolder, folderOfBase, type RemoteBase, remoteFileName } from "#core/source/remote-base.ts";
import { MissingBasesError } from "#core/source/render-error.ts";
import { configMap, KustomizeBench } from "./kustomize-bench.ts";
import { kustomizeBuild } from "./kustomize-build.ts";
import type { KustomizeOverrides } from "#core/app/render-spec.ts";

// Helpers share the processors with every other test.
vi.setConfig({ testTimeout: 30_000 });

const bench = new KustomizeBench();
afterAll(() => bench.pool.close());

const { signal } = new AbortController();
const git = (url: string, ref = "", noSubmodules = false): RemoteBase => ({
  kind: "git",
  url,
  ref,
  noSubmodules,
});
const file = (url: string): RemoteBase => ({ kind: "file", url, ref: "", noSubmodules: false });

type Files = Record<string, MemoryFile>;

function treeOf(files: Files, bases: readonly (readonly [RemoteBase, Files])[]) {
  const mounts = new Map(bases.map(([base, held]) => [folderOfBase(base), memoryTree(held)]));
  return mountedTree(memoryTree(files), basesFolder, mounts);
}

async function build(files: Files, bases: readonly (readonly [RemoteBase, Files])[], overrides?: KustomizeOverrides) {
  const tree = treeOf(files, bases);
  const wanted = { tree, path: "app", ...(overrides && { overrides }) };
  const built = await kustomizeBuild(bench.pool, wanted, signal);
  return { ...built, names: built.resources.map(({ metadata }) => metadata.name) };
}

async function missing(files: Files, bases: readonly (readonly [RemoteBase, Files])[] = []) {
  const error = await build(files, bases).catch((thrown: unknown) => thrown);
  if (error instanceof MissingBasesError) return error.bases;
  throw new Error(`nothing is missing: ${String(error)}`);
}

const entry = (text: string, field = "resources") => ({ "app/kustomization.yaml": `${field}: ['${text}']\n` });
const library = git("https://git.example/org/library.git", "v1");
const shop = {
  "deploy/kustomization.yaml": "resources: [../settings]\nnamePrefix: lib-\n",
  "settings/kustomization.yaml": "resources: [a.yaml]\n",
  "settings/a.yaml": configMap("settings"),
};

describe("a kustomization that takes from elsewhere", () => {
  test.each([
    ["https://git.example/org/repo.git//deploy?ref=v1", git("https://git.example/org/repo.git", "v1")],
    ["https://git.example/org/repo.git", git("https://git.example/org/repo.git")],
    ["github.com/org/repo/deploy?ref=main", git("https://github.com/org/repo", "main")],
    ["git@git.example:org/repo.git//x", git("git@git.example:org/repo.git")],
    ["ssh://git@git.example:2222/org/repo.git//x?ref=abc", git("ssh://git@git.example:2222/org/repo.git", "abc")],
    ["https://github.com/org/repo//d?ref=v1&submodules=false", git("https://github.com/org/repo", "v1", true)],
    [
      "https://github.com/org/repo/releases/download/v1/all.yaml",
      file("https://github.com/org/repo/releases/download/v1/all.yaml"),
    ],
    ["https://web.example/net?version-of=1", file("https://web.example/net?version-of=1")],
  ])("names %s", async (text, base) => {
    expect(await missing(entry(text))).toEqual([base]);
  });

  test("names all that a file lacks at once", async () => {
    const files = {
      "app/kustomization.yaml":
        "resources: [../base, 'https://git.example/a.git']\ncomponents: ['https://git.example/b.git?ref=x']\n",
      "base/kustomization.yaml": "resources: ['https://git.example/c.git']\n",
    };
    const error = (await build(files, []).catch((thrown: unknown) => thrown)) as MissingBasesError;
    expect(error.bases.map(({ url }) => url)).toEqual(["https://git.example/a.git", "https://git.example/b.git"]);
    expect(error.message).toContain("https://git.example/b.git?ref=x");
  });

  test("may be told to by its owner", async () => {
    const files = { "app/kustomization.yaml": "resources: [c.yaml]\n", "app/c.yaml": configMap("c") };
    const component = git("https://git.example/part.git");
    const overrides = { components: ["https://git.example/part.git//p"] };
    await expect(build(files, [], overrides)).rejects.toThrow("https://git.example/part.git");
    const held = {
      "p/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -x\n",
    };
    expect((await build(files, [[component, held]], overrides)).names).toEqual(["c-x"]);
  });

  test("is built of what stands in the tree for it, and tells what it took", async () => {
    const files = {
      "app/kustomization.yaml":
        "# ours\nnamePrefix: my-\nresources:\n- https://git.example/org/library.git//deploy?ref=v1 # theirs\n- own.yaml\n",
      "app/own.yaml": configMap("own"),
    };
    const { names, bases, readSet } = await build(files, [[library, shop]]);
    expect(names).toEqual(["my-lib-settings", "my-own"]);
    expect(bases).toEqual([library]);
    expect(readSetHolds(readSet, treeOf(files, [[library, shop]]))).toBe(true);
    const moved = { ...shop, "settings/a.yaml": configMap("settings", "data: {a: b}\n") };
    expect(readSetHolds(readSet, treeOf(files, [[library, moved]]))).toBe(false);
    expect(readSetHolds(readSet, treeOf(files, []))).toBe(false);
  });

  test("may take the whole of a repository, and one file", async () => {
    const install = file("https://web.example/install.yaml");
    const root = git("https://git.example/root.git");
    const files = {
      "app/kustomization.yml": "resources: ['https://git.example/root.git', 'https://web.example/install.yaml']\n",
    };
    const { names } = await build(files, [
      [root, { "kustomization.yaml": "resources: [b.yaml]\n", "b.yaml": configMap("b") }],
      [install, { [remoteFileName]: `${configMap("one")}---\n${configMap("two")}` }],
    ]);
    expect(names).toEqual(["b", "one", "two"]);
  });

  test("may take from what it took", async () => {
    const inner = git("https://git.example/inner.git", "v2");
    const outer = { "kustomization.yaml": "resources: ['https://git.example/inner.git//x?ref=v2']\n" };
    const files = entry("https://git.example/org/library.git?ref=v1");
    expect(await missing(files, [[library, outer]])).toEqual([inner]);
    const { names } = await build(files, [
      [library, outer],
      [inner, { "x/kustomization.yaml": "resources: [c.yaml]\n", "x/c.yaml": configMap("c") }],
    ]);
    expect(names).toEqual(["c"]);
  });

  test("is told of problems there by the base's address", async () => {
    const broken = { ...shop, "settings/a.yaml": "kind: A\n  b: c\n" };
    const files = entry("https://git.example/org/library.git//deploy?ref=v1");
    await expect(build(files, [[library, broken]])).rejects.toThrow(
      "https://git.example/org/library.git?ref=v1/settings/a.yaml:2: ",
    );
    await expect(build(entry("https://git.example/org/library.git//gone?ref=v1"), [[library, shop]])).rejects.toThrow(
      /gone/,
    );
  });

  test("prefers a file of its own that is named like an address", async () => {
    const files = {
      ...entry("github.com/org/all.yaml"),
      "app/github.com/org/all.yaml": configMap("local"),
    };
    expect((await build(files, [])).names).toEqual(["local"]);
  });
});
