import { describe, expect, test } from "vitest";
import { configMap, deployment, IN_CLUSTER, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });

describe.concurrent("a directory source", () => {
  const files = {
    "a.yaml": configMap("a"),
    "b.json": configMap("b"),
    "c.yml": configMap("c"),
    "notes.md": "# no manifest",
    "sub/d.yaml": configMap("d"),
    "sub/deep/e.yaml": configMap("e"),
  };
  const cases: { name: string; directory?: Record<string, unknown>; want: string[] }[] = [
    { name: "plain", want: ["a", "b", "c"] },
    { name: "recurse", directory: { recurse: true }, want: ["a", "b", "c", "d", "e"] },
    { name: "include", directory: { recurse: true, include: "{*.yml,sub/*}" }, want: ["c", "d", "e"] },
    { name: "exclude", directory: { recurse: true, exclude: "sub/deep/*" }, want: ["a", "b", "c", "d"] },
    { name: "both", directory: { recurse: true, include: "*.yaml", exclude: "{a.yaml,sub/d.yaml}" }, want: ["e"] },
  ];
  for (const { name, directory, want } of cases) {
    test(`takes the files that it asks for: ${name}`, async () => {
      const app = world.app(`directory-${name}`);
      const commit = await app.commit(files);
      await app.create({ source: directory ? { directory } : {} });
      const { rows, status } = await app.settled(commit);
      expect(rows.map((row) => row["name"])).toEqual(want);
      expect(status["sourceType"]).toBe("Directory");
    });
  }

  test("leaves out a file that says so", async () => {
    const app = world.app("directory-skips");
    const commit = await app.commit({
      "a.yaml": configMap("a"),
      "b.yaml": `# +argocd:skip-file-rendering\n${configMap("b")}`,
    });
    await app.create();
    expect((await app.settled(commit)).rows).toHaveLength(1);
  });
});

describe.concurrent("a kustomize source", () => {
  const files = {
    "kustomization.yaml": "resources: [web.yaml, cm.yaml]\n",
    "web.yaml": deployment("web", { replicas: 0 }),
    "cm.yaml": configMap("cm"),
    "unused.yaml": "a: [1",
  };

  test("is detected by its kustomization", async () => {
    const app = world.app("kustomize-detected");
    const commit = await app.commit(files);
    await app.create();
    const { status, rows } = await app.settled(commit);
    expect(status["sourceType"]).toBe("Kustomize");
    expect(rows.map((row) => row["name"])).toEqual(["cm", "web"]);
  });

  test("takes bases of other repositories, and follows them", async () => {
    const { git } = world;
    const base = { "deploy/kustomization.yaml": "resources: [cm.yaml]\n", "deploy/cm.yaml": configMap("given") };
    await git.commit("argo-library", base);
    const app = world.app("kustomize-remote");
    const commit = await app.commit({
      "kustomization.yaml": `resources: ["${git.url("argo-library")}//deploy?ref=main"]\n`,
    });
    await app.create();
    expect((await app.settled(commit)).rows.map((row) => row["name"])).toEqual(["given"]);
    await git.commit("argo-library", { "deploy/kustomization.yaml": "resources: [cm.yaml]\nnamePrefix: newly-\n" });
    await app.refresh();
    const isMoved = (name: unknown) => name === "newly-given";
    const { rows } = await app.until("what moved is applied", (view) =>
      view.rows.some((row) => isMoved(row["name"]) && row["status"] === "Synced"),
    );
    expect(rows.filter((row) => isMoved(row["name"]))).toMatchObject([{ status: "Synced" }]);
  });

  test("is built with the overrides that the spec names", async () => {
    const app = world.app("kustomize-options");
    const commit = await app.commit({ ...files, "web.yaml": deployment("web", { replicas: 3 }) });
    const kustomize = {
      namePrefix: "p-",
      nameSuffix: "-s",
      images: ["registry.example/web=registry.example/other:2"],
      replicas: [{ name: "web", count: 0 }],
      commonLabels: { team: "shop" },
      labelWithoutSelector: true,
      commonAnnotations: { note: "yes" },
      patches: [
        {
          target: { kind: "ConfigMap" },
          patch: '[{"op": "replace", "path": "/data/value", "value": "patched"}]',
        },
      ],
    };
    await app.create({ source: { kustomize } });
    const { status } = await app.settled(commit);
    expect(status["summary"]).toEqual({ images: ["registry.example/other:2"] });
    const web = await app.object("Deployment", "p-web-s");
    expect(web?.metadata).toMatchObject({ labels: { team: "shop" }, annotations: { note: "yes" } });
    expect(web?.["spec"]).toMatchObject({ replicas: 0, selector: { matchLabels: { app: "web" } } });
    expect(await app.config("p-cm-s")).toEqual({ value: "patched" });
  });

  test("is a plain directory when the spec says so", async () => {
    const app = world.app("kustomize-as-directory");
    const commit = await app.commit({ "kustomization.yaml": "resources: [nothing.yaml]\n", "a.yaml": configMap("a") });
    await app.create({ source: { directory: { include: "a.yaml" } } });
    expect((await app.settled(commit)).status["sourceType"]).toBe("Directory");
  });
});

describe.concurrent("targetRevision", () => {
  const prepare = async (name: string) => {
    const app = world.app(name);
    const first = await app.commit({ "a.yaml": configMap("a", "first") });
    await world.git.git(name, "tag", "v1.0.0", first);
    const second = await app.commit({ "a.yaml": configMap("a", "second") });
    await world.git.git(name, "tag", "-a", "-m", "release", "v1.2.0", second);
    await world.git.git(name, "tag", "v2.0.0-rc.1", second);
    const other = await app.commit({ "a.yaml": configMap("a", "branch") }, "feature/x");
    const head = await app.commit({ "a.yaml": configMap("a", "head") });
    return { app, commits: { first, second, other, head } };
  };
  type Commits = Awaited<ReturnType<typeof prepare>>["commits"];
  const cases: { name: string; revision: (commits: Commits) => string | undefined; want: keyof Commits }[] = [
    { name: "none", revision: () => undefined, want: "head" },
    { name: "head", revision: () => "HEAD", want: "head" },
    { name: "branch", revision: () => "feature/x", want: "other" },
    { name: "full-name", revision: () => "refs/heads/feature/x", want: "other" },
    { name: "tag", revision: () => "v1.0.0", want: "first" },
    { name: "annotated-tag", revision: () => "v1.2.0", want: "second" },
    { name: "full-sha", revision: ({ first }) => first, want: "first" },
    { name: "short-sha", revision: ({ first }) => first.slice(0, 8), want: "first" },
    { name: "range", revision: () => "1.x", want: "second" },
    { name: "tilde", revision: () => "~1.0", want: "first" },
    { name: "star", revision: () => "*", want: "second" },
    { name: "prerelease", revision: () => ">=2.0.0-0", want: "second" },
  ];
  for (const { name, revision, want } of cases) {
    test(`may be: ${name}`, async () => {
      const { app, commits } = await prepare(`revision-${name}`);
      await app.create({ source: { targetRevision: revision(commits) } });
      await app.settled(commits[want]);
    });
  }

  test("that nothing matches is told, and found once it exists", async () => {
    const app = world.app("revision-missing");
    const first = await app.commit({ "a.yaml": configMap("a") });
    await app.create({ source: { targetRevision: "later" } });
    const failed = await app.until("the comparison fails", ({ conditions }) => conditions.length > 0);
    expect(failed).toMatchObject({ sync: "Unknown", revision: "later", health: "Healthy" });
    expect(failed.conditions[0]).toMatch(/^ComparisonError: Failed to load target state: .*later/);
    await world.git.git(app.name, "tag", "later", first);
    await app.refresh("hard");
    expect((await app.settled(first)).conditions).toEqual([]);
  });
});

describe.concurrent("manifests that cannot be used", () => {
  test("a syntax error is told with file and line", async () => {
    const app = world.app("manifests-invalid");
    await app.commit({ "x.yaml": "kind:\n  - {b: c\n" });
    await app.create();
    const failed = await app.until("the comparison fails", ({ conditions }) => conditions.length > 0);
    expect(failed).toMatchObject({ sync: "Unknown", revision: "main", health: "Healthy", rows: [] });
    expect(failed.conditions[0]).toMatch(
      /^ComparisonError: Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = FailedPrecondition desc = app\/x\.yaml:2: /,
    );
  });

  test("a path that does not exist is told in the vendor's words", async () => {
    const app = world.app("manifests-nowhere");
    await app.commit({ "a.yaml": configMap("a") });
    await app.create({ source: { path: "nowhere" } });
    const failed = await app.until("the comparison fails", ({ conditions }) => conditions.length > 0);
    expect(failed.conditions).toEqual([
      "ComparisonError: Failed to load target state: failed to generate manifest for source 1 of 1: " +
        "rpc error: code = Unknown desc = nowhere: app path does not exist",
    ]);
  });

  test("an object that is declared twice is warned about, and the last one wins", async () => {
    const app = world.app("manifests-twice");
    const commit = await app.commit({ "a.yaml": `${configMap("a", "1")}\n---\n${configMap("a", "2")}` });
    await app.create();
    const { conditions } = await app.settled(commit);
    expect(conditions).toHaveLength(1);
    expect(conditions[0]).toMatch(/^RepeatedResourceWarning: .*ConfigMap/);
    expect(await app.config("a")).toEqual({ value: "2" });
  });

  test("an object that two apps declare is warned about on both and never pruned by one", async () => {
    const one = world.app("shared-one");
    const two = world.app("shared-two");
    const files = { "a.yaml": configMap("common"), "own.yaml": configMap("own-one") };
    const first = await one.commit(files);
    await one.create();
    await one.settled(first);
    const second = await two.commit({ "a.yaml": configMap("common"), "own.yaml": configMap("own-two") });
    await two.create({ spec: { destination: { server: IN_CLUSTER, namespace: one.namespace } } });
    await two.settled(second);
    const warned = (app: { conditions: readonly string[] }) => app.conditions.join().includes("SharedResourceWarning");
    const told = await one.until("the first is warned", warned);
    expect(told.conditions.join()).toContain("argocd/shared-two");
    expect((await two.until("the second is warned", warned)).conditions.join()).toContain("argocd/shared-one");
    const removed = await one.commit({ "a.yaml": null });
    await one.refresh();
    expect((await one.settled(removed)).conditions).toEqual([]);
    expect(await one.config("common")).toEqual({ value: "1" });
    await two.until("the warning ends", (app) => !warned(app));
  });
});
