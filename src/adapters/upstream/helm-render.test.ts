import { afterAll, describe, expect, test, vi } from "vitest";
import { readSetHolds } from "#core/source/read-set.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import { HelmBench, chartTree, chartYaml, packedChart, settings } from "./helm-bench.ts";
import type { HelmRendered } from "./helm-render.ts";

// Helpers share the processors with every other test.
vi.setConfig({ testTimeout: 30_000 });

const bench = new HelmBench();
afterAll(() => bench.pool.close());

const dataOf = (rendered: HelmRendered) =>
  rendered.manifests.map(({ object }) => (object as unknown as { data: unknown }).data);
const namesOf = (objects: HelmRendered["manifests"]) =>
  objects.map(({ object }) => `${object.kind} ${object.metadata.name}`);

const hookJob = (name: string, hook: string, more = "") =>
  `apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: ${name}\n  annotations:\n    helm.sh/hook: ${hook}\n${more}`;

/** A chart with a bit of everything. */
const shop: Record<string, string> = {
  "Chart.yaml": chartYaml(
    "shop",
    "dependencies: [{name: cache, version: 1.x, repository: 'https://charts.example'}]\n",
  ),
  "values.yaml": "color: blue\nsize: {wide: 1, high: 2}\nlist: [a, b]\ncache: {memory: 64}\n",
  ".helmignore": "*.bak\n",
  "templates/settings.yaml": settings(
    "{{ .Release.Name }}-settings",
    `color: {{ include "shop.color" . | quote }}\n  size: {{ toJson .Values.size | quote }}`,
  ),
  "templates/old.yaml.bak": '{{ fail "never read" }}',
  "templates/_color.tpl": '{{ define "shop.color" }}{{ tpl .Values.color . }}{{ end }}',
  "templates/service.yaml":
    "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: {{ .Release.Namespace }}}\n---\n# nothing but a comment\n",
  "templates/account.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n",
  "templates/files.yaml": settings(
    "files",
    '{{ range $path, $_ := .Files.Glob "conf/*" }}{{ base $path }}: {{ $.Files.Get $path | quote }}{{ end }}',
  ),
  "templates/NOTES.txt": "Release {{ .Release.Name }} revision {{ .Release.Revision }}\n",
  "templates/migrate.yaml": hookJob(
    "migrate",
    "pre-install,pre-upgrade",
    '    helm.sh/hook-weight: "-5"\n    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded\n    helm.sh/hook-output-log-policy: hook-failed\n',
  ),
  "templates/probe.yaml": hookJob("probe", "test"),
  "conf/app.ini": "mode=fast",
  "crds/widget.yaml":
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widgets.example.com}\n",
  "charts/cache/Chart.yaml": chartYaml("cache", "", "1.0.0"),
  "charts/cache/values.yaml": "memory: 32\nport: 11211\n",
  "charts/cache/templates/cache.yaml": settings(
    "cache",
    "memory: '{{ .Values.memory }}'\n  port: '{{ .Values.port }}'\n  color: '{{ .Values.global | default dict | toJson }}'",
  ),
};

describe("helmRender()", () => {
  test("renders a chart and its subcharts in Helm's order, each with its template", async () => {
    const rendered = await bench.render(chartTree(shop));
    expect(rendered.manifests.map(({ path, object }) => `${path} ${object.kind}`)).toEqual([
      "shop/templates/account.yaml ServiceAccount",
      "shop/charts/cache/templates/cache.yaml ConfigMap",
      "shop/templates/files.yaml ConfigMap",
      "shop/templates/settings.yaml ConfigMap",
      "shop/templates/service.yaml Service",
    ]);
    expect(dataOf(rendered).slice(1, 4)).toEqual([
      { memory: "64", port: "11211", color: "{}" },
      { "app.ini": "mode=fast" },
      { color: "blue", size: '{"high":2,"wide":1}' },
    ]);
    expect(rendered.metadata).toMatchObject({ name: "shop", version: "1.2.3", appVersion: "2.0" });
    expect(rendered.notes).toBe("Release shop revision 1\n");
    expect(rendered.impure).toEqual([]);
  });

  test("keeps the text that Helm stores, comments and all, without hooks and CRDs", async () => {
    const { manifest } = await bench.render(chartTree(shop));
    expect(manifest).toMatch(/^---\n# Source: shop\/templates\/account\.yaml\napiVersion: v1\nkind: ServiceAccount\n/);
    expect(manifest).toContain("# nothing but a comment");
    expect(manifest).not.toMatch(/Job|CustomResourceDefinition/);
    const withCRDs = await bench.render(chartTree(shop), { options: { includeCRDs: true } });
    expect(withCRDs.manifest).toMatch(/^---\n# Source: shop\/crds\/widget\.yaml\n/);
  });

  test("tells hooks with their events, weight and policies", async () => {
    const { hooks, crds } = await bench.render(chartTree(shop));
    expect(hooks.map(({ object: _, manifest: __, ...hook }) => hook)).toEqual([
      {
        name: "migrate",
        kind: "Job",
        path: "shop/templates/migrate.yaml",
        events: ["pre-install", "pre-upgrade"],
        weight: -5,
        deletePolicies: ["before-hook-creation", "hook-succeeded"],
        outputLogPolicies: ["hook-failed"],
      },
      {
        name: "probe",
        kind: "Job",
        path: "shop/templates/probe.yaml",
        events: ["test"],
        weight: 0,
        deletePolicies: [],
        outputLogPolicies: [],
      },
    ]);
    expect(hooks[0]?.object.metadata.name).toBe("migrate");
    expect(namesOf(crds)).toEqual(["CustomResourceDefinition widgets.example.com"]);
    expect(crds[0]?.path).toBe("shop/crds/widget.yaml");
    expect((await bench.render(chartTree(shop), { options: { skipCRDs: true } })).crds).toEqual([]);
    expect((await bench.render(chartTree(shop), { options: { disableHooks: true } })).hooks).toEqual([]);
  });

  test("merges values in order over the chart's own; null deletes a default", async () => {
    const rendered = await bench.render(chartTree(shop), {
      values: [
        { name: "base", yaml: "color: '{{ .Release.Name }}-red'\nsize: {high: 3}\nlist: [c]\n" },
        { object: { size: { wide: null } } },
        { set: { path: "cache.memory", value: "1000000", as: "typed" } },
      ],
    });
    expect(rendered.config).toEqual({
      color: "{{ .Release.Name }}-red",
      size: { high: 3, wide: null },
      list: ["c"],
      cache: { memory: 1000000 },
    });
    expect(rendered.values).toMatchObject({ size: { high: 3 }, list: ["c"], cache: { memory: 1000000, port: 11211 } });
    // Set at a path it is a whole number, from YAML it would be written 1e+06.
    expect(dataOf(rendered)[1]).toMatchObject({ memory: "1000000" });
    expect(dataOf(rendered)[3]).toEqual({ color: "shop-red", size: '{"high":3}' });
  });

  test("renders an archive like its folder, with packed subcharts", async () => {
    const {
      "charts/cache/Chart.yaml": _a,
      "charts/cache/values.yaml": _b,
      "charts/cache/templates/cache.yaml": _c,
      "templates/old.yaml.bak": _d,
      ...outer
    } = shop;
    const inner = Object.fromEntries(
      Object.entries(shop).flatMap(([path, text]) =>
        path.startsWith("charts/cache/") ? [[path.slice(13), text]] : [],
      ),
    );
    const content = packedChart("shop", { ...outer, "charts/cache-1.0.0.tgz": packedChart("cache", inner) });
    const fromArchive = await bench.render({ kind: "archive", content });
    const { readSet: _, ...fromTree } = await bench.render(chartTree(shop));
    expect(fromArchive).toEqual({ ...fromTree, readSet: [] });
  });

  test("records what it read, so that a change elsewhere does not render again", async () => {
    const files = Object.fromEntries(Object.entries(shop).map(([path, text]) => [`charts/shop/${path}`, text]));
    const { readSet } = await bench.render(chartTree({ ...files, "README.md": "one" }, "charts/shop"));
    expect(readSetHolds(readSet, memoryTree({ ...files, "README.md": "two" }))).toBe(true);
    expect(readSetHolds(readSet, memoryTree({ ...files, "charts/shop/conf/app.ini": "mode=slow" }))).toBe(false);
    expect(readSetHolds(readSet, memoryTree({ ...files, "charts/shop/templates/more.yaml": "" }))).toBe(false);
  });

  test("tells templates what the cluster can do", async () => {
    const line =
      "has: '{{ .Capabilities.APIVersions.Has \"example.com/v1/Widget\" }} {{ .Capabilities.APIVersions.Has \"apps/v1\" }}'\n  kube: '{{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.KubeVersion.Minor }}'\n  upgrade: '{{ .Release.IsUpgrade }} {{ .Release.IsInstall }}'";
    const chart = chartTree({ "Chart.yaml": chartYaml("c"), "templates/a.yaml": settings("a", line) });
    const apiVersions = ["example.com/v1/Widget"];
    const release = { name: "r", namespace: "n", revision: 2, isUpgrade: true };
    const kubeVersion = { version: "v1.33.4-gke.1", major: "1", minor: "33+" };
    const exact = await bench.render(chart, { release, capabilities: { kubeVersion, apiVersions } });
    expect(dataOf(exact)).toEqual([{ has: "true false", kube: "v1.33.4-gke.1 33+", upgrade: "true false" }]);
    const added = await bench.render(chart, {
      capabilities: { kubeVersion: { version: "1.30" }, apiVersions, addApiVersions: true },
    });
    expect(dataOf(added)).toEqual([{ has: "true true", kube: "v1.30 30", upgrade: "false true" }]);
  });

  test("answers lookup with an object, a list or nothing", async () => {
    const line =
      'one: \'{{ (lookup "v1" "Secret" "web" "token").data.key }}\'\n  all: \'{{ len (lookup "v1" "Pod" "web" "").items }}\'\n  none: \'{{ lookup "v1" "Pod" "web" "gone" }}\'';
    const chart = chartTree({ "Chart.yaml": chartYaml("c"), "templates/a.yaml": settings("a", line) });
    const asked: unknown[] = [];
    const rendered = await bench.render(chart, {
      lookup: async (wanted) => {
        asked.push(wanted);
        if (wanted.name === "token") return { found: { data: { key: "abc" } } };
        return { found: wanted.name === "" ? { items: [{}, {}] } : undefined };
      },
    });
    expect(dataOf(rendered)).toEqual([{ one: "abc", all: "2", none: "map[]" }]);
    expect(asked).toEqual([
      { apiVersion: "v1", kind: "Secret", namespace: "web", name: "token" },
      { apiVersion: "v1", kind: "Pod", namespace: "web", name: "" },
      { apiVersion: "v1", kind: "Pod", namespace: "web", name: "gone" },
    ]);
    expect(rendered.impure).toEqual(["lookup"]);
    const offline = chartTree({
      "Chart.yaml": chartYaml("c"),
      "templates/a.yaml": settings("a", 'none: \'{{ lookup "v1" "Pod" "web" "gone" }}\''),
    });
    expect(await bench.render(offline).then((result) => [dataOf(result), result.impure])).toEqual([
      [{ none: "map[]" }],
      [],
    ]);
  });

  test("names the functions that answer something else each time, where they were called", async () => {
    const line =
      'a: \'{{ now | date "2006" }}{{ if false }}{{ uuidv4 }}{{ end }}\'\n  b: \'{{ randAlphaNum 5 }}{{ date "2006" 0 }}{{ htmlDate nil }}\'\n  c: \'{{ tpl "{{ genPrivateKey \\"ecdsa\\" | len }}" . }}\'\n  d: \'{{ keys (dict "z" 1 "a" 2 "m" 3) }}\'';
    const rendered = await bench.render(
      chartTree({ "Chart.yaml": chartYaml("c"), "templates/a.yaml": settings("a", line) }),
    );
    expect(rendered.impure).toEqual(["genPrivateKey", "htmlDate", "now", "randAlphaNum"]);
    expect(dataOf(rendered)).toMatchObject([{ d: "[a m z]" }]);
  });

  test("takes templates of library charts and flattens lists", async () => {
    const rendered = await bench.render(
      chartTree({
        "Chart.yaml": chartYaml("c", "dependencies: [{name: lib, version: 1.2.3, repository: ''}]\n"),
        "templates/a.yaml": '{{ include "lib.list" . }}',
        "charts/lib/Chart.yaml": chartYaml("lib", "type: library\n"),
        "charts/lib/templates/_list.tpl":
          '{{ define "lib.list" }}apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n- {apiVersion: v1, kind: Pod, metadata: {name: b}}{{ end }}',
        "charts/lib/templates/ignored.yaml": "never: rendered",
      }),
    );
    expect(namesOf(rendered.manifests)).toEqual(["Pod a", "Pod b"]);
  });

  test("hands out the chart as a release record keeps it, when asked", async () => {
    const { chart } = await bench.render(chartTree(shop), { options: { withChart: true } });
    expect(Object.keys(chart ?? {}).sort()).toEqual([
      "files",
      "lock",
      "metadata",
      "schema",
      "schemamodtime",
      "templates",
      "values",
    ]);
    expect((await bench.render(chartTree(shop))).chart).toBeUndefined();
  });
});
