import type { Rendered } from "#core/app/rendered.ts";
import fc from "fast-check";
import { LRUCache } from "lru-cache";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { RenderSpec } from "#core/app/render-spec.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import { childPath, listingDigest, type ReadRecord } from "#core/source/read-set.ts";
import { RenderError } from "#core/source/render-error.ts";
import type { Renderer, Telemetry } from "./ports.ts";
import { RenderCache } from "./render-cache.ts";
import { configMap } from "./testing/fake-objects.ts";
import { quietTelemetry } from "./testing/quiet.ts";

afterEach(() => vi.restoreAllMocks());

const SPEC: RenderSpec = { kind: "directory", recurse: true, include: "", exclude: "" };
const { signal } = new AbortController();

/**
 * Renders the files that a file `use` lists, following `use` files of directories; a file that is missing counts as
 * empty. What is read depends on what was read before, as with kustomizations.
 */
class ListRenderer implements Renderer {
  renders = 0;

  async render(input: { tree: FileTree; path: string; spec: RenderSpec }, stop: AbortSignal): Promise<Rendered> {
    this.renders++;
    const reads: ReadRecord[] = [];
    const data: Record<string, string> = { spec: JSON.stringify(input.spec) };
    await this.#directory(input.tree, { path: input.path, data, reads, depth: 0 }, stop);
    return { resources: [configMap("rendered", data)], readSet: reads, renderer: "directory" };
  }

  async #directory(
    tree: FileTree,
    at: { path: string; data: Record<string, string>; reads: ReadRecord[]; depth: number },
    stop: AbortSignal,
  ): Promise<void> {
    const { path, data, reads, depth } = at;
    const entry = tree.entry(path);
    if (path !== "" && entry?.type !== "directory") {
      reads.push(entry ? { kind: "file", path, digest: entry.digest } : { kind: "absent", path, digest: "" });
      return;
    }
    reads.push({ kind: "directory", path, digest: "" });
    const list = depth > 3 ? "" : await this.#file(tree, { path: childPath(path, "use"), reads }, stop);
    if (list === null) {
      reads.push({ kind: "directory", path, digest: listingDigest(tree, path) });
      data[path] = tree.children(path).join(" ");
      return;
    }
    for (const name of list.split(" ").filter((one) => one !== "")) {
      const child = childPath(path, name);
      if (tree.entry(child)?.type === "directory")
        await this.#directory(tree, { path: child, data, reads, depth: depth + 1 }, stop);
      else data[child] = (await this.#file(tree, { path: child, reads }, stop)) ?? "(none)";
    }
  }

  async #file(tree: FileTree, at: { path: string; reads: ReadRecord[] }, stop: AbortSignal): Promise<string | null> {
    const { path, reads } = at;
    const entry = tree.entry(path);
    if (entry?.type !== "file") {
      if (!entry) reads.push({ kind: "absent", path, digest: "" });
      return null;
    }
    reads.push({ kind: "file", path, digest: entry.digest });
    return Buffer.from((await tree.read([path], stop)).get(path) ?? []).toString();
  }
}

function rig(maxEntries?: number) {
  const renderer = new ListRenderer();
  const hits: boolean[] = [];
  const telemetry: Telemetry = { ...quietTelemetry, render: (hit) => void hits.push(hit) };
  const cache = new RenderCache(renderer, telemetry, maxEntries);
  const render = (files: Record<string, string>, path = "app", changes: { spec?: RenderSpec; scope?: string } = {}) =>
    cache.render({ tree: memoryTree(files), path, spec: SPEC, scope: "one", ...changes }, signal);
  return { renderer, hits, cache, render };
}

const NAMES = ["a", "b", "base", "use"];
const anyPath = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const anyContent = fc.oneof(
  fc.constantFrom("", "a", "b", "base", "a base"),
  fc.subarray(NAMES).map((all) => all.join(" ")),
);
/** Trees over few names, so that changes often hit what was read; a path that is also a directory is left out. */
const anyFiles = fc
  .dictionary(anyPath, anyContent, { maxKeys: 8 })
  .map((files) =>
    Object.fromEntries(
      Object.entries(files).filter(([path]) => !Object.keys(files).some((other) => other.startsWith(`${path}/`))),
    ),
  );

describe("RenderCache", () => {
  test("answers as a cold render of the same tree does, whatever changed between two", async () => {
    let hits = 0;
    const anyStep = fc.record({
      files: anyFiles,
      edit: fc.option(fc.tuple(anyPath, anyContent)),
      path: fc.constantFrom("", "a", "base"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 1, maxLength: 6 }), async (steps) => {
        const { cache, hits: all } = rig();
        for (const { files, path } of steps) {
          const input = { tree: memoryTree(files), path, spec: SPEC, scope: "one" };
          for (const again of [input, { ...input, tree: memoryTree(files) }]) {
            const warm = await cache.render(again, signal);
            expect(warm).toEqual(await new ListRenderer().render(again, signal));
          }
        }
        hits += all.filter(Boolean).length;
      }),
      { numRuns: 60 },
    );
    expect(hits).toBeGreaterThan(0);
  });

  const files = {
    "app/use": "x.yaml ../base gone.yaml sub",
    "app/x.yaml": "1",
    "app/sub/y.yaml": "2",
    "other/z.yaml": "3",
  };

  test("gives the very same value for a tree whose read files are the same", async () => {
    const { render, renderer, hits } = rig();
    const first = await render(files);
    expect(await render({ ...files, "other/z.yaml": "9", "app/unread.yaml": "9", README: "" })).toBe(first);
    expect([renderer.renders, hits]).toEqual([1, [false, true]]);
  });

  for (const [what, changed] of [
    ["a file that was read changes", { ...files, "app/x.yaml": "2" }],
    ["a file that was read goes", { "app/use": files["app/use"], "app/sub/y.yaml": "2" }],
    ["a file appears that was missed", { ...files, "app/gone.yaml": "here" }],
    ["a directory that was listed gets an entry", { ...files, "app/sub/new.yaml": "" }],
  ] as const) {
    test(`renders again when ${what}`, async () => {
      const { render, renderer } = rig();
      const before = await render(files);
      expect(await render(changed)).not.toEqual(before);
      expect(renderer.renders).toBe(2);
    });
  }

  test("keeps paths, specs and sources apart", async () => {
    const { render, renderer } = rig();
    await render(files);
    await render(files, "other");
    await render(files, "app", { spec: { ...SPEC, recurse: false } });
    await render(files, "app", { scope: "two" });
    expect(renderer.renders).toBe(4);
    await render(files, "app", { spec: { exclude: "", include: "", recurse: true, kind: "directory" } });
    expect(renderer.renders).toBe(4);
  });

  test("renders again when the value of a variable changes, and its memory shows no value", async () => {
    const { render, renderer } = rig();
    const specFor = (token: string): RenderSpec => ({
      kind: "kustomize",
      overrides: {},
      generate: false,
      substitute: { vars: { TOKEN: token }, strategy: "with-variables", strict: true },
    });
    const asked: string[] = [];
    const plain = LRUCache.prototype.get;
    vi.spyOn(LRUCache.prototype, "get").mockImplementation(function (this: LRUCache<string, object>, key) {
      asked.push(String(key));
      return plain.call(this, key);
    });
    await render(files, "app", { spec: specFor("canary-1") });
    await render(files, "app", { spec: specFor("canary-2") });
    await render(files, "app", { spec: specFor("canary-1") });
    expect(renderer.renders).toBe(2);
    expect(asked).toHaveLength(3);
    expect(asked.join()).not.toContain("canary");
  });

  test("a failed render is tried again and what was rendered before stays", async () => {
    const { cache, render, renderer } = rig();
    const good = await render(files);
    const plain = renderer.render.bind(renderer);
    renderer.render = () => Promise.reject(new RenderError("build", "x.yaml: line 1: no"));
    const bad = { tree: memoryTree({ ...files, "app/x.yaml": "!" }), path: "app", spec: SPEC, scope: "one" };
    for (let attempt = 0; attempt < 2; attempt++) await expect(cache.render(bad, signal)).rejects.toThrow("line 1");
    renderer.render = plain;
    expect(await render(files)).toBe(good);
    expect(await cache.render(bad, signal)).not.toBe(good);
  });

  test("holds no more entries than it may", async () => {
    const { render, renderer } = rig(2);
    for (const path of ["app", "other", "", "app"]) await render(files, path);
    expect(renderer.renders).toBe(4);
    await render(files, "");
    expect(renderer.renders).toBe(4);
  });
});
