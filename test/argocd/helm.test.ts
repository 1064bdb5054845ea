import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chartArchive, ChartServer } from "../support/chart-server.ts";
import { configMap, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });
const charts = new ChartServer();
/** Tells its charts to those who log in. */
const guarded = new ChartServer();
guarded.login = { username: "ada", password: "s3cret" };

beforeAll(async () => {
  await charts.start();
  await guarded.start();
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "guarded", namespace: "argocd", labels: { "argocd.argoproj.io/secret-type": "repository" } },
    stringData: { type: "helm", name: "guarded", url: guarded.url, ...guarded.login },
  };
  await world.client.apply(secret, { manager: "test", signal: new AbortController().signal });
});
afterAll(async () => {
  await charts.stop();
  await guarded.stop();
});

/** Says what it got: the release, its values and the capabilities that it asked for. */
const TEMPLATE = `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-told
data:
  release: {{ .Release.Name }}/{{ .Release.Namespace }}/{{ .Release.Revision }}/{{ .Release.IsInstall }}
  version: {{ .Chart.Version | quote }}
  size: {{ .Values.size | toJson | quote }}
  color: {{ .Values.color | toJson | quote }}
  from: {{ .Values.from | toJson | quote }}
  lookup: {{ lookup "v1" "Namespace" "" "default" | toJson | quote }}
  kube: {{ .Capabilities.KubeVersion.Version | quote }}
  apps: {{ .Capabilities.APIVersions.Has "argoproj.io/v1alpha1/Application" | quote }}
`;
const CRD = JSON.stringify({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "gadgets.charts.example" },
  spec: {
    group: "charts.example",
    names: { kind: "Gadget", plural: "gadgets" },
    scope: "Namespaced",
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
  },
});

const chart = (version: string, files: Record<string, string> = {}) => ({
  "Chart.yaml": `apiVersion: v2\nname: teller\nversion: ${version}\n`,
  "values.yaml": "size: 1\ncolor: blue\nfrom: chart\n",
  "templates/told.yaml": TEMPLATE,
  ...files,
});

describe.concurrent("a chart at a path in Git", () => {
  test("is detected, rendered for the app's own name, and told as Helm", async () => {
    const app = world.app("git-chart");
    const commit = await app.commit(chart("0.1.0"));
    await app.create();
    const { status } = await app.settled(commit);
    expect(status["sourceType"]).toBe("Helm");
    expect(await app.config("git-chart-told")).toMatchObject({
      release: "git-chart/in-git-chart/1/true",
      version: "0.1.0",
      size: "1",
      color: '"blue"',
      lookup: "{}",
      apps: "true",
    });
  });

  test("takes its values in the order of their precedence", async () => {
    const app = world.app("git-values");
    await app.commit({
      ...chart("0.1.0"),
      "values-b.yaml": "size: 2\ncolor: green\nfrom: b\n",
      "env/prod/z.yaml": "from: z\n",
      "env/a.yaml": "from: a\ncolor: red\n",
    });
    const commit = await world.git.commit("git-values", { "shared/root.yaml": "rooted: true\nsize: 3\n" });
    await app.create({
      source: {
        helm: {
          releaseName: "other",
          namespace: "elsewhere",
          valueFiles: ["values-b.yaml", "env/**/*.yaml", "/shared/root.yaml", "missing.yaml"],
          ignoreMissingValueFiles: true,
          values: "color: ignored\n",
          valuesObject: { color: "purple", from: { object: null } },
          parameters: [
            { name: "size", value: "7", forceString: true },
            { name: "size", value: "6" },
            { name: "color", value: "$ARGOCD_APP_NAME,$$x,${ARGOCD_APP_REVISION_SHORT}" },
          ],
          fileParameters: [{ name: "from", path: "values-b.yaml" }],
          kubeVersion: "1.29.3",
        },
      },
    });
    await app.settled(commit);
    expect(await app.config("other-told")).toMatchObject({
      release: "other/elsewhere/1/true",
      size: '"7"',
      color: JSON.stringify(`git-values,$x,${commit.slice(0, 7)}`),
      from: JSON.stringify("size: 2\ncolor: green\nfrom: b\n"),
      kube: "v1.29.3",
    });
  });

  test("keeps a null that deletes what the chart sets", async () => {
    const app = world.app("git-null");
    const commit = await app.commit(chart("0.1.0"));
    await app.create({ source: { helm: { valuesObject: { color: null } } } });
    await app.settled(commit);
    expect(await app.config("git-null-told")).toMatchObject({ color: "null", size: "1" });
  });

  test("has what it depends on: in its repository, and in another one", async () => {
    charts.publish("helper", "1.4.0", { files: { "templates/a.yaml": configMap("helper-14") } });
    charts.publish("helper", "1.5.0", { files: { "templates/a.yaml": configMap("helper-15") } });
    const app = world.app("git-dependencies");
    const dependencies = [
      { name: "near", version: "0.x", repository: "file://../near" },
      { name: "helper", version: "~1.4.0", repository: charts.url },
    ];
    const parent = { apiVersion: "v2", name: "parent", version: "1.0.0", dependencies };
    const commit = await world.git.commit("git-dependencies", {
      "app/Chart.yaml": JSON.stringify(parent),
      "near/Chart.yaml": "apiVersion: v2\nname: near\nversion: 0.3.0\n",
      "near/templates/a.yaml": configMap("near"),
    });
    await app.create();
    const { rows } = await app.settled(commit);
    expect(rows.map((row) => row["name"])).toEqual(["helper-14", "near"]);
  });

  test("has what it depends on of a repository that asks for a login", async () => {
    guarded.publish("kept", "1.0.0", { files: { "templates/a.yaml": configMap("kept") } });
    const app = world.app("git-guarded");
    const dependencies = [{ name: "kept", version: "1.x", repository: guarded.url }];
    const commit = await app.commit({
      "Chart.yaml": JSON.stringify({ apiVersion: "v2", name: "parent", version: "1.0.0", dependencies }),
    });
    await app.create();
    expect((await app.settled(commit)).rows.map((row) => row["name"])).toEqual(["kept"]);
    const other = world.app("git-unguarded");
    const elsewhere = [{ name: "kept", version: "2.x", repository: guarded.url.replace("127.0.0.1", "localhost") }];
    await other.commit({
      "Chart.yaml": JSON.stringify({ apiVersion: "v2", name: "parent", version: "1.0.0", dependencies: elsewhere }),
    });
    await other.create();
    const failed = await other.until("it is not let in", ({ conditions }) => conditions.length > 0);
    expect(failed.conditions.join()).toMatch(/chart kept 2\.x of http:\/\/localhost.* authentication failed/);
  });

  test("has what it depends on of a repository that it calls by its name", async () => {
    guarded.publish("called", "1.0.0", { files: { "templates/a.yaml": configMap("called") } });
    const app = world.app("git-called");
    const needing = (repository: string) => {
      const dependencies = [{ name: "called", version: "1.x", repository }];
      return { "Chart.yaml": JSON.stringify({ apiVersion: "v2", name: "parent", version: "1.0.0", dependencies }) };
    };
    const commit = await app.commit(needing("@guarded"));
    await app.create();
    expect((await app.settled(commit)).rows.map((row) => row["name"])).toEqual(["called"]);
    await app.commit(needing("alias:nobody"));
    await app.refresh();
    const failed = await app.until("there is none", ({ conditions }) => conditions.length > 0);
    expect(failed.conditions.join()).toContain('none that may be used here is called "nobody"');
  });

  test("may lie in a submodule", async () => {
    const { git } = world;
    const inner = await git.commit("sub-chart", chart("0.2.0"));
    const app = world.app("git-submodule");
    const commit = await git.commit("git-submodule", {
      ".gitmodules": '[submodule "c"]\n\tpath = app\n\turl = ../sub-chart.git\n',
      app: { submodule: inner },
    });
    await app.create();
    expect((await app.settled(commit)).status["sourceType"]).toBe("Helm");
    expect(await app.config("git-submodule-told")).toMatchObject({ version: "0.2.0" });
  });

  test("brings its definitions unless they are to be skipped", async () => {
    const app = world.app("git-crds");
    const commit = await app.commit(chart("0.1.0", { "crds/gadget.yaml": CRD }));
    await app.create({ source: { helm: { skipCrds: true } } });
    expect((await app.settled(commit)).rows.map((row) => row["kind"])).toEqual(["ConfigMap"]);
    await app.patch({ spec: { source: { helm: { skipCrds: false } } } });
    const { rows } = await app.until("the definition is applied", (view) => view.rows.length === 2);
    expect(rows.map((row) => row["kind"])).toContain("CustomResourceDefinition");
  });

  test("has its hooks run around the sync, and its tests left alone", async () => {
    const app = world.app("git-hooks");
    const hook = (name: string, kind: string) => configMap(name, "1", { "helm.sh/hook": kind });
    const commit = await app.commit({
      ...chart("0.1.0"),
      "templates/before.yaml": hook("before", "pre-install,pre-upgrade"),
      "templates/tests/check.yaml": hook("check", "test"),
    });
    await app.create();
    const { results, rows } = await app.settled(commit);
    expect(results).toContainEqual(expect.objectContaining({ name: "before", hookType: "PreSync" }));
    expect(rows.map((row) => row["name"])).not.toContain("check");
    expect(await app.config("before")).toEqual({ value: "1" });
    expect(await app.config("check")).toBeNull();
  });

  test("is changed by the files that tools write beside it", async () => {
    const app = world.app("git-overrides");
    const commit = await app.commit({
      ...chart("0.1.0"),
      ".argocd-source.yaml": "helm: {parameters: [{name: size, value: '2'}, {name: color, value: all}]}\n",
      ".argocd-source-git-overrides.yaml": "helm: {parameters: [{name: color, value: mine}]}\npath: nowhere\n",
      ".argocd-source-other.yaml": "helm: {parameters: [{name: color, value: theirs}]}\n",
    });
    await app.create();
    await app.settled(commit);
    expect(await app.config("git-overrides-told")).toMatchObject({ color: '"mine"', size: "1" });
    const next = await app.commit({ ".argocd-source-git-overrides.yaml": null });
    await app.refresh();
    await app.settled(next);
    expect(await app.config("git-overrides-told")).toMatchObject({ color: '"all"', size: "2" });
  });
});

describe.concurrent("a chart of a repository", () => {
  test("is followed within its range, and told by its version", async () => {
    charts.publish("teller", "1.2.0", { packed: chartArchive("teller", "1.2.0", chart("1.2.0")) });
    charts.publish("teller", "2.0.0", { packed: chartArchive("teller", "2.0.0", chart("2.0.0")) });
    const app = world.app("repo-chart");
    await app.create({ source: { repoURL: charts.url, path: undefined, chart: "teller", targetRevision: "1.x" } });
    const { status, history } = await app.settled("1.2.0");
    expect(status["sourceType"]).toBe("Helm");
    expect(history).toMatchObject([{ revision: "1.2.0", source: { chart: "teller", targetRevision: "1.x" } }]);
    charts.publish("teller", "1.3.0", { packed: chartArchive("teller", "1.3.0", chart("1.3.0")) });
    await app.refresh();
    await app.settled("1.3.0");
    expect(await app.config("repo-chart-told")).toMatchObject({ version: "1.3.0" });
  });

  test("takes values of its own files and of a source beside it", async () => {
    const packed = chartArchive("valued", "1.0.0", {
      ...chart("1.0.0"),
      "Chart.yaml": "apiVersion: v2\nname: valued\nversion: 1.0.0\n",
      "values-large.yaml": "size: 99\nfrom: package\n",
    });
    charts.publish("valued", "1.0.0", { packed });
    const { git } = world;
    const first = await git.commit("given-values", { "env/prod.yaml": "color: given\nfrom: given\n" });
    const app = world.app("repo-values");
    const helm = { valueFiles: ["values-large.yaml", "$values/env/prod.yaml"] };
    const sources = [
      { repoURL: charts.url, chart: "valued", targetRevision: "1.0.0", helm },
      { repoURL: git.url("given-values"), targetRevision: "main", ref: "values" },
    ];
    await app.create({ spec: { sources, source: undefined } });
    const synced = (texts: string[]) => (view: { sync: string; status: Readonly<Record<string, unknown>> }) => {
      const { sync } = view.status as { sync?: { revisions?: string[] } };
      return view.sync === "Synced" && JSON.stringify(sync?.revisions) === JSON.stringify(texts);
    };
    const { status, history } = await app.until("both are synced", synced(["1.0.0", first]));
    expect(await app.config("repo-values-told")).toMatchObject({ size: "99", color: '"given"', from: '"given"' });
    expect(status).toMatchObject({
      sourceTypes: ["Helm", ""],
      sync: { comparedTo: { sources }, revisions: ["1.0.0", first] },
      operationState: { syncResult: { revision: "", revisions: ["1.0.0", first], sources } },
    });
    expect(status["sourceType"]).toBeUndefined();
    expect(history).toMatchObject([{ revisions: ["1.0.0", first], sources }]);
    const second = await git.commit("given-values", { "env/prod.yaml": "color: newer\n" });
    await app.refresh();
    await app.until("the values are followed", synced(["1.0.0", second]));
    expect(await app.config("repo-values-told")).toMatchObject({ color: '"newer"', from: '"package"' });
  });
});
