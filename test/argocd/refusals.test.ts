import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type ArgoView, configMap, FINALIZER, IN_CLUSTER, type TestApp, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });
const { signal } = new AbortController();
const hydrator = {
  drySource: { repoURL: "https://git.example/x", path: "x", targetRevision: "main" },
  syncSource: { targetBranch: "dry", path: "xx" },
};

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

  test("that is deleted is kept by its finalizer while an application uses it, and goes then", async () => {
    const at = { apiVersion: "argoproj.io/v1alpha1", kind: "AppProject", namespace: "argocd", name: "leaving" };
    const metadata = { name: "leaving", namespace: "argocd", finalizers: [FINALIZER, "example.org/other"] };
    const spec = { sourceRepos: ["*"], destinations: [{ server: "*", namespace: "*" }] };
    const { object } = await world.client.apply(
      { apiVersion: at.apiVersion, kind: at.kind, metadata, spec },
      { manager: "test", signal },
    );
    const app = world.app("project-leaving");
    const first = await app.commit({ "a.yaml": configMap("a") });
    await app.create({ metadata: { finalizers: [FINALIZER] }, spec: { project: "leaving" } });
    await app.settled(first);
    await world.client.delete(at, { uid: object.metadata.uid ?? "", signal });
    const second = await app.commit({ "a.yaml": configMap("a", "2") });
    await app.refresh();
    await app.settled(second);
    const finalizers = async () => (await world.client.get(at, { signal }))?.metadata.finalizers;
    expect(await finalizers()).toEqual(metadata.finalizers);
    await app.delete();
    await eventually("it may go", async () => (await finalizers())?.join() === "example.org/other");
  });

  test("limits where manifests come from and where they go", async () => {
    await project("elsewhere", {
      sourceRepos: ["https://git.example/*"],
      destinations: [{ server: "*", namespace: "team-*" }],
    });
    const app = world.app("project-limits");
    await app.commit({ "a.yaml": configMap("a") });
    await app.create({ spec: { project: "elsewhere" } });
    const refused = await app.until("it is refused", ({ conditions }) => conditions.length > 1);
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

describe.concurrent("a project that changes", () => {
  const secret = (wave = "0") =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", annotations: { "argocd.argoproj.io/sync-wave": wave } },
    });
  const noSecrets = { namespaceResourceBlacklist: [{ group: "", kind: "Secret" }] };
  const isForbidden = ({ conditions }: ArgoView) => conditions.join().includes("resource :Secret is not permitted");

  test("keeps what it forbids now from being healed, and what is there from being deleted", async () => {
    await project("turning", {});
    const app = world.app("turning-heal");
    const commit = await app.commit({ "a.yaml": configMap("a"), "s.yaml": secret(), "b.yaml": configMap("b") });
    await app.create({ spec: { project: "turning" } });
    await app.settled(commit);
    await project("turning", noSecrets);
    await app.until("it is told", isForbidden);
    const found = await app.object("Secret", "s");
    const at = { apiVersion: "v1", kind: "Secret", namespace: app.namespace, name: "s" };
    await world.client.delete(at, { uid: found?.metadata.uid ?? "", signal });
    await app.edit("ConfigMap", "a", { data: { value: "2" } });
    await app.until("both are seen", ({ rows }) => rows.filter(({ status }) => status === "OutOfSync").length === 2);
    expect(await app.object("Secret", "s")).toBeNull();
    expect(await app.config("b")).toEqual({ value: "1" });
    await project("turning", {});
    await app.settled(commit);
    expect(await app.object("Secret", "s")).not.toBeNull();
    expect(await app.config("a")).toEqual({ value: "1" });
  });

  test("stops a sync before a wave that it forbids now, which goes on once it may", async () => {
    await project("midway", {});
    const app = world.app("turning-midway");
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web" },
      spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
    };
    const commit = await app.commit({ "web.yaml": JSON.stringify(service), "s.yaml": secret("1") });
    await app.create({ spec: { project: "midway" } });
    await app.until(
      "it waits for the first wave",
      ({ phase, health }) => phase === "Running" && health === "Progressing",
    );
    await project("midway", noSecrets);
    await app.until("it is told", isForbidden);
    const at = { apiVersion: "v1", kind: "Service", namespace: app.namespace, name: "web" };
    const reached = { status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } } };
    await world.client.patch(at, reached, { type: "merge", manager: "test", subresource: "status", signal });
    await app.until("the wave is healthy", ({ health }) => health === "Healthy");
    expect(await app.object("Secret", "s")).toBeNull();
    await project("midway", {});
    await app.settled(commit);
    expect(await app.object("Secret", "s")).not.toBeNull();
  });
});

describe.concurrent("an application that is refused", () => {
  const finalizers = [FINALIZER, "pre-delete-finalizer.argocd.argoproj.io"];
  const cases: { name: string; spoil: (app: TestApp) => Promise<unknown> }[] = [
    { name: "for its source", spoil: (app) => app.patch({ spec: { source: { kustomize: { version: "v4.5.7" } } } }) },
    {
      name: "for its project, which is gone",
      spoil: async (app) => {
        const at = { apiVersion: "argoproj.io/v1alpha1", kind: "AppProject", namespace: "argocd", name: app.name };
        await world.client.delete(at, { uid: (await world.client.get(at, { signal }))?.metadata.uid ?? "", signal });
      },
    },
    { name: "for a field that is not supported", spoil: (app) => app.patch({ spec: { sourceHydrator: hydrator } }) },
  ];
  for (const [index, { name, spoil }] of cases.entries()) {
    test(`goes with its objects when it is deleted: ${name}`, async () => {
      const app = world.app(`refused-${index}`);
      await project(app.name, {});
      const commit = await app.commit({ "a.yaml": configMap("a") });
      await app.create({ metadata: { finalizers: [FINALIZER] }, spec: { project: app.name } });
      await app.settled(commit);
      await spoil(app);
      await app.until("it is refused", ({ conditions }) => conditions.join().startsWith("InvalidSpecError"));
      expect(await app.config("a")).toEqual({ value: "1" });
      await app.delete();
      expect(await app.config("a")).toBeNull();
    });
  }

  test("goes without its objects when it is deleted and nobody knows their cluster", async () => {
    const app = world.app("refused-cluster");
    const commit = await app.commit({ "a.yaml": configMap("a") });
    await app.create({ metadata: { finalizers: [FINALIZER] } });
    await app.settled(commit);
    await app.patch({ spec: { destination: { server: "https://moon.example" } }, metadata: { finalizers } });
    await app.until("it is refused", ({ conditions }) => conditions.join().startsWith("InvalidSpecError"));
    await app.delete();
    expect(await app.config("a")).toEqual({ value: "1" });
  });
});

describe.concurrent("what is not supported yet is refused by name", () => {
  const cases: { name: string; fields: Record<string, unknown>; want: string }[] = [
    {
      name: "hydrator",
      fields: { spec: { sourceHydrator: hydrator } },
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
