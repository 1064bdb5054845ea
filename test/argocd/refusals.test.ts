import { describe, expect, test } from "vitest";
import { configMap, IN_CLUSTER, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });
const { signal } = new AbortController();

describe.concurrent("destination", () => {
  test("by the name of the cluster", async () => {
    const app = world.app("destination-name");
    const commit = await app.commit({ "a.yaml": configMap("a") });
    await app.create({ spec: { destination: { name: "in-cluster", namespace: app.namespace } } });
    await app.settled(commit);
    expect(await app.config("a")).toEqual({ value: "1" });
  });

  const refusals = [
    {
      name: "both",
      destination: { name: "in-cluster", server: IN_CLUSTER },
      want: `application destination can't have both name and server defined: in-cluster ${IN_CLUSTER}`,
    },
    { name: "neither", destination: {}, want: "Destination server missing from app spec" },
    { name: "unknown-name", destination: { name: "moon" }, want: "there are no clusters with this name: moon" },
    {
      name: "unknown-server",
      destination: { server: "https://moon.example" },
      want: 'error getting cluster by server "https://moon.example": rpc error: code = NotFound desc = cluster "https://moon.example" not found',
    },
  ];
  for (const { name, destination, want } of refusals) {
    test(`is refused in the vendor's words: ${name}`, async () => {
      const app = world.app(`destination-${name}`);
      await app.commit({ "a.yaml": configMap("a") });
      await app.create({ spec: { destination: { ...destination, namespace: app.namespace } } });
      const refused = await app.until("it is refused", ({ conditions }) => conditions.length > 0);
      expect(refused.conditions).toEqual([`InvalidSpecError: ${want}`]);
      expect(refused).toMatchObject({ sync: "Unknown", health: "Unknown", rows: [] });
      expect(await app.config("a")).toBeNull();
    });
  }

  test("once it is right the app goes on", async () => {
    const app = world.app("destination-mended");
    const commit = await app.commit({ "a.yaml": configMap("a") });
    await app.create({ spec: { destination: { name: "moon", namespace: app.namespace } } });
    await app.until("it is refused", ({ conditions }) => conditions.length > 0);
    await app.patch({ spec: { destination: { name: "in-cluster" } } });
    expect((await app.settled(commit)).conditions).toEqual([]);
  });
});

describe.concurrent("a project", () => {
  const project = (name: string, spec: Record<string, unknown>) =>
    world.client.apply(
      {
        apiVersion: "argoproj.io/v1alpha1",
        kind: "AppProject",
        metadata: { name, namespace: "argocd" },
        spec: { sourceRepos: ["*"], destinations: [{ server: "*", namespace: "*" }], ...spec },
      },
      { manager: "test", signal },
    );

  test("that does not exist is named, and the app begins when it comes", async () => {
    const app = world.app("project-unknown");
    const commit = await app.commit({ "a.yaml": configMap("a") });
    await app.create({ spec: { project: "later" } });
    const refused = await app.until("it is refused", ({ conditions }) => conditions.length > 0);
    expect(refused.conditions).toEqual([
      "InvalidSpecError: Application referencing project later which does not exist",
    ]);
    await project("later", {});
    await app.settled(commit);
  });

  test("limits where manifests come from and where they go", async () => {
    await project("elsewhere", {
      sourceRepos: ["https://git.example/*"],
      destinations: [{ server: "*", namespace: "team-*" }],
    });
    const app = world.app("project-limits");
    await app.commit({ "a.yaml": configMap("a") });
    await app.create({ spec: { project: "elsewhere" } });
    const refused = await app.until("it is refused", ({ conditions }) => conditions.length > 0);
    expect(refused.conditions).toEqual([
      `InvalidSpecError: application destination server '${IN_CLUSTER}' and namespace '${app.namespace}' do not match any of the allowed destinations in project 'elsewhere': no entry of spec.destinations matches`,
      `InvalidSpecError: application repo ${app.url} is not permitted in project 'elsewhere': no entry of spec.sourceRepos matches`,
    ]);
    expect(await app.config("a")).toBeNull();
  });

  test("limits the kinds of objects, and then nothing is applied", async () => {
    await project("narrow", { namespaceResourceBlacklist: [{ group: "", kind: "Secret" }] });
    const app = world.app("project-kinds");
    const commit = await app.commit({
      "a.yaml": configMap("a"),
      "b.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: b}\n",
      "c.yaml":
        'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: "narrow:reader"}\nrules: []\n',
    });
    await app.create({ spec: { project: "narrow" } });
    const failed = await app.until("the sync fails", ({ phase }) => phase === "Failed");
    const reason =
      "one or more synchronization tasks are not valid: resource :Secret is not permitted in project narrow: " +
      "spec.namespaceResourceBlacklist[0] denies it; " +
      "resource rbac.authorization.k8s.io:ClusterRole is not permitted in project narrow: " +
      "no entry of spec.clusterResourceWhitelist matches";
    expect(failed.message).toBe(reason);
    expect(failed.conditions).toEqual([`SyncError: Failed last sync attempt to [${commit}]: ${reason}`]);
    expect(failed).toMatchObject({ sync: "OutOfSync", health: "Missing", revision: commit });
    expect(await app.config("a")).toBeNull();
    await project("narrow", { clusterResourceWhitelist: [{ group: "*", kind: "*" }] });
    await app.settled(commit);
  });

  test("limits the namespaces that manifests name themselves", async () => {
    await project("own-namespace", { destinations: [{ server: IN_CLUSTER, namespace: "in-project-namespaces" }] });
    const app = world.app("project-namespaces");
    await app.commit({
      "a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n",
      "b.yaml": configMap("b"),
    });
    await app.create({ spec: { project: "own-namespace" } });
    const failed = await app.until("the sync fails", ({ phase }) => phase === "Failed");
    expect(failed.message).toContain("namespace default is not permitted in project 'own-namespace'");
    expect(await app.config("b")).toBeNull();
  });
});

describe.concurrent("what is not supported yet is refused by name", () => {
  const drySource = { repoURL: "https://git.example/x", path: "x", targetRevision: "main" };
  const cases: { name: string; fields: Record<string, unknown>; want: string }[] = [
    {
      name: "hydrator",
      fields: { spec: { sourceHydrator: { drySource, syncSource: { targetBranch: "dry", path: "xx" } } } },
      want: "spec.sourceHydrator is not supported yet",
    },
    {
      name: "plugin",
      fields: { source: { plugin: { name: "x" } } },
      want: "spec.source.plugin: there are no plugins here: the controller has no --plugin-dir",
    },
    {
      name: "kustomize",
      fields: { source: { kustomize: { version: "v4.5.7" } } },
      want: 'spec.source.kustomize.version: "v4.5.7" is not built in: take the field out for kustomize v5.8',
    },
  ];
  for (const { name, fields, want } of cases) {
    test(name, async () => {
      const app = world.app(`unsupported-${name}`);
      await app.commit({ "a.yaml": configMap("a") });
      await app.create(fields);
      const refused = await app.until("it is refused", ({ conditions }) => conditions.length > 0);
      expect(refused.conditions).toEqual([`InvalidSpecError: ${want}`]);
      expect(await app.config("a")).toBeNull();
    });
  }

  test("Skip is no hook: the object is left out", async () => {
    const app = world.app("skipped-object");
    const commit = await app.commit({
      "a.yaml": configMap("a"),
      "b.yaml": configMap("b", "1", { "argocd.argoproj.io/hook": "Skip" }),
    });
    await app.create();
    await app.settled(commit);
    expect(await app.config("b")).toBeNull();
  });
});
