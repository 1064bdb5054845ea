import { describe, expect, test } from "vitest";
import type { TemplateSpec } from "#core/app/render-spec.ts";
import { parseSources } from "./parse-sources.ts";
import { usualArgoSettings } from "./settings.ts";
import type { SourceFields } from "./source-schema.ts";

const context = {
  recorded: [],
  settings: usualArgoSettings,
  inProject: { project: "default", lookup: () => null, controlNamespace: "argocd", argo: usualArgoSettings },
  release: { name: "shop", namespace: "web" },
  plugins: false,
};

function parsed(...sources: SourceFields[]) {
  const read = parseSources({ sources }, context);
  if (!read.ok) throw new Error(read.error.map(({ message }) => message).join("\n"));
  return read.value;
}

function templateOf(helm: NonNullable<SourceFields["helm"]>, path = "charts/web"): TemplateSpec {
  const values = { repoURL: "https://git.example/values", ref: "values" };
  const [source] = parsed({ repoURL: "https://git.example/shop", path, helm }, values);
  return source?.render as TemplateSpec;
}

describe("where a source is", () => {
  const cases: { name: string; fields: SourceFields; want: object }[] = [
    {
      name: "Git, with submodules",
      fields: { repoURL: "https://git.example/shop", path: "deploy", targetRevision: "1.x", tagPrefix: "v" },
      want: { remote: { kind: "git", submodules: true }, ref: { kind: "auto", value: "1.x", tagPrefix: "v" } },
    },
    {
      name: "a chart of a repository",
      fields: {
        repoURL: "https://charts.example",
        chart: "web",
        targetRevision: "1.x",
        helm: { passCredentials: true },
      },
      want: {
        url: "https://charts.example",
        remote: { kind: "helm", passCredentials: true, insecure: false },
        ref: { kind: "chart", value: "web", version: "1.x" },
      },
    },
    {
      name: "a chart of a registry",
      fields: { repoURL: "oci://registry.example/charts/", chart: "web", targetRevision: "1.0.0" },
      want: { url: "oci://registry.example/charts/web", ref: { kind: "chart", value: "web", version: "1.0.0" } },
    },
    {
      name: "a chart of a registry without a scheme",
      fields: { repoURL: "registry.example/charts", chart: "team/web", targetRevision: "1.0.0" },
      want: { url: "oci://registry.example/charts/team/web", ref: { kind: "chart", value: "team/web" } },
    },
    {
      name: "an artifact by tag",
      fields: { repoURL: "oci://registry.example/shop", path: ".", targetRevision: "v1.2.3" },
      want: { remote: { kind: "oci" }, ref: { kind: "tag", value: "v1.2.3" } },
    },
    {
      name: "an artifact by range",
      fields: { repoURL: "oci://registry.example/shop", path: ".", targetRevision: ">=1.2.0-0" },
      want: { ref: { kind: "semver", value: ">=1.2.0-0" } },
    },
    {
      name: "an artifact by digest",
      fields: { repoURL: "oci://registry.example/shop", path: ".", targetRevision: `sha256:${"a".repeat(64)}` },
      want: { ref: { kind: "digest", value: `sha256:${"a".repeat(64)}` } },
    },
    {
      name: "the newest artifact",
      fields: { repoURL: "oci://registry.example/shop", path: "." },
      want: { ref: { kind: "tag", value: "latest" } },
    },
  ];
  for (const { name, fields, want } of cases) {
    test(name, () => expect(parsed(fields)[0]?.inline).toMatchObject(want));
  }

  test("sources of one address and ref share it, others do not", () => {
    const chart = { repoURL: "https://charts.example", chart: "web", targetRevision: "1.x" };
    const keys = (...sources: SourceFields[]) => new Set(parsed(...sources).map(({ source }) => source)).size;
    expect(keys(chart, chart)).toBe(1);
    expect(keys(chart, { ...chart, targetRevision: "2.x" }, { ...chart, helm: { passCredentials: true } })).toBe(3);
  });
});

describe("a source for others", () => {
  test("renders nothing without a path, and itself with one", () => {
    const url = "https://git.example/values";
    const [bare, whole] = parsed({ repoURL: url, ref: "a" }, { repoURL: url, ref: "b", path: "deploy" });
    expect(bare).toMatchObject({ name: "a", render: { kind: "nothing" } });
    expect(whole).toMatchObject({ name: "b", render: { kind: "detect" } });
  });
});

test("what an installation has turned off is a directory", () => {
  const repoURL = "https://git.example/shop";
  const renderOf = (source: Partial<SourceFields>, off: "helm" | "kustomize") => {
    const settings = { ...usualArgoSettings, sources: { ...usualArgoSettings.sources, [off]: false } };
    const read = parseSources({ source: { repoURL, path: "deploy", ...source } }, { ...context, settings });
    return read.ok ? read.value[0]?.render : read.error;
  };
  expect(renderOf({ helm: {} }, "helm")).toMatchObject({ kind: "directory" });
  expect(renderOf({ kustomize: {} }, "kustomize")).toMatchObject({ kind: "directory" });
  expect(renderOf({ kustomize: {} }, "helm")).toMatchObject({ kind: "kustomize" });
  expect(renderOf({}, "helm")).not.toHaveProperty("template");
  expect(renderOf({}, "helm")).not.toHaveProperty("kustomizations");
  expect(renderOf({}, "kustomize")).toMatchObject({ kind: "detect", template: {}, kustomizations: false });
});

describe("values of a chart", () => {
  test("come from files of the chart, of its source, of another one and of addresses", () => {
    const { valueFiles } = templateOf({
      valueFiles: ["a.yaml", "../b.yaml", "/c.yaml", "$values/d/../e.yaml", "https://values.example/f.yaml"],
    });
    expect(valueFiles).toEqual([
      { source: null, path: "charts/web/a.yaml" },
      { source: null, path: "charts/b.yaml" },
      { source: null, path: "c.yaml" },
      { source: "values", path: "e.yaml" },
      { url: "https://values.example/f.yaml" },
    ]);
  });

  test("come in the order of their precedence", () => {
    const { values } = templateOf({
      values: "a: text\n",
      parameters: [
        { name: "s", value: "1", forceString: true },
        { name: "t", value: "x,y" },
        { name: "l", value: "{x,y}" },
      ],
      fileParameters: [{ name: "f", path: "f.txt" }],
    });
    expect(values).toMatchObject([
      { yaml: "a: text\n" },
      { set: { path: "t", value: "x\\,y", as: "typed" } },
      { set: { path: "l", value: "{x,y}", as: "typed" } },
      { set: { path: "s", value: "1", as: "string" } },
      { path: "f", file: { source: null, path: "charts/web/f.txt" } },
    ]);
  });

  test("an object stands in for the text", () => {
    const { values } = templateOf({ values: "a: text\n", valuesObject: { a: null } });
    expect(values).toMatchObject([{ object: { a: null } }]);
  });
});

describe("what is refused", () => {
  const git = { repoURL: "https://git.example/shop", path: "web" };
  const cases: [string, SourceFields, string][] = [
    ["a file above the root", { ...git, helm: { valueFiles: ["../../a"] } }, "resolved to outside repository root"],
    ["one of another source", { ...git, ref: "v", helm: { valueFiles: ["$v/../a"] } }, "outside repository root"],
    ["a whole source", { ...git, ref: "v", helm: { valueFiles: ["$v/"] } }, "no file path after the ref name"],
    ["a name of no source", { ...git, helm: { fileParameters: [{ name: "a", path: "$w/a" }] } }, 'source "$w"'],
    [
      "a scheme that is no web's",
      { ...git, helm: { valueFiles: ["s3://b/a"] } },
      'scheme of "s3://b/a" is not allowed',
    ],
    ["a ref that is no name", { ...git, ref: "a/b" }, 'invalid ref name "a/b"'],
    ["a chart as a directory", { ...git, chart: "x", targetRevision: "1", directory: {} }, "not as Directory"],
    ["no address", { repoURL: "" }, "are required"],
  ];
  for (const [name, fields, want] of cases) {
    test(name, () => {
      const read = parseSources({ sources: [fields] }, context);
      expect(read.ok ? [] : read.error.map(({ message }) => message)).toEqual([expect.stringContaining(want)]);
    });
  }

  test("a variable of the build is no name of a source", () => {
    const read = parseSources({ sources: [{ ...git, helm: { valueFiles: ["$ARGOCD_APP_NAME/a.yaml"] } }] }, context);
    expect(read.ok).toBe(true);
  });
});
