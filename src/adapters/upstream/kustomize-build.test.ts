import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { goProgramPath } from "#adapters/go-program.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import { readSetHolds } from "#core/source/read-set.ts";
import type { MemoryFile } from "#core/source/memory-tree.ts";
import { HelperPool, defaultPoolOptions } from "./helper-pool.ts";
import { kustomizeBuild } from "./kustomize-build.ts";
import type { KustomizeBuild } from "./kustomize-build.ts";
import { UpstreamError } from "./upstream-error.ts";

const pool = new HelperPool(defaultPoolOptions(goProgramPath("holdfast-upstream")));
afterAll(() => pool.close());
const signal = new AbortController().signal;

const configMap = (name: string, extra = "") => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${extra}`;
const deployment = (image: string) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: ${image}
`;
const shop: Record<string, MemoryFile> = {
  "base/kustomization.yaml": "resources: [web.yaml, settings.yaml]\n",
  "base/web.yaml": deployment("registry.example/web:1.0"),
  "base/settings.yaml": configMap("settings", "data: {color: blue}\n"),
  "staging/kustomization.yaml": "namespace: staging\nnamePrefix: s-\nresources: [../base]\n",
  "production/kustomization.yaml":
    "namespace: production\nresources: [../base]\nimages: [{name: registry.example/web, newTag: '2.0'}]\n",
};

type Wanted = Omit<KustomizeBuild, "tree"> & { files?: Record<string, string> };

async function build(files: Record<string, MemoryFile>, wanted: Wanted) {
  return await kustomizeBuild(pool, { tree: memoryTree(files), ...wanted }, signal);
}

async function names(files: Record<string, MemoryFile>, wanted: Wanted): Promise<string[]> {
  const { resources } = await build(files, wanted);
  return resources.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? "-"}/${metadata.name}`);
}

async function refusal(files: Record<string, MemoryFile>, wanted: Wanted): Promise<UpstreamError> {
  const error = await build(files, wanted).catch((thrown: unknown) => thrown);
  if (error instanceof UpstreamError) return error;
  throw new Error(`not refused: ${JSON.stringify(error)}`);
}

function imageOf(result: { resources: readonly unknown[] }): unknown {
  const web = result.resources.find((resource) => (resource as { kind: string }).kind === "Deployment");
  return (web as { spec: { template: { spec: { containers: { image: string }[] } } } }).spec.template.spec
    .containers[0]!.image;
}

describe("kustomizeBuild()", () => {
  test("builds overlays over one base", async () => {
    expect(await names(shop, { path: "staging" })).toEqual([
      "Deployment staging/s-web",
      "ConfigMap staging/s-settings",
    ]);
    expect(imageOf(await build(shop, { path: "production" }))).toBe("registry.example/web:2.0");
  });

  test("records exactly the files, folders and absences that it asked for", async () => {
    const { readSet } = await build(shop, { path: "./staging/" });
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
    const { resources } = await build(shop, { path: "staging", overrides });
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
      expect(imageOf(await build(files, { path: "a", overrides }))).toBe(want);
    });
  }

  test("refuses a label that the file sets, unless forced", async () => {
    const files = { "kustomization.yaml": "commonLabels: {team: a}\nresources: [c.yaml]\n", "c.yaml": configMap("c") };
    const labels = { pairs: { team: "b" }, includeSelectors: true };
    expect((await refusal(files, { path: "", overrides: { labels } })).message).toMatch(/label team already/);
    const { resources } = await build(files, { path: "", overrides: { labels: { ...labels, force: true } } });
    expect(resources[0]!.metadata.labels).toEqual({ team: "b" });
  });

  test("appends components and can skip missing ones", async () => {
    const component = "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnameSuffix: -c\n";
    const files = { ...shop, "parts/one/kustomization.yaml": component };
    const components = ["../parts/one", "../parts/two"];
    expect((await refusal(files, { path: "staging", overrides: { components } })).message).toContain("parts/two");
    const overrides = { components, ignoreMissingComponents: true };
    expect(await names(files, { path: "staging", overrides })).toEqual([
      "Deployment staging/s-web-c",
      "ConfigMap staging/s-settings-c",
    ]);
  });

  test("lets given files stand before the tree's and keeps them out of the read set", async () => {
    const files = { "staging/kustomization.yaml": "resources: [../base]\nnameSuffix: -shadow\n" };
    const { resources, readSet } = await build(shop, { path: "staging", files });
    expect(resources[0]!.metadata.name).toBe("web-shadow");
    expect(readSet.some(({ path, kind }) => path === "staging/kustomization.yaml" && kind === "file")).toBe(false);
  });

  test("keeps integers that a double cannot hold", async () => {
    const crd = "apiVersion: example.com/v1\nkind: Big\nmetadata: {name: big}\nspec: {n: 9223372036854775807}\n";
    const { resources } = await build({ "kustomization.yaml": "resources: [big.yaml]", "big.yaml": crd }, { path: "" });
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
    const found = await names(files, { path: "app", generateIfMissing: true, overrides: { namespace: "n" } });
    expect(found).toEqual(["ConfigMap n/two", "ConfigMap n/three", "ConfigMap n/one", "ConfigMap n/z-four"]);
  });

  test("is empty for a folder without manifests", async () => {
    const { resources, readSet } = await build(files, { path: "empty", generateIfMissing: true });
    expect(resources).toEqual([]);
    expect(readSetHolds(readSet, memoryTree({ ...files, "empty/new.yaml": configMap("n") }))).toBe(false);
  });

  test("refuses a file that holds no Kubernetes objects, naming it", async () => {
    const { message } = await refusal(
      { ...files, "app/values.yaml": "replicas: 3\n" },
      { path: "app", generateIfMissing: true },
    );
    expect(message).toMatch(/^app\/values\.yaml: does not hold Kubernetes objects/);
  });

  test("refuses folders with too many files, naming the folder", async () => {
    const crowd = (count: number, at: (i: number) => string) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [at(i), ""]));
    const wide = await refusal(
      crowd(50_001, (i) => `app/wide/${i}.txt`),
      { path: "app", generateIfMissing: true },
    );
    expect(wide.message).toBe('"app/wide" has more than 50000 files in one folder');
    const many = await refusal(
      crowd(50_001, (i) => `app/${i % 100}/${i}.txt`),
      { path: "app", generateIfMissing: true },
    );
    expect(many.message).toBe("app: more than 50000 files below a folder without a kustomization");
  });

  test("is refused unless asked for", async () => {
    expect((await refusal(files, { path: "app" })).message).toMatch(/unable to find one of 'kustomization.yaml'/);
  });

  test("drops unknown fields of a present file only then", async () => {
    const odd = { "kustomization.yaml": "resources: [c.yaml]\noddity: 1\n", "c.yaml": configMap("c") };
    expect(await names(odd, { path: "", generateIfMissing: true, overrides: { namespace: "n" } })).toEqual([
      "ConfigMap n/c",
    ]);
    const refused = await refusal(odd, { path: "", overrides: { namespace: "n" } });
    expect(refused.message).toMatch(/^kustomization\.yaml: .*unknown field "oddity"/);
  });
});

describe("kustomizeBuild() refuses", () => {
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    ..."bcdefghij".split("").map((key, i) => `${key}: &${key} [${Array(9).fill(`*${"abcdefghij"[i]}`).join(",")}]`),
  ].join("\n");
  const kustomization = (text: string, more: Record<string, MemoryFile> = {}) => ({
    "app/kustomization.yaml": text,
    ...more,
  });
  const cases: { name: string; files: Record<string, MemoryFile>; code: string; message: RegExp; path?: string }[] = [
    {
      name: "broken YAML by file and line",
      files: kustomization("resources: [x.yaml]", { "app/x.yaml": `${configMap("a")}---\nkind: A\n  b: c\n` }),
      code: "invalid-yaml",
      message: /^app\/x\.yaml:7: mapping values are not allowed/,
    },
    {
      name: "a broken kustomization by file and line",
      files: kustomization("resources:\n- [\n"),
      code: "invalid-yaml",
      message: /^app\/kustomization\.yaml:\d: /,
    },
    {
      name: "a missing file by name",
      files: kustomization("resources: [gone.yaml]"),
      code: "failed",
      message:
        /^accumulating resources: accumulating resources from 'gone\.yaml': read app\/gone\.yaml: file does not exist$/,
    },
    {
      name: "the same object twice by both places",
      files: kustomization("resources: [a.yaml, sub]", {
        "app/a.yaml": `${configMap("x")}---\n${configMap("a")}`,
        "app/sub/kustomization.yaml": "resources: [b.yaml]\npatches: [{path: p.yaml}]",
        "app/sub/b.yaml": configMap("a"),
        "app/sub/p.yaml": configMap("a"),
      }),
      code: "failed",
      message: /already registered id: ConfigMap.*\(in app\/a\.yaml:6 and app\/sub\/b\.yaml:1\)$/,
    },
    { name: "a missing path", files: {}, code: "missing-path", message: /"app" is no directory/ },
    {
      name: "a remote base",
      files: kustomization("resources: ['https://user:pw@git.example/org/repo//deploy?ref=v1']"),
      code: "remote-refused",
      message: /^app\/kustomization\.yaml: "https:\/\/git\.example\/org\/repo/,
    },
    {
      name: "a remote base over ssh",
      files: kustomization("resources: ['git@git.example:org/repo.git']"),
      code: "remote-refused",
      message: /git\.example:org\/repo/,
    },
    {
      name: "a remote component",
      files: kustomization("components: ['github.com/org/repo/part']"),
      code: "remote-refused",
      message: /github\.com\/org\/repo/,
    },
    {
      name: "a remote file in a generator",
      files: kustomization("configMapGenerator: [{name: c, files: ['a=https://web.example/a']}]"),
      code: "remote-refused",
      message: /web\.example/,
    },
    {
      name: "a remote patch",
      files: kustomization("resources: [c.yaml]\npatches: [{path: 'http://web.example/p.yaml'}]", {
        "app/c.yaml": configMap("c"),
      }),
      code: "remote-refused",
      message: /web\.example/,
    },
    {
      name: "a path that leaves the repository",
      files: kustomization("resources: [../../secret.yaml]"),
      code: "outside-tree",
      message: /secret\.yaml" leaves the repository/,
    },
    {
      name: "an absolute path",
      files: kustomization("configMapGenerator: [{name: c, files: [/etc/passwd]}]"),
      code: "outside-tree",
      message: /etc\/passwd" leaves the repository/,
    },
    {
      name: "a root that leaves the repository",
      files: shop,
      path: "../app",
      code: "outside-tree",
      message: /app" leaves/,
    },
    {
      name: "a link that leaves the repository",
      files: kustomization("resources: [x.yaml]", { "app/x.yaml": { link: "../../x" } }),
      code: "outside-tree",
      message: /"app\/x\.yaml" leaves/,
    },
    {
      name: "links in a circle",
      files: kustomization("resources: [x.yaml]", { "app/x.yaml": { link: "x.yaml" } }),
      code: "link-loop",
      message: /"app\/x\.yaml" follows links in a circle/,
    },
    {
      name: "a folder that contains itself through a link",
      files: kustomization("resources: [c]", { "app/c": { link: "." } }),
      code: "failed",
      message: /cycle detected/,
    },
    {
      name: "Helm charts",
      files: kustomization("helmCharts: [{name: c, repo: 'https://charts.example'}]"),
      code: "helm-refused",
      message: /helmCharts/,
    },
    {
      name: "programs as generators",
      files: kustomization("generators: [g.yaml]", {
        "app/g.yaml":
          "apiVersion: x.example/v1\nkind: G\nmetadata:\n  name: g\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: /bin/true}\n",
      }),
      code: "failed",
      message: /only.*built.*in|external plugins disabled/i,
    },
    {
      name: "an alias bomb in a manifest",
      files: kustomization("resources: [b.yaml]", { "app/b.yaml": `${configMap("b")}${bomb}` }),
      code: "alias-bomb",
      message: /^app\/b\.yaml/,
    },
    {
      name: "an alias bomb in an inline patch",
      files: kustomization(`resources: [c.yaml]\npatches:\n- patch: |\n${bomb.replaceAll(/^/gm, "    ")}\n`, {
        "app/c.yaml": configMap("c"),
      }),
      code: "alias-bomb",
      message: /^app\/kustomization\.yaml/,
    },
    {
      name: "a file over the size cap",
      files: kustomization("resources: [big.yaml]", { "app/big.yaml": new Uint8Array(17 * 2 ** 20) }),
      code: "too-large",
      message: /^app\/big\.yaml: has 17 MiB, more than the allowed 16/,
    },
    {
      name: "a value nested too deep",
      files: kustomization("resources: [d.yaml]", {
        "app/d.yaml": configMap("d", `x: ${"[".repeat(400)}${"]".repeat(400)}\n`),
      }),
      code: "too-deep",
      message: /nested/,
    },
  ];
  for (const { name, files, code, message, path = "app" } of cases) {
    test(name, async () => {
      const startedAt = performance.now();
      const refused = await refusal(files, { path });
      expect(refused.message).toMatch(message);
      expect(refused.code).toBe(code);
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      expect(await names(shop, { path: "staging" })).toHaveLength(2);
    });
  }

  const secret = "c2VjcmV0-pass!word";
  const leaks: { name: string; files: Record<string, MemoryFile> }[] = [
    { name: "a literal", files: kustomization(`secretGenerator: [{name: s, literals: ['${secret}']}]`) },
    {
      name: "an environment file",
      files: kustomization("secretGenerator: [{name: s, envs: [e]}]", {
        "app/e": Buffer.concat([Buffer.from(`key=${secret}`), Uint8Array.of(0xff)]),
      }),
    },
    {
      name: "an inline patch",
      files: kustomization(`resources: [c.yaml]\npatches:\n- patch: |\n    data: ${secret}\n`, {
        "app/c.yaml": configMap("c"),
      }),
    },
    {
      name: "an inline JSON patch",
      files: kustomization(
        `resources: [c.yaml]\npatchesJson6902:\n- patch: '[{"op": "add", "path": "/x", "value": "${secret}"}]'\n`,
        { "app/c.yaml": configMap("c") },
      ),
    },
    {
      name: "both kinds of patch",
      files: kustomization(`resources: [c.yaml]\npatches:\n- path: c.yaml\n  patch: |\n    data: ${secret}\n`, {
        "app/c.yaml": configMap("c"),
      }),
    },
    { name: "a wrong type", files: kustomization(`resources: ${secret}\n`) },
    { name: "a plain text", files: kustomization("resources: [c.yaml]\n", { "app/c.yaml": `${secret}\n` }) },
  ];
  for (const { name, files } of leaks) {
    test(`without quoting ${name}`, async () => {
      expect((await refusal(files, { path: "app" })).message).not.toContain("pass");
    });
  }
});

test("kustomizeBuild() passes on what the tree throws and keeps the helper", async () => {
  const tree = memoryTree(shop);
  const broken = { ...tree, read: () => Promise.reject(new Error("Cannot read: the disk is gone")) };
  const before = pool.pids;
  await expect(kustomizeBuild(pool, { tree: broken, path: "staging" }, signal)).rejects.toThrow("the disk is gone");
  expect(pool.pids).toEqual(before);
});

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
        const first = await build(start, { path, generateIfMissing: true });
        const changed = { ...start };
        for (const { place, content } of changes) {
          if (content === null) delete changed[place];
          else changed[place] = content;
        }
        if (!readSetHolds(first.readSet, memoryTree(changed))) return;
        held++;
        expect(await build(changed, { path, generateIfMissing: true })).toEqual(first);
      },
    ),
    { numRuns: 150 },
  );
  expect(held).toBeGreaterThan(20);
});
