import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "../support/cli-program.ts";
import { type ArgoView, configMap, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });

const CHART = {
  "Chart.yaml": "apiVersion: v2\nname: teller\nversion: 0.1.0\n",
  "templates/told.yaml":
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: told}\ndata: {got: {{ .Values.got | quote }}}\n",
};

async function writeFolder(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

/** Whether an app is synced to these revisions of its sources. */
function isAt(...revisions: string[]) {
  return ({ sync, status }: ArgoView) => {
    const told = (status["sync"] as { revisions?: string[] } | undefined)?.revisions;
    return sync === "Synced" && JSON.stringify(told) === JSON.stringify(revisions);
  };
}

describe.concurrent("several sources", () => {
  test("are one whole: of what two declare the last one counts, and people are told", async () => {
    const { git } = world;
    const app = world.app("two-sources");
    const first = await app.commit({ "a.yaml": configMap("both", "first"), "own.yaml": configMap("own") });
    const second = await git.commit("two-more", { "deploy/b.yaml": configMap("both", "second") });
    const sources = [
      { repoURL: app.url, path: "app", targetRevision: "main", name: "base" },
      { repoURL: git.url("two-more"), path: "deploy" },
    ];
    await app.create({ spec: { sources, source: { repoURL: "https://ignored.example/x", path: "." } } });
    const { conditions, rows, status } = await app.until("both are synced", isAt(first, second));
    expect(rows.map((row) => row["name"])).toEqual(["both", "own"]);
    expect(conditions).toEqual([expect.stringMatching(/^RepeatedResourceWarning: .*ConfigMap.*both/)]);
    expect(await app.config("both")).toEqual({ value: "second" });
    expect(status["sourceTypes"]).toEqual(["Directory", "Directory"]);
    const next = await git.commit("two-more", { "deploy/b.yaml": null, "deploy/c.yaml": configMap("c") });
    await app.refresh();
    expect((await app.until("what moved is synced", isAt(first, next))).conditions).toEqual([]);
    expect(await app.config("both")).toEqual({ value: "first" });
  });

  test("wait for each other, and a failure names its source", async () => {
    const app = world.app("half-there");
    await app.commit({ "a.yaml": configMap("a") });
    const missing = { repoURL: world.git.url("half-missing"), path: "deploy", targetRevision: "main" };
    await app.create({ spec: { sources: [{ repoURL: app.url, path: "app" }, missing], source: undefined } });
    const failed = await app.until("it fails", ({ conditions }) => conditions.length > 0);
    expect(failed.conditions[0]).toContain("failed to generate manifest for source 2 of 2");
    expect(await app.config("a")).toBeNull();
    await world.git.commit("half-missing", { "other/b.yaml": configMap("b") });
    await app.refresh();
    const nowhere = await app.until("the path is missed", ({ conditions }) => conditions.join().includes("deploy:"));
    expect(nowhere.conditions).toEqual([
      "ComparisonError: Failed to load target state: failed to generate manifest for source 2 of 2: " +
        "rpc error: code = Unknown desc = deploy: app path does not exist",
    ]);
    await world.git.commit("half-missing", { "deploy/b.yaml": configMap("b") });
    await app.refresh();
    const mended = await app.until("both are synced", ({ sync }) => sync === "Synced");
    expect(mended.rows.map((row) => row["name"])).toEqual(["a", "b"]);
  });

  test("are looked at again without another sync", async () => {
    const app = world.app("kept-sources");
    const first = await app.commit({ "a.yaml": configMap("a") });
    const sources = [
      { repoURL: app.url, path: "app", targetRevision: "main" },
      { repoURL: app.url, targetRevision: "main", ref: "self" },
    ];
    await app.create({ spec: { sources, source: undefined } });
    const { history } = await app.until("it is synced", isAt(first, first));
    await app.refresh("hard");
    expect((await app.until("it still is", isAt(first, first))).history).toEqual(history);
  });
});

describe.concurrent("an order", () => {
  const manual = async (name: string, sources: (url: string) => unknown[]) => {
    const app = world.app(name);
    const first = await app.commit({ "a.yaml": configMap("a", "1") });
    await app.create({ spec: { sources: sources(app.url), source: undefined, syncPolicy: {} } });
    await app.until("it was compared", ({ sync }) => sync === "OutOfSync");
    return { app, first };
  };
  const twice = (url: string) => [
    { repoURL: url, path: "app", targetRevision: "main" },
    { repoURL: url, path: "app/more", targetRevision: "more" },
  ];

  test("may name a revision of each source", async () => {
    const { git } = world;
    await git.commit("ordered-revisions", { "app/more/b.yaml": configMap("b", "1") }, { branch: "more" });
    const { app, first } = await manual("ordered-revisions", twice);
    const more = await git.git("ordered-revisions", "rev-parse", "more");
    await app.commit({ "a.yaml": configMap("a", "2") });
    await app.refresh();
    const done = await app.operate({ revisions: [first, "more"] });
    expect(done.phase).toBe("Succeeded");
    expect(await app.config("a")).toEqual({ value: "1" });
    expect(done.history.at(-1)).toMatchObject({ revisions: [first, more.trim()] });
    await app.until("it differs from what is tracked", ({ sync }) => sync === "OutOfSync");
  });

  test("may name another source once", async () => {
    const { git } = world;
    const app = world.app("ordered-source");
    await app.commit({ "a.yaml": configMap("a", "own") });
    await app.create({ spec: { syncPolicy: {} } });
    await app.until("it was compared", ({ sync }) => sync === "OutOfSync");
    const other = await git.commit("ordered-other", { "deploy/a.yaml": configMap("a", "other") });
    const source = { repoURL: git.url("ordered-other"), path: "deploy", targetRevision: "main" };
    const done = await app.operate({ source });
    expect(done).toMatchObject({ phase: "Succeeded" });
    expect(done.history).toMatchObject([{ revision: other, source }]);
    expect(await app.config("a")).toEqual({ value: "other" });
    await app.until("it differs from its own source", ({ sync }) => sync === "OutOfSync");
    await app.operate({});
    await app.until("it is back", ({ sync }) => sync === "Synced");
    expect(await app.config("a")).toEqual({ value: "own" });
  });

  test("for another source is refused where syncs are automatic", async () => {
    const app = world.app("ordered-automated");
    const commit = await app.commit({ "a.yaml": configMap("a") });
    await app.create();
    await app.settled(commit);
    const source = { repoURL: world.git.url("elsewhere"), path: "deploy", targetRevision: "v2" };
    expect(await app.operate({ source })).toMatchObject({
      phase: "Error",
      message: `Cannot sync to ${source.repoURL}: auto-sync currently set to main`,
    });
    await app.settled(commit);
  });
});

describe.concurrent("commands", () => {
  let home = "";
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "holdfast-sources-"));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));
  const holdfast = (...args: string[]) => runCli({ home, kubeconfig: world.plane.kubeconfigPath }, args);

  test("render and compare an app as the controller does", async () => {
    const app = world.app("by-command");
    const first = await app.commit({
      ...CHART,
      ".argocd-source.yaml": "helm: {parameters: [{name: got, value: said}]}",
    });
    const values = await world.git.commit("by-command-values", { "v.yaml": "got: never\n" });
    const sources = [
      { repoURL: app.url, path: "app", targetRevision: "main", helm: { valueFiles: ["$v/v.yaml"] } },
      { repoURL: world.git.url("by-command-values"), ref: "v" },
    ];
    await app.create({ spec: { sources, source: undefined } });
    await app.until("both are synced", isAt(first, values));
    expect((await holdfast("render", "app/by-command")).out).toMatch(/got: said/);
    expect(await holdfast("diff", "app/by-command")).toMatchObject({ code: 0 });
    await world.git.commit("by-command", { "app/.argocd-source.yaml": null });
    const changed = await holdfast("diff", "app/by-command");
    expect(changed.out).toMatch(/-.*got: said[^]*\+.*got: never/);
    const at = await holdfast("render", "app/by-command", "--revision", first);
    expect(at.err).toContain("it has several sources");
  });

  test("render a chart of a folder", async () => {
    await writeFolder(join(home, "teller"), { ...CHART, "values.yaml": "got: here\n" });
    expect((await holdfast("render", join(home, "teller"))).out).toMatch(/got: here/);
  });
});

test("tags of one part of a repository are told by their prefix", async () => {
  const app = world.app("prefixed-tags");
  const first = await app.commit({ "a.yaml": configMap("a", "1.4.0") });
  await world.git.git(app.name, "tag", "shop/v1.4.0", first);
  const other = await app.commit({ "a.yaml": configMap("a", "1.9.0") });
  await world.git.git(app.name, "tag", "till/v1.9.0", other);
  await app.create({ source: { targetRevision: "1.x", tagPrefix: "shop/" } });
  await app.settled(first);
});

test("a chart's files of another source stay in it", async () => {
  const { git } = world;
  const app = world.app("ref-links");
  await app.commit(CHART);
  await git.commit("ref-values", { "ok.yaml": "got: yes\n", "leads-out.yaml": { link: "../secret.yaml" } });
  const sources = (valueFiles: string[]) => [
    { repoURL: app.url, path: "app", helm: { valueFiles } },
    { repoURL: git.url("ref-values"), ref: "v" },
  ];
  await app.create({ spec: { sources: sources(["$v/leads-out.yaml"]), source: undefined } });
  const failed = await app.until("it is refused", ({ conditions }) => conditions.length > 0);
  expect(failed.conditions.join()).toMatch(/leads-out\.yaml" leaves the repository/);
  await app.patch({ spec: { sources: sources(["$v/ok.yaml"]) } });
  await app.until("it is synced", ({ sync }) => sync === "Synced");
  expect(await app.config("told")).toEqual({ got: "true" });
});

describe.concurrent("what cannot be used is refused by its place", () => {
  const chart = { repoURL: "https://charts.example", chart: "x", targetRevision: "1.0.0" };
  const git = { repoURL: "https://git.example/x", path: "deploy" };
  const cases: { name: string; sources: Record<string, unknown>[]; want: string }[] = [
    {
      name: "ref-with-chart",
      sources: [git, { ...chart, ref: "v" }],
      want: "spec.sources[1].ref: source has a 'chart' field defined, but Helm charts are not supported for 'ref' sources",
    },
    {
      name: "ref-unknown",
      sources: [{ ...git, helm: { valueFiles: ["a.yaml", "$nobody/b.yaml"] } }],
      want: 'spec.sources[0].helm.valueFiles[1]: "$nobody/b.yaml" names a source "$nobody", which no entry of spec.sources has as its ref',
    },
    {
      name: "ref-twice",
      sources: [
        { ...git, ref: "v" },
        { ...git, ref: "v" },
      ],
      want: "invalid sources: multiple sources had the same `ref` key",
    },
    {
      name: "file-outside",
      sources: [{ ...git, helm: { valueFiles: ["../../../etc/passwd"] } }],
      want: "spec.sources[0].helm.valueFiles[0]: value file '../../../etc/passwd' resolved to outside repository root",
    },
    {
      name: "no-version",
      sources: [{ repoURL: chart.repoURL, chart: "x" }],
      want: "spec.sources[0]: spec.source.targetRevision is required if the manifest source is a helm chart",
    },
    {
      name: "two-blocks",
      sources: [{ ...git, helm: {}, kustomize: {} }],
      want: "multiple application sources defined: Helm,Kustomize",
    },
  ];
  for (const { name, sources, want } of cases) {
    test(name, async () => {
      const app = world.app(`refused-${name}`);
      await app.create({ spec: { sources, source: undefined } });
      const refused = await app.until("it is refused", ({ conditions }) => conditions.length > 0);
      expect(refused.conditions).toEqual([`InvalidSpecError: ${want}`]);
    });
  }

  const broken: { name: string; files: Record<string, string>; helm?: Record<string, unknown>; want: RegExp }[] = [
    { name: "no-values", files: CHART, helm: { valueFiles: ["gone.yaml"] }, want: /app\/gone\.yaml: no such file/ },
    {
      name: "no-match",
      files: CHART,
      helm: { valueFiles: ["env/*.yaml"] },
      want: /glob "app\/env\/\*\.yaml" matched no files/,
    },
    {
      name: "bad-values",
      files: { ...CHART, "v.yaml": "a: [1" },
      helm: { valueFiles: ["v.yaml"] },
      want: /app\/v\.yaml:1: /,
    },
    {
      name: "bad-template",
      files: { ...CHART, "templates/x.yaml": "{{ .Values.a.b.c }}" },
      want: /templates\/x\.yaml:1/,
    },
    {
      name: "bad-override",
      files: { ...CHART, ".argocd-source.yaml": "helm: {values: [1]}" },
      want: /\.argocd-source\.yaml\.helm\.values must be string/,
    },
    { name: "no-chart", files: { "a.yaml": configMap("a") }, helm: {}, want: /Chart\.yaml/ },
  ];
  for (const { name, files, helm, want } of broken) {
    test(name, async () => {
      const app = world.app(`broken-${name}`);
      await app.commit(files);
      await app.create({ source: helm ? { helm } : {} });
      const failed = await app.until("it fails", ({ conditions }) => conditions.length > 0);
      expect(failed.conditions).toEqual([expect.stringMatching(want)]);
      expect(failed.rows).toEqual([]);
    });
  }
});
