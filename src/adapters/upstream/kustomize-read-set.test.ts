import fc from "fast-check";
import { afterAll, expect, test, vi } from "vitest";
import { memoryTree } from "#core/source/memory-tree.ts";
import { readSetHolds } from "#core/source/read-set.ts";
import type { MemoryFile } from "#core/source/memory-tree.ts";
import { KustomizeBench, configMap, shop } from "./kustomize-bench.ts";

// Helpers share the processors with every other test.
vi.setConfig({ testTimeout: 30_000 });

const bench = new KustomizeBench();
afterAll(() => bench.pool.close());

test("kustomizeBuild() gives the same result on every tree on which its read set holds", async () => {
  const start: Record<string, MemoryFile> = {
    ...shop,
    "plain/a.yaml": configMap("a"),
    "plain/sub/b.yaml": configMap("b"),
    "linked/kustomization.yaml": "resources: [there]\n",
    "linked/there": { link: "../plain-base" },
    "plain-base/kustomization.yaml": "resources: [x.yaml]\n",
    "plain-base/x.yaml": configMap("x"),
  };
  const places = [
    ...Object.keys(start),
    "plain/c.yaml",
    "plain/sub/kustomization.yaml",
    "plain/kustomization.yml",
    "staging/kustomization.yml",
    "base/extra.txt",
    "other/x",
  ];
  const contents: MemoryFile[] = [
    configMap("other"),
    "resources: []\n",
    "resources: [x.yaml]\nnamePrefix: q-\n",
    { link: "../base" },
  ];
  const change = fc.record({ place: fc.constantFrom(...places), content: fc.constantFrom(null, ...contents) });
  let held = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("staging", "plain", "linked"),
      fc.array(change, { minLength: 1, maxLength: 2 }),
      async (path, changes) => {
        const first = await bench.build(start, { path, generateIfMissing: true });
        const changed = { ...start };
        for (const { place, content } of changes) {
          if (content === null) delete changed[place];
          else changed[place] = content;
        }
        if (!readSetHolds(first.readSet, memoryTree(changed))) return;
        held++;
        expect(await bench.build(changed, { path, generateIfMissing: true })).toEqual(first);
      },
    ),
    { numRuns: 80 },
  );
  expect(held).toBeGreaterThan(10);
});
