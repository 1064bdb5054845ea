import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { configMap, deployment, FINALIZER, type TestApp, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld();
const { signal } = new AbortController();
const OPEN_SCHEMA = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const wave = (number: number) => ({ "argocd.argoproj.io/sync-wave": String(number) });

const writes = (app: TestApp) =>
  world.engine.audit
    .filter((record) => record.app === `app/argocd/${app.name}`)
    .map(({ verb, object }) => `${verb} ${object}`);

describe.concurrent("sync waves", () => {
  test("run in order, kinds in order within one, and deletion goes the other way round", async () => {
    const app = world.app("waves");
    const commit = await app.commit({
      "a.yaml": configMap("last", "1", wave(2)),
      "b.yaml": configMap("first", "1", wave(-1)),
      "c.yaml": deployment("web", { replicas: 0 }),
      "d.yaml": configMap("middle"),
    });
    await app.create({ metadata: { finalizers: [FINALIZER] } });
    const { rows } = await app.settled(commit);
    expect(rows).toContainEqual(expect.objectContaining({ name: "last", syncWave: 2 }));
    expect(writes(app)).toEqual([
      "create ConfigMap/in-waves/first",
      "create ConfigMap/in-waves/middle",
      "create Deployment/in-waves/web",
      "create ConfigMap/in-waves/last",
    ]);
    await app.delete();
    expect(writes(app).slice(4)).toEqual([
      "delete ConfigMap/in-waves/last",
      "delete Deployment/in-waves/web",
      "delete ConfigMap/in-waves/middle",
      "delete ConfigMap/in-waves/first",
    ]);
  });

  test("wait until everything of the last one is healthy; a newer commit ends the wait", async () => {
    const app = world.app("gated");
    const next = { "b.yaml": configMap("b", "1", wave(1)) };
    const first = await app.commit({ "web.yaml": deployment("web", { hangs: true }), ...next });
    await app.create();
    const waiting = await app.until("it waits", ({ phase }) => phase === "Running");
    expect(waiting).toMatchObject({ health: "Progressing", revision: first });
    expect(await app.config("b")).toBeNull();
    const second = await app.commit({ "web.yaml": deployment("web") });
    await app.refresh();
    await app.settled(second);
    expect(await app.config("b")).toEqual({ value: "1" });
  });

  test("the last one is not waited for: the sync succeeds and health tells the rest", async () => {
    const app = world.app("ungated");
    await app.commit({ "web.yaml": deployment("web", { hangs: true }) });
    await app.create();
    const done = await app.until(
      "it is done",
      ({ phase, health }) => phase === "Succeeded" && health === "Progressing",
    );
    expect(done.sync).toBe("Synced");
    expect(done.status["health"]).toMatchObject({ message: "Caused by apps/Deployment:in-ungated/web" });
  });
});

describe.concurrent("what objects carry", () => {
  test("tracking id, label and field manager", async () => {
    const app = world.app("tracked");
    const role =
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: "tracked:reader"}\nrules: []\n';
    const commit = await app.commit({ "a.yaml": configMap("a"), "role.yaml": role });
    await app.create();
    await app.settled(commit);
    const { metadata } = (await app.object("ConfigMap", "a")) ?? {};
    expect(metadata?.annotations).toEqual({ "argocd.argoproj.io/tracking-id": "tracked:/ConfigMap:in-tracked/a" });
    expect(metadata?.labels).toEqual({ "holdfast.dev/app": "tracked" });
    expect(metadata?.managedFields).toMatchObject([{ manager: "argocd-controller", operation: "Apply" }]);
    const ref = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      namespace: "",
      name: "tracked:reader",
    };
    const cluster = await world.client.get(ref, { signal });
    expect(cluster?.metadata.annotations).toMatchObject({
      "argocd.argoproj.io/tracking-id": "tracked:rbac.authorization.k8s.io/ClusterRole:in-tracked/tracked:reader",
    });
  });

  test("fields of client-side apply move to the controller, so that what left Git leaves the cluster", async () => {
    const app = world.app("migrated");
    const metadata = { name: "a", namespace: app.namespace };
    // The server records writers of an object only when somebody owned a field of it from the start.
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { ...metadata, labels: { made: "before" } } };
    const admin = { manager: "test", signal };
    await world.client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: app.namespace } }, admin);
    await world.client.apply(object, admin);
    const data = { value: "0", old: "from kubectl" };
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({ ...object, data }) };
    await world.client.patch(
      { ...object, ...metadata },
      { metadata: { annotations }, data },
      { type: "merge", manager: "kubectl-client-side-apply", signal },
    );
    const commit = await app.commit({ "a.yaml": configMap("a") });
    await app.create();
    await app.settled(commit);
    expect(await app.config("a")).toEqual({ value: "1" });
    const after = await app.object("ConfigMap", "a");
    const managers = after?.metadata.managedFields?.map(({ manager, operation }) => `${manager} ${operation}`);
    expect(managers).not.toContain("kubectl-client-side-apply Update");
    expect(managers).toContain("argocd-controller Apply");
  });
});

describe.concurrent("deleting an app", () => {
  for (const [name, finalizers, cascades] of [
    ["foreground", [FINALIZER], true],
    ["background", [`${FINALIZER}/background`], true],
    ["none", [], false],
  ] as const) {
    test(`with finalizer ${name} ${cascades ? "deletes" : "leaves"} its objects`, async () => {
      const app = world.app(`deleted-${name}`);
      const commit = await app.commit({ "a.yaml": configMap("a"), "web.yaml": deployment("web", { replicas: 0 }) });
      await app.create({ metadata: { finalizers } });
      await app.settled(commit);
      await app.delete();
      if (!cascades) {
        expect(await app.config("a")).toEqual({ value: "1" });
        return expect(await app.object("Deployment", "web")).not.toBeNull();
      }
      await eventually("its objects are gone", async () => {
        return (await app.config("a")) === null && (await app.object("Deployment", "web")) === null;
      });
    });
  }

  test("waits for objects that cannot go yet, and other apps go on", async () => {
    const app = world.app("deleted-held");
    const held = {
      ...(JSON.parse(configMap("a")) as object),
      metadata: { name: "a", finalizers: ["example.org/held"] },
    };
    const commit = await app.commit({ "a.yaml": JSON.stringify(held), "b.yaml": configMap("b") });
    await app.create({ metadata: { finalizers: [FINALIZER] } });
    await app.settled(commit);
    const gone = app.delete();
    const other = world.app("deleted-other");
    const done = await other.commit({ "a.yaml": configMap("a") });
    await other.create();
    await other.settled(done);
    expect(app.now().metadata.deletionTimestamp).toBeDefined();
    await app.edit("ConfigMap", "a", { metadata: { finalizers: null } });
    await gone;
  });

  test("never deletes definitions, whose objects are kept and go as others do", async () => {
    const app = world.app("deleted-definitions");
    const definition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "widgets.example.org" },
      spec: {
        group: "example.org",
        names: { kind: "Widget", plural: "widgets" },
        scope: "Namespaced",
        versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: OPEN_SCHEMA } }],
      },
    };
    const widget = { apiVersion: "example.org/v1", kind: "Widget", metadata: { name: "w" }, spec: { size: 1 } };
    const commit = await app.commit({ "a.yaml": JSON.stringify(widget), "z.yaml": JSON.stringify(definition) });
    // The garbage collector of the control plane learns of new kinds late, so foreground deletion would take long.
    await app.create({ metadata: { finalizers: [`${FINALIZER}/background`] } });
    await app.settled(commit);
    const ref = { apiVersion: "example.org/v1", kind: "Widget", namespace: app.namespace, name: "w" };
    world.client.invalidateDiscovery();
    await world.client.patch(ref, { spec: { size: 2 } }, { type: "merge", manager: "hand", signal });
    await eventually(
      "the edit is healed",
      async () => {
        const spec = (await world.client.get(ref, { signal }))?.["spec"] as { size: number } | undefined;
        return spec?.size === 1;
      },
      5_000,
    );
    await app.delete();
    expect(await world.client.get(ref, { signal })).toBeNull();
    const { apiVersion, kind, metadata } = definition;
    const left = await world.client.get({ apiVersion, kind, namespace: "", name: metadata.name }, { signal });
    expect(left?.metadata.name).toBe("widgets.example.org");
    expect(left?.metadata.deletionTimestamp).toBeUndefined();
  });
});

describe.concurrent("the status", () => {
  test("of a synced app is Argo CD's own, member by member", async () => {
    const app = world.app("status");
    const commit = await app.commit({ "a.yaml": configMap("a"), "web.yaml": deployment("web") });
    await app.create();
    const { status } = await app.settled(commit);
    const source = { repoURL: app.url, path: "app", targetRevision: "main" };
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string;
    const row = { namespace: app.namespace, version: "v1" };
    const result = { ...row, status: "Synced", syncPhase: "Sync", hookPhase: "Running" };
    const web = { group: "apps", kind: "Deployment", name: "web" };
    const images = ["registry.example/web:1.0.0"];
    expect(status).toEqual({
      sync: {
        status: "Synced",
        revision: commit,
        comparedTo: { source, destination: { server: "https://kubernetes.default.svc", namespace: app.namespace } },
      },
      health: { status: "Healthy", lastTransitionTime: time },
      resources: [
        { ...row, kind: "ConfigMap", name: "a", status: "Synced" },
        { ...row, ...web, status: "Synced" },
      ],
      operationState: {
        phase: "Succeeded",
        message: "successfully synced (all tasks run)",
        operation: {
          initiatedBy: { automated: true },
          retry: { limit: 5 },
          sync: { prune: true, revision: commit, source },
        },
        startedAt: time,
        finishedAt: time,
        syncResult: {
          revision: commit,
          source,
          resources: [
            { ...result, group: "", kind: "ConfigMap", name: "a", message: "configmap/a created" },
            { ...result, ...web, images, message: "deployment.apps/web created" },
          ],
        },
      },
      history: [
        { id: 0, revision: commit, source, deployStartedAt: time, deployedAt: time, initiatedBy: { automated: true } },
      ],
      reconciledAt: time,
      sourceType: "Directory",
      summary: { images },
      controllerNamespace: "argocd",
      resourceHealthSource: "appTree",
    });
    // Events are sent after the status that they tell of.
    const told = () => world.events.get("status") ?? [];
    const isTold = () => told().some(({ message }) => message.includes(`Sync operation to ${commit} succeeded`));
    await eventually("the outcome is an event", () => Promise.resolve(isTold()));
    expect(told().map(({ type }) => type)).not.toContain("Warning");
  });

  test("keeps as much history as the spec says, the newest last", async () => {
    const app = world.app("history");
    const commits: string[] = [];
    for (const value of ["1", "2", "3"]) {
      commits.push(await app.commit({ "a.yaml": configMap("a", value) }));
      if (value === "1") await app.create({ spec: { revisionHistoryLimit: 2 } });
      else await app.refresh();
      await app.settled(commits.at(-1) ?? "");
    }
    const { history } = await app.settled(commits[2] ?? "");
    expect(history).toMatchObject([
      { id: 1, revision: commits[1] },
      { id: 2, revision: commits[2] },
    ]);
  });
});
