import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { TemplateSpec } from "#core/app/render-spec.ts";
import { stableText } from "#core/resource/stable-text.ts";
import { packedChartName } from "#core/source/helm-ref.ts";
import { memoryTree, type MemoryFile } from "#core/source/memory-tree.ts";
import { withNamedSources } from "#core/source/named-sources.ts";
import { readSetHolds } from "#core/source/read-set.ts";
import { basesFolder, folderOfBase } from "#core/source/remote-base.ts";
import { MissingBasesError } from "#core/source/render-error.ts";
import { mountedTree } from "#core/source/mounted-tree.ts";
import { officialTool } from "#test/support/official-tool.ts";
import { renderTemplate } from "./chart-template.ts";
import { chartYaml, HelmBench, packedChart } from "./helm-bench.ts";

const bench = new HelmBench();
const { signal } = new AbortController();
afterAll(() => bench.pool.close());

const spec: TemplateSpec = {
  kind: "template",
  isPacked: false,
  mayNest: false,
  release: { name: "shop", namespace: "web" },
  valueFiles: [],
  ignoreMissingValueFiles: false,
  values: [],
  capabilities: { kubeVersion: "1.31.0", apiVersions: ["example.com/v1/Gadget"] },
  skipCrds: false,
  skipTests: false,
  skipSchemaValidation: false,
};
const own = (path: string) => ({ source: null, path });

/** An object that says all values that templates see. */
const TOLD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: told}\ndata: {v: {{ .Values | toJson | quote }}}\n";
const chart = { "web/Chart.yaml": chartYaml("web"), "web/values.yaml": "a: chart\n", "web/templates/t.yaml": TOLD };

async function valuesOf(files: Record<string, MemoryFile>, wanted: Partial<TemplateSpec>): Promise<unknown> {
  const tree = memoryTree({ ...chart, ...files });
  const { resources } = await renderTemplate(bench.pool, { tree, path: "web", spec: { ...spec, ...wanted } }, signal);
  const told = resources[0]?.["data"] as { v?: string } | undefined;
  return JSON.parse(told?.v ?? "null");
}

describe("what helm template prints is what is rendered", () => {
  let folder = "";
  let program = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "helm-template-"));
    program = await officialTool("helm");
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const job = (name: string, hook: string) =>
    `apiVersion: batch/v1\nkind: Job\nmetadata: {name: ${name}, annotations: {helm.sh/hook: "${hook}"}}\n`;
  const files = {
    "Chart.yaml": chartYaml("web"),
    "values.yaml": "a: 1\nbig: 10000000\nlist: [1, 2]\nmap: {x: 1}\n",
    "values-b.yaml": "b: from file\nmap: {z: 2}\n",
    "extra.txt": "one\ntwo",
    "templates/t.yaml": `${TOLD}---\napiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Secret, metadata: {name: s}}]\n`,
    "templates/caps.yaml":
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: caps}\ndata: {k: "{{ .Capabilities.KubeVersion }}", g: "{{ .Capabilities.APIVersions.Has "example.com/v1/Gadget" }}", d: "{{ .Capabilities.APIVersions.Has "apps/v1/Deployment" }}", u: "{{ .Release.IsUpgrade }}", r: "{{ .Release.Revision }}", l: {{ lookup "v1" "Pod" "" "" | toJson | quote }}}\n',
    "templates/before.yaml": job("before", "pre-install,pre-upgrade"),
    "templates/tests/check.yaml": job("check", "test"),
    "crds/a.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.b.c}\n",
  };
  const cases: { name: string; flags: string[]; wanted: Partial<TemplateSpec> }[] = [
    { name: "as it is", flags: ["--include-crds"], wanted: {} },
    {
      name: "values of every kind",
      flags: [
        "--include-crds",
        "-f",
        "values-b.yaml",
        "--set",
        "list[1]=7,a=two,map.x=null",
        "--set",
        "s={p,q}",
        "--set-string",
        "big=10",
        "--set-file",
        "c=extra.txt",
      ],
      wanted: {
        valueFiles: [own("values-b.yaml")],
        values: [
          { set: { path: "list[1]", value: "7,a=two", as: "typed" } },
          { set: { path: "map.x", value: "null", as: "typed" } },
          { set: { path: "s", value: "{p,q}", as: "typed" } },
          { set: { path: "big", value: "10", as: "string" } },
          { path: "c", file: own("extra.txt") },
        ],
      },
    },
    { name: "without definitions", flags: ["--skip-crds"], wanted: { skipCrds: true } },
    { name: "without tests", flags: ["--include-crds", "--skip-tests"], wanted: { skipTests: true } },
  ];
  for (const { name, flags, wanted } of cases) {
    test(
      name,
      async () => {
        for (const [path, text] of Object.entries(files)) {
          await mkdir(dirname(join(folder, path)), { recursive: true });
          await writeFile(join(folder, path), text);
        }
        const options = ["--kube-version", "1.31.0", "-a", "example.com/v1/Gadget", ...flags];
        const args = ["template", "shop", ".", "-n", "web", ...options];
        const env = { HOME: folder, KUBECONFIG: join(folder, "none"), HELM_CACHE_HOME: folder };
        const { stdout } = await promisify(execFile)(program, args, { env, cwd: folder });
        const printed = parseAllDocuments(stdout, { version: "1.1" })
          .map((document) => document.toJS() as { kind?: string; items?: unknown[] } | null)
          .flatMap((object) => (object?.kind === "List" ? (object.items ?? []) : (object ?? [])));
        const input = { tree: memoryTree(files), path: "", spec: { ...spec, ...wanted } };
        const { resources } = await renderTemplate(bench.pool, input, signal);
        expect(resources.map(stableText).sort()).toEqual(printed.map(stableText).sort());
      },
      120_000,
    );
  }
});

describe("values", () => {
  const files = { "env/a.yaml": "a: a\nx: 1\n", "env/deep/b.yaml": "a: b\nz: 1\n", "env/c.txt": "a: c\n" };
  const pattern = { valueFiles: [own("env/**/*.yaml")] };

  test("of a pattern come in the order of their names, and below what follows", async () => {
    expect(await valuesOf(files, pattern)).toEqual({ a: "b", x: 1, z: 1 });
    const spared = { valueFiles: [own("env/**/*.yaml"), own("env/a.yaml")] };
    expect(await valuesOf(files, spared)).toEqual({ a: "a", x: 1, z: 1 });
    const first = { valueFiles: [own("env/a.yaml"), own("env/**/*.yaml")] };
    expect(await valuesOf(files, first)).toEqual({ a: "b", x: 1, z: 1 });
  });

  test("of files that are not there are an error, unless they may be missing", async () => {
    const named = { valueFiles: [own("gone.yaml")] };
    await expect(valuesOf({}, named)).rejects.toThrow("gone.yaml: no such file");
    await expect(valuesOf({}, pattern)).rejects.toThrow('values file glob "env/**/*.yaml" matched no files');
    expect(await valuesOf({}, { ...named, ignoreMissingValueFiles: true })).toEqual({ a: "chart" });
    expect(await valuesOf({}, { ...pattern, ignoreMissingValueFiles: true })).toEqual({ a: "chart" });
  });

  test("of files that lead out of their source are refused", async () => {
    const files = {
      "values/out.yaml": { link: "../../secret.yaml" },
      "values/in.yaml": { link: "../ok.yaml" },
      "ok.yaml": "a: ok",
    };
    await expect(valuesOf(files, { valueFiles: [own("values/out.yaml")] })).rejects.toThrow("leaves the repository");
    expect(await valuesOf(files, { valueFiles: [own("values/in.yaml")] })).toEqual({ a: "ok" });
  });

  test("of another source are read there, and decide whether the render holds", async () => {
    const treeOf = (text: string) =>
      withNamedSources(memoryTree(chart), new Map([["v", memoryTree({ "p/a.yaml": text })]]));
    const wanted = { ...spec, valueFiles: [{ source: "v", path: "p/a.yaml" }] };
    const tree = treeOf("a: theirs\n");
    const { resources, readSet } = await renderTemplate(bench.pool, { tree, path: "web", spec: wanted }, signal);
    expect(resources[0]?.["data"]).toEqual({ v: '{"a":"theirs"}' });
    expect(readSetHolds(readSet, treeOf("a: theirs\n"))).toBe(true);
    expect(readSetHolds(readSet, treeOf("a: other\n"))).toBe(false);
  });

  test("of a packed chart's own files are read in the package", async () => {
    const packed = packedChart("web", {
      "Chart.yaml": chartYaml("web"),
      "values-prod.yaml": "a: packed\n",
      "templates/t.yaml": TOLD,
    });
    const wanted = { ...spec, isPacked: true, valueFiles: [own("values-prod.yaml")] };
    const input = { tree: memoryTree({ [packedChartName]: packed }), path: "", spec: wanted };
    const { resources, readSet } = await renderTemplate(bench.pool, input, signal);
    expect(resources[0]?.["data"]).toEqual({ v: '{"a":"packed"}' });
    expect(readSet.map(({ path }) => path)).toEqual([packedChartName]);
  });
});

describe("what is elsewhere is asked for, and used once it is there", () => {
  test("a values file at an address", async () => {
    const base = { kind: "file", url: "https://values.example/a.yaml?token=x", ref: "", noSubmodules: false } as const;
    const wanted = { ...spec, valueFiles: [{ url: base.url }] };
    const tree = memoryTree(chart);
    const missing = await renderTemplate(bench.pool, { tree, path: "web", spec: wanted }, signal).catch(
      (error: unknown) => error,
    );
    expect(missing).toBeInstanceOf(MissingBasesError);
    expect(missing).toMatchObject({ bases: [base], message: expect.not.stringContaining("token") });
    const mounts = new Map([[folderOfBase(base), memoryTree({ "resource.yaml": "a: fetched\n" })]]);
    const input = { tree: mountedTree(tree, basesFolder, mounts), path: "web", spec: wanted };
    const rendered = await renderTemplate(bench.pool, input, signal);
    expect(rendered).toMatchObject({ bases: [base], resources: [{ data: { v: '{"a":"fetched"}' } }] });
  });

  test("a chart that another one depends on, as its lock has it", async () => {
    const dependencies = "dependencies:\n- {name: sub, version: 1.x, repository: 'https://charts.example'}\n";
    const lock = "dependencies:\n- {name: sub, version: 1.4.0, repository: 'https://charts.example'}\ndigest: x\n";
    const files = { "web/Chart.yaml": chartYaml("web", dependencies), "web/Chart.lock": lock };
    const base = {
      kind: "chart",
      url: "https://charts.example",
      ref: "1.4.0",
      noSubmodules: false,
      chart: "sub",
    } as const;
    const tree = memoryTree(files);
    await expect(renderTemplate(bench.pool, { tree, path: "web", spec }, signal)).rejects.toMatchObject({
      bases: [base],
    });
    const sub = packedChart("sub", { "Chart.yaml": chartYaml("sub", "", "1.4.0"), "templates/t.yaml": TOLD });
    const mounts = new Map([[folderOfBase(base), memoryTree({ [packedChartName]: sub })]]);
    const input = { tree: mountedTree(tree, basesFolder, mounts), path: "web", spec };
    expect(await renderTemplate(bench.pool, input, signal)).toMatchObject({
      bases: [base],
      resources: [{ metadata: { name: "told" } }],
    });
  });

  test("what is no chart's place is refused by the dependency's name", async () => {
    const of = (repository: string) =>
      chartYaml("web", `dependencies:\n- {name: sub, version: 1.x, repository: '${repository}'}\n`);
    for (const [repository, problem] of [
      ["", "it names no repository"],
      ["stable", 'its repository "stable" is no address'],
      ["file://../nowhere", '"nowhere" is no folder of a chart'],
      ["file://../../../etc", '"etc" is no folder of a chart'],
    ] as const) {
      const tree = memoryTree({ "web/Chart.yaml": of(repository) });
      await expect(renderTemplate(bench.pool, { tree, path: "web", spec }, signal)).rejects.toThrow(
        `failed to add the dependency 'sub': ${problem}`,
      );
    }
  });
});

test("as many parameters as an object can hold are set within seconds", async () => {
  const values = Array.from({ length: 40_000 }, (_none, at) => ({
    set: { path: `p${at % 200}.q${at}`, value: "1", as: "typed" as const },
  }));
  const tree = memoryTree(chart);
  const started = performance.now();
  const { resources } = await renderTemplate(bench.pool, { tree, path: "web", spec: { ...spec, values } }, signal);
  expect(resources).toHaveLength(1);
  expect(performance.now() - started).toBeLessThan(20_000);
});
