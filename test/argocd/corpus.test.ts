import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { HelperPools } from "#adapters/upstream/helper-pools.ts";
import { upstreamRenderer } from "#adapters/upstream/upstream-renderer.ts";
import { yamlDecode } from "#adapters/upstream/yaml-decode.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { usualKustomize } from "#dialects/argocd/settings-kustomize.ts";
import { usualSources } from "#dialects/argocd/settings-source.ts";
import type { SourceFields } from "#dialects/argocd/source-schema.ts";
import { renderSpec } from "#dialects/argocd/source-spec.ts";
import { dataKeysOf } from "#adapters/upstream/sops-bench.ts";
import { officialTool } from "../support/official-tool.ts";

// The real programs are slow to start where processors are shared.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const corpus = join(import.meta.dirname, "testdata/corpus");
const KUBE_VERSION = "1.34.2";
const pools = new HelperPools();
const renderer = upstreamRenderer(pools, dataKeysOf());
const { signal } = new AbortController();
let tree: FileTree;
let home: string;
const programs = { helm: "", kubectl: "" };

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "holdfast-corpus-"));
  for (const name of ["helm", "kubectl"] as const) programs[name] = await officialTool(name);
  // The kustomize in kubectl knows no helm newer than 3.
  const script = `#!/bin/sh\nif [ "$1" = version ]; then echo v3.19.0; else exec "${programs.helm}" "$@"; fi\n`;
  await writeFile(helmOf(home), script, { mode: 0o755 });
  const listed = await readdir(corpus, { recursive: true, withFileTypes: true });
  const files = listed.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(
    files.map(async (file) => [relative(corpus, file), await readFile(file)] as const),
  );
  tree = memoryTree(Object.fromEntries(contents));
});
afterAll(async () => {
  await pools.close();
  await rm(home, { recursive: true, force: true });
});

function helmOf(folder: string): string {
  return join(folder, "helm");
}

/** What an Application's source becomes, in an order of its own. */
async function rendered(fields: Partial<SourceFields> & { path: string }): Promise<readonly unknown[]> {
  const spec = renderSpec(
    { repoURL: "https://git.example/corpus", ...fields },
    {
      place: "spec.source",
      refs: new Set(),
      release: { name: "r", namespace: "shop" },
      kustomize: { ...usualKustomize, options: { enableHelm: true } },
      plugins: false,
      sources: usualSources,
      environment: null,
      cluster: { kubeVersion: KUBE_VERSION, apiVersions: [] },
    },
  );
  if (!spec.ok) throw new Error(JSON.stringify(spec.error));
  const { resources } = await renderer.render({ tree, path: fields.path, spec: spec.value }, signal);
  return sorted(resources);
}

/** What an official program prints, as objects. */
async function official(program: "helm" | "kubectl", args: readonly string[]): Promise<readonly unknown[]> {
  const env = { HOME: home, KUBECONFIG: join(home, "none"), TZ: "UTC" };
  const { stdout } = await promisify(execFile)(programs[program], args, { cwd: corpus, env, maxBuffer: 2 ** 26 });
  const [file] = await yamlDecode(pools.small, [{ path: "official", content: Buffer.from(stdout) }], signal);
  return sorted(file?.documents.map(({ object }) => object) ?? []);
}

function sorted(objects: readonly object[]): readonly object[] {
  const key = (object: object) => {
    const { kind, metadata } = object as { kind: string; metadata: { namespace?: string; name: string } };
    return `${kind}/${metadata.namespace ?? ""}/${metadata.name}`;
  };
  return objects.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

const kustomize = (path: string) => {
  const flags = "--load-restrictor LoadRestrictionsNone --enable-helm --helm-kube-version";
  return ["kustomize", path, ...flags.split(" "), KUBE_VERSION, "--helm-command", helmOf(home)];
};
const template = (...more: string[]) => templateOf("shop", ...more);
const templateOf = (chart: string, ...more: string[]) => {
  const flags = `template r charts/${chart} --namespace shop --kube-version`;
  return [...flags.split(" "), KUBE_VERSION, ...more];
};

describe("an Application is rendered as the official programs do", () => {
  const values = { memory: { size: 7 }, extra: { A: "1", B: null } };
  const cases: {
    name: string;
    source: Partial<SourceFields> & { path: string };
    by: () => Promise<readonly unknown[]>;
  }[] = [
    { name: "base", source: { path: "overlays/base" }, by: () => official("kubectl", kustomize("overlays/base")) },
    {
      name: "overlay",
      source: { path: "overlays/production" },
      by: () => official("kubectl", kustomize("overlays/production")),
    },
    {
      name: "overlay-of-overlay",
      source: { path: "overlays/staging" },
      by: () => official("kubectl", kustomize("overlays/staging")),
    },
    { name: "inflated", source: { path: "inflated" }, by: () => official("kubectl", kustomize("inflated")) },
    {
      name: "edited",
      source: {
        path: "overlays/base",
        kustomize: {
          namePrefix: "x-",
          nameSuffix: "-y",
          namespace: "shop",
          images: ["registry.example:5000/shop/web=other/web:3"],
          replicas: [{ name: "web", count: 2 }],
          commonLabels: { release: "r" },
          commonAnnotations: { owner: "ada" },
          components: ["../metrics"],
          patches: [{ target: { kind: "Service" }, patch: "- {op: replace, path: /spec/ports/0/port, value: 81}" }],
        },
      },
      by: () => official("kubectl", kustomize("overlays/edited")),
    },
    { name: "chart", source: { path: "charts/shop" }, by: () => official("helm", template("--include-crds")) },
    {
      name: "chart-values",
      source: {
        path: "charts/shop",
        helm: {
          valueFiles: ["production.yaml"],
          valuesObject: values,
          parameters: [
            { name: "replicas", value: "5" },
            { name: "extra.C", value: "007", forceString: true },
            { name: "hosts[0]", value: "c.example" },
          ],
          apiVersions: ["example.io/v1"],
        },
      },
      by: () =>
        official(
          "helm",
          template(
            ...`--include-crds -f charts/shop/production.yaml --set replicas=5 --set hosts[0]=c.example`.split(" "),
            ...`--set-string extra.C=007 --api-versions example.io/v1 --set-json`.split(" "),
            `memory=${JSON.stringify(values.memory)}`,
            "--set-json",
            `extra=${JSON.stringify(values.extra)}`,
          ),
        ),
    },
    {
      name: "chart-without",
      source: { path: "charts/shop", helm: { skipCrds: true, skipTests: true, values: "memory: {enabled: false}\n" } },
      by: () => official("helm", template("--skip-tests", "--set", "memory.enabled=false")),
    },
    {
      name: "templates",
      source: { path: "charts/tools", helm: { apiVersions: ["apps/v1/Deployment"] } },
      by: () => official("helm", templateOf("tools", "--api-versions", "apps/v1/Deployment")),
    },
    {
      name: "templates-values",
      source: {
        path: "charts/tools",
        helm: {
          releaseName: "other",
          values:
            "tags: {cold: true}\nremoved: null\nextra: {a: 'yes', b: '0x10'}\narchive: {size: 9, selector: {app: old}}\n",
          parameters: [
            { name: "store.enabled", value: "false" },
            { name: "list", value: "{three,four\\,five}" },
            { name: "names.gamma", value: "3" },
          ],
          fileParameters: [{ name: "extra.file", path: "files/a.txt" }],
        },
      },
      by: () =>
        official("helm", [
          ...templateOf("tools").with(1, "other"),
          ..."--set tags.cold=true,removed=null,archive.size=9,archive.selector.app=old".split(" "),
          ..."--set-string extra.a=yes,extra.b=0x10 --set-file extra.file=charts/tools/files/a.txt".split(" "),
          ..."--set store.enabled=false,names.gamma=3 --set list={three,four\\,five}".split(" "),
        ]),
    },
  ];
  for (const { name, source, by } of cases) {
    test(name, async () => {
      const ours = await rendered(source);
      expect(ours).toEqual(await by());
      await expect(`${JSON.stringify(ours, null, 2)}\n`).toMatchFileSnapshot(`testdata/golden/${name}.json`);
    });
  }

  test("jsonnet", async () => {
    const jsonnet = {
      libs: ["jsonnet/lib"],
      extVars: [{ name: "only", value: "here" }],
      tlas: [{ name: "size", value: "3", code: true }],
    };
    const ours = await rendered({ path: "jsonnet/app", directory: { jsonnet } });
    await expect(`${JSON.stringify(ours, null, 2)}\n`).toMatchFileSnapshot("testdata/golden/jsonnet.json");
  });
});
