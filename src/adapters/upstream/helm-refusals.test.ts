import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test, vi } from "vitest";
import { goProgramPath } from "#adapters/go-program.ts";
import { HelmBench, chartTree, chartYaml, packedChart, settings, tarball } from "./helm-bench.ts";
import type { TarEntry } from "./helm-bench.ts";
import { HelperPool, defaultPoolOptions } from "./helper-pool.ts";
import { helmRender } from "./helm-render.ts";

vi.setConfig({ testTimeout: 30_000 });

const bench = new HelmBench();
afterAll(() => bench.pool.close());

const chart = chartYaml("web");
const withTemplate = (template: string, more: Record<string, string> = {}) =>
  chartTree({ "Chart.yaml": chart, "templates/a.yaml": template, ...more });
const archive = (entries: readonly TarEntry[]) => ({ kind: "archive", content: tarball(entries) }) as const;

const templateCases = [
  {
    name: "a template that cannot be parsed",
    template: "a: 1\nb: {{ if }}\n",
    want: "web/templates/a.yaml:2: missing value for if",
  },
  {
    name: "a function that fails",
    template: 'a: 1\n\nb: {{ fail "no good" }}',
    want: "web/templates/a.yaml:3: no good",
  },
  {
    name: "a required value",
    template: '{{ required "set .Values.host" .Values.host }}',
    want: "web/templates/a.yaml:1: set .Values.host",
  },
  {
    name: "a missing field, at the innermost place",
    template: '{{ include "deep" . }}',
    more: { "templates/_deep.tpl": '\n\n{{ define "deep" }}{{ .Values.a.b.c }}{{ end }}' },
    want: /^web\/templates\/_deep\.tpl:3: web\/templates\/a\.yaml:1:3 executing .* nil pointer evaluating interface \{\}\.b$/,
  },
  {
    name: "a document that is no YAML",
    template: "a: 1\nb: [\n",
    want: /^web\/templates\/a\.yaml: rendered document: line \d: did not find expected node content$/,
  },
  {
    name: "an object without a kind",
    template: "a: 1\n",
    want: "web/templates/a.yaml: a rendered object has no apiVersion or kind",
  },
];

const chartCases: { name: string; files: Record<string, string>; path?: string; want: string | RegExp }[] = [
  { name: "no Chart.yaml", files: { "values.yaml": "" }, want: "Chart.yaml file is missing" },
  {
    name: "a folder that is not there",
    files: {},
    path: "charts/gone",
    want: 'path "charts/gone" is no directory of this revision',
  },
  {
    name: "a Chart.yaml that is no YAML, by its path in the repository",
    files: { "charts/web/Chart.yaml": "name: web\n  a: [" },
    path: "charts/web",
    want: /^charts\/web\/Chart\.yaml:\d: /,
  },
  { name: "a Chart.yaml that is no YAML", files: { "Chart.yaml": "name: web\n  a: [" }, want: /^Chart\.yaml:\d: / },
  {
    name: "values that are no YAML",
    files: { "Chart.yaml": chart, "values.yaml": "a: {b: 1\nc: 2" },
    want: /^values\.yaml:\d: /,
  },
  {
    name: "a version that is none",
    files: { "Chart.yaml": chartYaml("web", "", "latest") },
    want: 'validation: chart.metadata.version "latest" is invalid',
  },
  {
    name: "a name that leads elsewhere",
    files: { "Chart.yaml": chartYaml("../web") },
    want: 'validation: chart.metadata.name "../web" is invalid',
  },
  {
    name: "an unknown apiVersion",
    files: { "Chart.yaml": "apiVersion: v9\nname: web\nversion: 1.0.0\n" },
    want: 'Chart.yaml: charts of apiVersion "v9" are not known',
  },
  {
    name: "a library chart by itself",
    files: { "Chart.yaml": chartYaml("web", "type: library\n") },
    want: "library charts are not installable",
  },
  {
    name: "a dependency that is not vendored",
    files: {
      "Chart.yaml": chartYaml(
        "web",
        "dependencies: [{name: db, version: 1.x, repository: 'https://charts.example'}]\n",
      ),
    },
    want: "found in Chart.yaml, but missing in charts/ directory: db",
  },
  {
    name: "a cluster that is too old",
    files: { "Chart.yaml": chartYaml("web", "kubeVersion: '>=1.99.0'\n") },
    want: /^chart requires kubeVersion: >=1\.99\.0 which is incompatible with Kubernetes v1\.\d+\.0$/,
  },
  {
    name: "values that expand without end",
    files: {
      "Chart.yaml": chart,
      "values.yaml": `a: &a [x]\n${Array.from("bcdefghij", (to, i) => `${to}: &${to} [${Array(9).fill(`*${"abcdefghi"[i]}`)}]`).join("\n")}\n`,
    },
    want: /^values\.yaml:1: the YAML aliases of values\.yaml expand to more/,
  },
];

const archiveCases: { name: string; entries: readonly TarEntry[]; want: string | RegExp }[] = [
  {
    name: "a link",
    entries: [
      ["web/Chart.yaml", chart],
      ["web/values.yaml", { link: "/etc/passwd" }],
    ],
    want: 'the chart archive holds "web/values.yaml", which is a link',
  },
  {
    name: "a name that leads out",
    entries: [["web/../../x", ""]],
    want: 'the chart archive holds "web/../../x", which leads out of the chart',
  },
  {
    name: "an absolute name",
    entries: [["/web/Chart.yaml", chart]],
    want: 'the chart archive holds "/web/Chart.yaml", which is an absolute name',
  },
  {
    name: "a drive's name",
    entries: [["web/c:/x", ""]],
    want: 'the chart archive holds "web/c:/x", which is an absolute name',
  },
  {
    name: "files beside the chart's folder",
    entries: [["Chart.yaml", chart]],
    want: 'the chart archive holds "Chart.yaml", which lies outside of the chart\'s folder',
  },
  { name: "nothing", entries: [], want: "the chart archive holds no files" },
  {
    name: "a file that is too large",
    entries: [
      ["web/Chart.yaml", chart],
      ["web/big", Buffer.alloc(5 * 2 ** 20 + 1, Buffer.from("0123456789abcdef"))],
    ],
    want: "big: has more than the allowed 5 MiB for a file of a chart",
  },
  {
    name: "too many files",
    entries: Array.from({ length: 10_001 }, (_, i) => [`web/f${i}`, ""] as const),
    want: "the chart has more than the allowed 10000 files, subcharts included",
  },
  {
    name: "a bomb",
    entries: Array.from({ length: 8 }, (_, i) => [`web/f${i}`, Buffer.alloc(4 * 2 ** 20)] as const),
    want: "the chart unpacks to more than 100 times its size",
  },
  {
    name: "a link in a packed subchart",
    entries: [
      ["web/Chart.yaml", chart],
      ["web/charts/a-1.tgz", tarball([["a/Chart.yaml", { link: "x" }]])],
    ],
    want: 'charts/a-1.tgz: the chart archive holds "a/Chart.yaml", which is a link',
  },
];

describe("helmRender() refuses", () => {
  test.each(templateCases)("$name", async ({ template, more, want }) => {
    const { message } = await bench.refusal(withTemplate(template, more));
    if (typeof want === "string") expect(message).toBe(want);
    else expect(message).toMatch(want);
  });

  test.each(chartCases)("$name", async ({ files, path, want }) => {
    const { message } = await bench.refusal(chartTree(files, path));
    if (typeof want === "string") expect(message).toBe(want);
    else expect(message).toMatch(want);
  });

  test.each(archiveCases)("an archive with $name", async ({ entries, want }) => {
    expect((await bench.refusal(archive(entries))).message).toBe(want);
  });

  test("what is no archive, and a damaged one", async () => {
    const whole = packedChart("web", { "Chart.yaml": chart, "notes.txt": "x".repeat(5000) });
    const read = (content: Uint8Array) => bench.refusal({ kind: "archive", content }).then(({ message }) => message);
    expect(await read(Buffer.from("apiVersion: v2"))).toBe("the chart is no gzip archive");
    expect(await read(whole.subarray(0, whole.length - 20))).toBe("the chart archive is damaged");
    expect(await read(gzipSync("not a tar archive at all".repeat(50)))).toBe("the chart archive is damaged");
    expect(await read(Buffer.alloc(10 * 2 ** 20 + 1))).toBe("the packed chart has more than the allowed 10 MiB");
  });

  test("values against the schema, naming chart and path but no value", async () => {
    const schema = JSON.stringify({
      type: "object",
      required: ["host"],
      properties: { port: { type: "integer" }, key: { pattern: "^k" } },
    });
    const files = { "Chart.yaml": chart, "values.schema.json": schema };
    const values = [{ object: { port: "x", key: "s3cr3t" } }];
    const { code, message } = await bench.refusal(chartTree(files), { values });
    expect(code).toBe("invalid-values");
    expect(message).toMatch(
      /^values don't meet the specifications of the schema\(s\) in the following chart\(s\): web: /,
    );
    expect(message).toContain("- at '/port': got string, want integer");
    expect(message).toContain("missing property 'host'");
    expect(message).not.toContain("s3cr3t");
    await bench.render(chartTree(files), { values, options: { skipSchemaValidation: true } });
  });

  test.each(["https://user:pw@schemas.example/a.json", "file:///etc/hostname"])(
    "a schema that refers to %s",
    async ($ref) => {
      const { code, message } = await bench.refusal(
        chartTree({ "Chart.yaml": chart, "values.schema.json": JSON.stringify({ $ref }) }),
      );
      expect(code).toBe("remote-refused");
      expect(message).toMatch(
        /^values\.schema\.json: the schema refers to "(https:\/\/schemas\.example\/a\.json|file:\/\/\/etc\/hostname)": a schema is read from the chart alone/,
      );
    },
  );

  test("values that are no YAML, and paths and values that cannot be set, without quoting a value", async () => {
    const message = (values: Parameters<HelmBench["render"]>[1]) =>
      bench.refusal(withTemplate(""), values).then((error) => error.message);
    expect(await message({ values: [{ name: "Secret a/b", yaml: "a: s3cr3t: x" }] })).toMatch(
      /^Secret a\/b:1: mapping values are not allowed/,
    );
    expect(await message({ values: [{ name: "c", set: { path: "a[x]", value: "1", as: "typed" } }] })).toMatch(
      /^c: "a\[x\]" is no path of a value/,
    );
    expect(await message({ values: [{ name: "c", set: { path: "a", value: "1,s3cr3t", as: "typed" } }] })).toBe(
      'c: the value for "a" cannot be set there: it is not of the form that --set takes, or the path leads into another value',
    );
    expect(await message({ values: [{ set: { path: "a", value: "s3cr3t", as: "json" } }] })).toBe(
      'the value for "a" is not JSON',
    );
  });

  test.each([
    "range .Values.key }}{{ end",
    'semverCompare .Values.key "1.0.0"',
    'mustToDate "2006" .Values.key',
    "urlParse .Values.key",
    "eq .Values.map .Values.map",
    "tpl .Values.template .",
    'tpl (printf "{{ %s" .Values.key) .',
    'mustRegexMatch (printf "(%s" .Values.key) "a"',
    "mustFromJson .Values.key",
    "index .Values.map 1",
    "b64dec .Values.key | fromYaml | toDate .Values.key",
    ".Values.key.deeper",
    'required "set the key" (index .Values.map .Values.key)',
    "template .Values.key",
  ])("a failing {{ %s }} without quoting a value", async (action) => {
    const values = [
      { object: { key: "%s3cr3t", map: { a: "s3cr3t" }, template: '{{ fromJson "s3cr3t" | index 1 }}' } },
    ];
    expect((await bench.refusal(withTemplate(`{{ ${action} }}`), { values })).message).not.toContain("s3cr3t");
  });

  test("a lookup that the cluster does not answer", async () => {
    const template = settings("a", 'b: {{ lookup "v1" "Secret" "x" "y" }}');
    const lookup = async () => ({ error: 'secrets "y" is forbidden' });
    const { message } = await bench.refusal(withTemplate(template), { lookup });
    expect(message).toBe(
      'web/templates/a.yaml:6: executing "web/templates/a.yaml" at <lookup "v1" "Secret" "x" "y">: error calling lookup: secrets "y" is forbidden',
    );
  });

  test("a release name that Helm does not take", async () => {
    const release = { name: "x".repeat(54), namespace: "n", revision: 1, isUpgrade: false };
    expect((await bench.refusal(withTemplate(""), { release })).code).toBe("invalid-release-name");
  });

  test("templates without end, by time or by memory, and lives on", async () => {
    const options = defaultPoolOptions(goProgramPath("holdfast-upstream-all"));
    const hurried = new HelperPool({ ...options, timeLimitMs: 4000 });
    const pool = new HelperPool(options);
    const release = { name: "r", namespace: "n", revision: 1, isUpgrade: false };
    const signal = new AbortController().signal;
    const render = (template: string, by = pool) =>
      helmRender(by, { chart: withTemplate(template), values: [], release }, signal);
    const endless = "{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}";
    await expect(render(endless, hurried)).rejects.toThrow("takes longer than the allowed 4 s");
    await expect(
      render('{{ define "x" }}{{ include "x" . }}{{ include "x" . }}{{ end }}{{ include "x" . }}'),
    ).rejects.toThrow();
    // Whoever sees it first: the helper's own watch, or the system that is asked for it.
    await expect(render('{{ repeat 40000000 "0123456789" }}')).rejects.toThrow(
      /needs more than the allowed 256 MiB of memory|wants too much memory at once/,
    );
    expect((await render('{{ 1 | quote | empty | ternary "" "" }}')).manifests).toEqual([]);
    await Promise.all([pool.close(), hurried.close()]);
  });
});
