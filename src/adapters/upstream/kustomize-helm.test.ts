import { afterAll, describe, expect, test, vi } from "vitest";
import type { KustomizeBuildOptions } from "#core/app/render-spec.ts";
import { memoryTree, type MemoryFile } from "#core/source/memory-tree.ts";
import { mountedTree } from "#core/source/mounted-tree.ts";
import { basesFolder, folderOfBase } from "#core/source/remote-base.ts";
import { MissingBasesError } from "#core/source/render-error.ts";
import { goProgramPath } from "#adapters/go-program.ts";
import { chartYaml, packedChart } from "./helm-bench.ts";
import { HelperPool, defaultPoolOptions } from "./helper-pool.ts";
import { kustomizeBuild } from "./kustomize-build.ts";

// Helpers share the processors with every other test.
vi.setConfig({ testTimeout: 60_000 });

const pool = new HelperPool(defaultPoolOptions(goProgramPath("holdfast-upstream-all")));
afterAll(() => pool.close());
const { signal } = new AbortController();

const template = (name: string, body: string, more = "") =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${more}data:\n  ${body}\n`;
const chart = {
  "Chart.yaml": chartYaml("web"),
  "values.yaml": "color: blue\nsize: small\n",
  "templates/a.yaml": template(
    "{{ .Release.Name }}-a",
    "all: '{{ .Values.color }} {{ .Values.size }} {{ .Values.more }}'",
  ),
  "templates/kube.yaml": template(
    "kube",
    "version: '{{ .Capabilities.KubeVersion }} {{ .Capabilities.APIVersions.Has \"x/v1\" }}'",
  ),
  "templates/test.yaml": template("try", "a: b", "  annotations: {helm.sh/hook: test}\n"),
  "templates/hook.yaml": template("before", "a: b", "  annotations: {helm.sh/hook: pre-install}\n"),
  "crds/c.yaml":
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: crds.example.io}\n",
};
const local = Object.fromEntries(Object.entries(chart).map(([path, text]) => [`app/charts/web/${path}`, text]));

async function built(
  fields: string,
  more: { files?: Record<string, MemoryFile>; options?: KustomizeBuildOptions } = {},
) {
  const files = { ...local, "app/kustomization.yaml": fields, ...more.files };
  const options = { enableHelm: true, ...more.options };
  const { resources } = await kustomizeBuild(pool, { tree: memoryTree(files), path: "app", options }, signal);
  const data = (name: string) => resources.find(({ metadata }) => metadata.name === name)?.["data"];
  return { resources, names: resources.map(({ metadata }) => metadata.name), data };
}

const failure = (...asked: Parameters<typeof built>) =>
  built(...asked).then(
    () => "no failure",
    (error: Error) => error.message,
  );

describe("kustomizeBuild() with charts", () => {
  test("renders a chart of the repository, with its hooks, and leaves its namespaces to it", async () => {
    const { names, data, resources } = await built(
      "namespace: shop\nnamePrefix: p-\nhelmCharts: [{name: web, releaseName: r}]\n",
    );
    expect(names).toEqual(["p-r-a", "p-kube", "p-before", "p-try"]);
    expect(data("p-r-a")).toEqual({ all: "blue small " });
    expect(resources.every(({ metadata }) => metadata.namespace === undefined)).toBe(true);
    expect(JSON.stringify(resources)).not.toContain("internal.config.kubernetes.io");
  });

  test("gives a release without a name the same one each time", async () => {
    expect((await built("helmCharts: [{name: web}]\n")).names).toContain("release-name-a");
  });

  test("leaves out tests and hooks, and takes definitions, where it is told so", async () => {
    expect((await built("helmCharts: [{name: web, skipTests: true}]\n")).names).not.toContain("try");
    expect((await built("helmCharts: [{name: web, skipHooks: true, includeCRDs: true}]\n")).names).toEqual([
      "crds.example.io",
      "release-name-a",
      "kube",
    ]);
  });

  const values: [string, string, string][] = [
    ["inline values over the chart's", "valuesInline: {color: red, more: x}", "red small x"],
    ["the chart's over inline values", "valuesMerge: merge, valuesInline: {color: red, more: x}", "blue small x"],
    ["a file in place of the chart's", "valuesFile: v.yaml", "green small "],
    ["inline values over a file", "valuesFile: v.yaml, valuesInline: {size: big}", "green big "],
    [
      "more files over everything",
      "valuesInline: {color: red}, additionalValuesFiles: [v.yaml, ../w.yaml]",
      "green small w",
    ],
  ];
  for (const [name, fields, want] of values) {
    test(`merges values: ${name}`, async () => {
      const files = { "app/v.yaml": "color: green\n", "w.yaml": "more: w\n" };
      const { data } = await built(`helmCharts: [{name: web, ${fields}}]\n`, { files });
      expect(data("release-name-a")).toEqual({ all: want });
    });
  }

  test("tells templates the versions of the cluster, those of the installation first", async () => {
    const fields = "helmCharts: [{name: web, kubeVersion: 1.30.0, apiVersions: [x/v1]}]\n";
    expect((await built(fields)).data("kube")).toEqual({ version: "v1.30.0 true" });
    const options = { kubeVersion: "1.31.0", apiVersions: ["y/v1"] };
    expect((await built(fields, { options })).data("kube")).toEqual({ version: "v1.31.0 false" });
  });

  test("finds charts of bases in their own folders", async () => {
    const files = {
      "app/kustomization.yaml": "resources: [../base]\n",
      "base/kustomization.yaml":
        "resources: [own.yaml]\nhelmGlobals: {chartHome: ../app/charts}\nhelmCharts: [{name: web, releaseName: r, skipHooks: true}]\n",
      "base/own.yaml": template("own", "a: b"),
    };
    expect((await built("", { files })).names).toEqual(["own", "r-a", "kube"]);
  });

  test("takes a chart of a repository from where the parent keeps it, once it is there", async () => {
    const fields =
      "helmCharts: [{name: web, repo: 'https://charts.example/x', version: 1.2.3, releaseName: r, valuesInline: {size: big}}]\n";
    const tree = memoryTree({ "app/kustomization.yaml": fields });
    const wanted = { path: "app", options: { enableHelm: true } };
    const error = await kustomizeBuild(pool, { tree, ...wanted }, signal).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MissingBasesError);
    const { bases } = error as MissingBasesError;
    expect(bases).toEqual([
      { kind: "chart", url: "https://charts.example/x", ref: "1.2.3", noSubmodules: false, chart: "web" },
    ]);
    const mounts = new Map([[folderOfBase(bases[0]!), memoryTree({ "chart.tgz": packedChart("web", chart) })]]);
    const result = await kustomizeBuild(pool, { tree: mountedTree(tree, basesFolder, mounts), ...wanted }, signal);
    expect(result.bases).toEqual(bases);
    expect(result.resources[0]).toMatchObject({ metadata: { name: "r-a" }, data: { all: "blue big " } });
    expect(result.readSet.some(({ path }) => path.endsWith("chart.tgz"))).toBe(true);
  });

  test("asks for all charts that are not there at once", async () => {
    const charts = ["a", "b"].map((name) => `{name: ${name}, repo: 'oci://charts.example'}`).join(", ");
    const tree = memoryTree({ "app/kustomization.yaml": `helmCharts: [${charts}]\n` });
    const error = kustomizeBuild(pool, { tree, path: "app", options: { enableHelm: true } }, signal);
    await expect(error).rejects.toMatchObject({ bases: [{ chart: "a" }, { chart: "b" }] });
  });

  const refusals: [string, string, string][] = [
    [
      "a chart that is nowhere",
      "{name: none}",
      "app/kustomization.yaml: helmCharts: none: there is no chart at app/charts/none",
    ],
    ["a values file that is nowhere", "{name: web, valuesFile: x.yaml}", "there is no values file app/x.yaml"],
    ["values above the repository", "{name: web, valuesFile: ../../x.yaml}", '"../x.yaml" leaves the repository'],
    ["a template that fails", "{name: web, valuesInline: {color: {a: 1}}, releaseName: 'A b'}", "helmCharts: web:"],
    ["a made-up name", "{name: web, nameTemplate: 'x'}", "nameTemplate is not supported"],
    ["an unknown way to merge", "{name: web, valuesMerge: x, valuesInline: {a: 1}}", "valuesMerge must be one of"],
  ];
  for (const [name, fields, want] of refusals) {
    test(`refuses ${name}`, async () => {
      expect(await failure(`helmCharts: [${fields}]\n`)).toContain(want);
    });
  }

  test("refuses charts where the installation does not let them", async () => {
    const message = await failure("helmCharts: [{name: web}]\n", { options: { enableHelm: false } });
    expect(message).toBe(
      "app/kustomization.yaml: helmCharts in a kustomization are not rendered without --enable-helm: deploy the chart as a Helm source",
    );
  });
});

describe("kustomizeBuild() with options of the installation", () => {
  const files = {
    "app/kustomization.yaml": "resources: [../a.yaml, b.yaml]\n",
    "a.yaml": template("a", "a: b"),
    "app/b.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n",
  };

  test("loads files of the repository, or only of the folder", async () => {
    expect((await built("", { files })).names).toEqual(["a", "n"]);
    expect(await failure("", { files, options: { rootOnly: true } })).toContain("is not in or below");
  });

  test("orders and labels", async () => {
    const { names, resources } = await built("", { files, options: { reorder: "legacy", managedByLabel: true } });
    expect(names).toEqual(["n", "a"]);
    expect(resources[0]?.metadata.labels).toMatchObject({
      "app.kubernetes.io/managed-by": expect.stringContaining("kustomize"),
    });
  });
});
