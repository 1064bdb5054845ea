import { afterAll, describe, expect, test, vi } from "vitest";
import { goProgramPath } from "#adapters/go-program.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import { readSetHolds } from "#core/source/read-set.ts";
import type { MemoryFile } from "#core/source/memory-tree.ts";
import { HelperPool, defaultPoolOptions } from "./helper-pool.ts";
import { KustomizeBench, configMap, deployment, shop } from "./kustomize-bench.ts";
import { kustomizeBuild } from "./kustomize-build.ts";

// Helpers share the processors with every other test.
vi.setConfig({ testTimeout: 30_000 });

const bench = new KustomizeBench();
afterAll(() => bench.pool.close());
const signal = new AbortController().signal;

function imageOf(result: { resources: readonly unknown[] }): unknown {
  const web = result.resources.find((resource) => (resource as { kind: string }).kind === "Deployment");
  return (web as { spec: { template: { spec: { containers: { image: string }[] } } } }).spec.template.spec
    .containers[0]!.image;
}

describe("kustomizeBuild()", () => {
  test("builds overlays over one base", async () => {
    expect(await bench.names(shop, { path: "staging" })).toEqual([
      "Deployment staging/s-web",
      "ConfigMap staging/s-settings",
    ]);
    expect(imageOf(await bench.build(shop, { path: "production" }))).toBe("registry.example/web:2.0");
  });

  test("records exactly the files, folders and absences that it asked for", async () => {
    const { readSet } = await bench.build(shop, { path: "./staging/" });
    expect(readSet.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      "directory base",
      "absent base/Kustomization",
      "file base/kustomization.yaml",
      "absent base/kustomization.yml",
      "file base/settings.yaml",
      "file base/web.yaml",
      "directory staging",
      "absent staging/Kustomization",
      "file staging/kustomization.yaml",
      "absent staging/kustomization.yml",
    ]);
  });

  test("merges overrides into the kustomization of the path", async () => {
    const overrides = {
      namespace: "other",
      nameSuffix: "-x",
      patches: [{ patch: "- {op: add, path: /data/size, value: big}", target: { kind: "ConfigMap" } }],
      replicas: [{ name: "web", count: 3 }],
      labels: { pairs: { team: "a" } },
      annotations: { pairs: { note: "b" } },
    };
    const { resources } = await bench.build(shop, { path: "staging", overrides });
    expect(resources[1]).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "s-settings-x", namespace: "other", labels: { team: "a" }, annotations: { note: "b" } },
      data: { color: "blue", size: "big" },
    });
    expect(resources[0]).toMatchObject({ spec: { replicas: 3 } });
  });

  const images = [
    {
      name: "a tag given by field clears the digest",
      file: "{name: w, newName: v, digest: 'sha256:1'}",
      given: { newTag: "3" },
      want: "v:3",
    },
    {
      name: "a digest given by field clears the tag",
      file: "{name: w, newTag: '1'}",
      given: { digest: "sha256:2" },
      want: "w@sha256:2",
    },
    {
      name: "a name given by field keeps the tag",
      file: "{name: w, newTag: '1'}",
      given: { newName: "u" },
      want: "u:1",
    },
    {
      name: "a replacing image drops the rest",
      file: "{name: w, newName: v, newTag: '1'}",
      given: { newTag: "3" },
      mode: "replace",
      want: "w:3",
    },
    {
      name: "a replacing image keeps what is *",
      file: "{name: w, newName: v}",
      given: { newName: "*", newTag: "3" },
      mode: "replace",
      want: "v:3",
    },
  ] as const;
  for (const { name, file, given, want, ...rest } of images) {
    test(`merges images: ${name}`, async () => {
      const files = {
        "a/kustomization.yaml": `resources: [d.yaml]\nimages: [${file}]\n`,
        "a/d.yaml": deployment("w:0"),
      };
      const overrides = {
        images: [{ name: "w", ...given }],
        imageMerge: "mode" in rest ? rest.mode : "fields",
      } as const;
      expect(imageOf(await bench.build(files, { path: "a", overrides }))).toBe(want);
    });
  }

  test("refuses a label that the file sets, unless forced", async () => {
    const files = { "kustomization.yaml": "commonLabels: {team: a}\nresources: [c.yaml]\n", "c.yaml": configMap("c") };
    const labels = { pairs: { team: "b" }, includeSelectors: true };
    expect((await bench.refusal(files, { path: "", overrides: { labels } })).message).toMatch(/label team already/);
    const { resources } = await bench.build(files, { path: "", overrides: { labels: { ...labels, force: true } } });
    expect(resources[0]!.metadata.labels).toEqual({ team: "b" });
  });

  test("appends components and can skip missing ones", async () => {
    const component = "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnameSuffix: -c\n";
    const files = { ...shop, "parts/one/kustomization.yaml": component };
    const components = ["../parts/one", "../parts/two"];
    expect((await bench.refusal(files, { path: "staging", overrides: { components } })).message).toContain("parts/two");
    const overrides = { components, ignoreMissingComponents: true };
    expect(await bench.names(files, { path: "staging", overrides })).toEqual([
      "Deployment staging/s-web-c",
      "ConfigMap staging/s-settings-c",
    ]);
  });

  test("lets given files stand before the tree's and keeps them out of the read set", async () => {
    const files = { "staging/kustomization.yaml": "resources: [../base]\nnameSuffix: -shadow\n" };
    const { resources, readSet } = await bench.build(shop, { path: "staging", files });
    expect(resources[0]!.metadata.name).toBe("web-shadow");
    expect(readSet.some(({ path, kind }) => path === "staging/kustomization.yaml" && kind === "file")).toBe(false);
  });

  test("keeps integers that a double cannot hold", async () => {
    const crd = "apiVersion: example.com/v1\nkind: Big\nmetadata: {name: big}\nspec: {n: 9223372036854775807}\n";
    const { resources } = await bench.build(
      { "kustomization.yaml": "resources: [big.yaml]", "big.yaml": crd },
      { path: "" },
    );
    expect(JSON.stringify(resources[0])).toContain('"n":9223372036854775807');
  });

  test("forgets a custom schema before the next build", async () => {
    const schema = JSON.stringify({
      definitions: {
        "v1.Deployment": { "x-kubernetes-group-version-kind": [{ group: "apps", version: "v1", kind: "Deployment" }] },
      },
    });
    const patched = "resources: [d.yaml]\npatches: [{path: p.yaml}]\n";
    const patch = `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: side, image: s}]}}}\n`;
    const files = {
      "a/kustomization.yaml": `${patched}openapi: {path: s.json}\n`,
      "a/s.json": schema,
      "b/kustomization.yaml": patched,
      ...Object.fromEntries(
        ["a", "b"].flatMap((at) => [
          [`${at}/d.yaml`, deployment("w")],
          [`${at}/p.yaml`, patch],
        ]),
      ),
    };
    const single = new HelperPool({ ...defaultPoolOptions(goProgramPath("holdfast-upstream")), size: 1 });
    const containers = async (path: string) =>
      (await kustomizeBuild(single, { tree: memoryTree(files), path }, signal)).resources.flatMap((resource) =>
        (
          resource as unknown as { spec: { template: { spec: { containers: { name: string }[] } } } }
        ).spec.template.spec.containers.map(({ name }) => name),
      );
    expect(await containers("a")).toEqual(["side"]);
    expect(await containers("b")).toEqual(["side", "web"]);
    await single.close();
  });
});

describe("kustomizeBuild() without a kustomization", () => {
  const files: Record<string, MemoryFile> = {
    "app/one.yaml": configMap("one"),
    "app/deep/er/two.yml": `${configMap("two")}---\n${configMap("three")}`,
    "app/README.md": "text: [",
    "app/zone/kustomization.yml": "resources: [z.yaml]\nnamePrefix: z-\n",
    "app/zone/z.yaml": configMap("four"),
    "app/zone/not-listed.yaml": "{",
    "empty/readme.txt": "nothing",
  };

  test("adds every manifest, and folders that have one whole", async () => {
    const found = await bench.names(files, { path: "app", generateIfMissing: true, overrides: { namespace: "n" } });
    expect(found).toEqual(["ConfigMap n/two", "ConfigMap n/three", "ConfigMap n/one", "ConfigMap n/z-four"]);
  });

  test("is empty for a folder without manifests", async () => {
    const { resources, readSet } = await bench.build(files, { path: "empty", generateIfMissing: true });
    expect(resources).toEqual([]);
    expect(readSetHolds(readSet, memoryTree({ ...files, "empty/new.yaml": configMap("n") }))).toBe(false);
  });

  test("refuses a file that holds no Kubernetes objects, naming it", async () => {
    const { message } = await bench.refusal(
      { ...files, "app/values.yaml": "replicas: 3\n" },
      { path: "app", generateIfMissing: true },
    );
    expect(message).toMatch(/^app\/values\.yaml: does not hold Kubernetes objects/);
  });

  test("refuses folders with too many files, naming the folder", async () => {
    const crowd = (count: number, at: (i: number) => string) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [at(i), ""]));
    const wide = await bench.refusal(
      crowd(50_001, (i) => `app/wide/${i}.txt`),
      { path: "app", generateIfMissing: true },
    );
    expect(wide.message).toBe('"app/wide" has more than 50000 files in one folder');
    const many = await bench.refusal(
      crowd(50_001, (i) => `app/${i % 100}/${i}.txt`),
      { path: "app", generateIfMissing: true },
    );
    expect(many.message).toBe("app: more than 50000 files below a folder without a kustomization");
  });

  test("is refused unless asked for", async () => {
    expect((await bench.refusal(files, { path: "app" })).message).toMatch(/unable to find one of 'kustomization.yaml'/);
  });

  test("drops unknown fields of a present file only then", async () => {
    const odd = { "kustomization.yaml": "resources: [c.yaml]\noddity: 1\n", "c.yaml": configMap("c") };
    expect(await bench.names(odd, { path: "", generateIfMissing: true, overrides: { namespace: "n" } })).toEqual([
      "ConfigMap n/c",
    ]);
    const refused = await bench.refusal(odd, { path: "", overrides: { namespace: "n" } });
    expect(refused.message).toMatch(/^kustomization\.yaml: .*unknown field "oddity"/);
  });
});

test("kustomizeBuild() passes on what the tree throws and keeps the helper", async () => {
  const tree = memoryTree(shop);
  const broken = { ...tree, read: () => Promise.reject(new Error("Cannot read: the disk is gone")) };
  const before = bench.pool.pids;
  await expect(kustomizeBuild(bench.pool, { tree: broken, path: "staging" }, signal)).rejects.toThrow(
    "the disk is gone",
  );
  expect(bench.pool.pids).toEqual(before);
});
