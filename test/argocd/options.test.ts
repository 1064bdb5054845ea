import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { configMap, deployment, type TestApp, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });
const automated = { prune: true, selfHeal: true };
const withOptions = (...syncOptions: string[]) => ({ spec: { syncPolicy: { automated, syncOptions } } });
const own = (options: string) => ({ "argocd.argoproj.io/sync-options": options });

/** What was written for an app, in order. */
const writes = (app: TestApp, verb?: string) =>
  world.engine.audit
    .filter((record) => record.app === `app/argocd/${app.name}` && (verb === undefined || record.verb === verb))
    .map((record) => `${record.verb} ${record.object}`);

describe.concurrent("sync options", () => {
  test("CreateNamespace makes the namespace, which nobody prunes", async () => {
    const app = world.app("namespace-made");
    const commit = await app.commit({ "a.yaml": configMap("a") });
    await app.create({
      bare: true,
      metadata: { finalizers: ["resources-finalizer.argocd.argoproj.io"] },
      ...withOptions("CreateNamespace=true"),
    });
    const { rows } = await app.settled(commit);
    expect(rows.map(({ kind }) => kind)).toEqual(["ConfigMap"]);
    await app.delete();
    expect(await app.config("a")).toBeNull();
    const namespace = await app.object("Namespace", app.namespace, "");
    expect(namespace?.metadata.deletionTimestamp).toBeUndefined();
    expect(namespace?.metadata.annotations?.["argocd.argoproj.io/tracking-id"]).toBeUndefined();
  });

  test("without CreateNamespace the sync fails and names the namespace", async () => {
    const app = world.app("namespace-missing");
    await app.commit({ "a.yaml": configMap("a") });
    await app.create({ bare: true, spec: { syncPolicy: { automated, retry: { limit: 0 } } } });
    const failed = await app.until("it fails", ({ phase }) => phase === "Failed");
    expect(failed.message).toContain('namespaces "in-namespace-missing" not found');
  });

  test("Prune=false, on the object or on the app, keeps what left, and the app is OutOfSync", async () => {
    const one = world.app("kept-object");
    const all = world.app("kept-app");
    const files = {
      "a.yaml": configMap("a"),
      "b.yaml": configMap("b", "1", own("Prune=false")),
      "c.yaml": configMap("c"),
    };
    const firsts = [await one.commit(files), await all.commit(files)];
    await one.create();
    await all.create(withOptions("Prune=false"));
    await one.settled(firsts[0] ?? "");
    await all.settled(firsts[1] ?? "");
    for (const app of [one, all]) {
      const next = await app.commit({ "b.yaml": null, "c.yaml": null });
      await app.refresh();
      const view = await app.until("it was compared", ({ revision }) => revision === next);
      expect(view.sync).toBe("OutOfSync");
      expect(view.rows).toContainEqual(expect.objectContaining({ name: "b", requiresPruning: true }));
      expect(await app.config("b")).toEqual({ value: "1" });
    }
    expect(await one.config("c")).toBeNull();
    expect(await all.config("c")).toEqual({ value: "1" });
  });

  test("Delete=false and Helm's keep outlive the app, the rest goes", async () => {
    const app = world.app("outlived");
    const commit = await app.commit({
      "a.yaml": configMap("a"),
      "b.yaml": configMap("b", "1", own("Delete=false")),
      "c.yaml": configMap("c", "1", { "helm.sh/resource-policy": "keep" }),
    });
    await app.create({ metadata: { finalizers: ["resources-finalizer.argocd.argoproj.io"] } });
    await app.settled(commit);
    await app.delete();
    expect(await app.config("a")).toBeNull();
    expect(await app.config("b")).toEqual({ value: "1" });
    expect(await app.config("c")).toEqual({ value: "1" });
  });

  test("PruneLast deletes after everything else was written", async () => {
    const app = world.app("pruned-last");
    const first = await app.commit({ "a.yaml": configMap("a"), "b.yaml": configMap("b") });
    await app.create(withOptions("PruneLast=true"));
    await app.settled(first);
    const late = { "argocd.argoproj.io/sync-wave": "5" };
    const next = await app.commit({
      "a.yaml": null,
      "b.yaml": configMap("b", "2"),
      "c.yaml": configMap("c", "1", late),
    });
    await app.refresh();
    await app.settled(next);
    expect(writes(app).slice(-3)).toEqual([
      "update ConfigMap/in-pruned-last/b",
      "create ConfigMap/in-pruned-last/c",
      "delete ConfigMap/in-pruned-last/a",
    ]);
  });

  test("Replace takes away what others added, apply leaves it", async () => {
    const app = world.app("replaced");
    const first = await app.commit({
      "a.yaml": configMap("a", "1", own("Replace=true")),
      "b.yaml": configMap("b"),
    });
    await app.create();
    await app.settled(first);
    const before = await app.object("ConfigMap", "a");
    await app.edit("ConfigMap", "a", { data: { extra: "by hand" } });
    await app.edit("ConfigMap", "b", { data: { extra: "by hand" } });
    const next = await app.commit({
      "a.yaml": configMap("a", "2", own("Replace=true")),
      "b.yaml": configMap("b", "2"),
    });
    await app.refresh();
    await app.settled(next);
    expect(await app.config("a")).toEqual({ value: "2" });
    expect(await app.config("b")).toEqual({ value: "2", extra: "by hand" });
    expect((await app.object("ConfigMap", "a"))?.metadata.uid).toBe(before?.metadata.uid);
  });

  test("an immutable field fails by name; Force and Replace recreate the object", async () => {
    const app = world.app("forced");
    const immutable = (value: string, annotations = {}) =>
      JSON.stringify({ ...(JSON.parse(configMap("a", value, annotations)) as object), immutable: true });
    const first = await app.commit({ "a.yaml": immutable("1"), "b.yaml": configMap("b") });
    await app.create({ spec: { syncPolicy: { automated, retry: { limit: 0 } } } });
    await app.settled(first);
    const before = await app.object("ConfigMap", "a");
    const second = await app.commit({ "a.yaml": immutable("2"), "b.yaml": configMap("b", "2") });
    await app.refresh();
    const failed = await app.until("it fails", ({ phase, revision }) => phase === "Failed" && revision === second);
    expect(failed.message).toContain("immutable");
    expect(failed.results).toContainEqual(expect.objectContaining({ name: "a", status: "SyncFailed" }));
    expect(await app.config("b")).toEqual({ value: "1" });
    const third = await app.commit({ "a.yaml": immutable("2", own("Force=true,Replace=true")) });
    await app.refresh();
    await app.settled(third);
    expect(await app.config("a")).toEqual({ value: "2" });
    expect((await app.object("ConfigMap", "a"))?.metadata.uid).not.toBe(before?.metadata.uid);
  });

  test("ServerSideApply and ApplyOutOfSyncOnly hold: only what differs is written, by server-side apply", async () => {
    const app = world.app("only-changed");
    const first = await app.commit({ "a.yaml": configMap("a"), "b.yaml": configMap("b") });
    await app.create(withOptions("ServerSideApply=true", "ApplyOutOfSyncOnly=true"));
    expect((await app.settled(first)).conditions).toEqual([]);
    const version = async (name: string) => (await app.object("ConfigMap", name))?.metadata.resourceVersion;
    const before = { a: await version("a"), b: await version("b") };
    const next = await app.commit({ "a.yaml": configMap("a", "2") });
    await app.refresh();
    await app.settled(next);
    expect(await version("a")).not.toBe(before.a);
    expect(await version("b")).toBe(before.b);
    expect(writes(app, "update")).toEqual(["update ConfigMap/in-only-changed/a"]);
    const { managedFields } = (await app.object("ConfigMap", "a"))?.metadata ?? {};
    expect(managedFields).toMatchObject([{ manager: "argocd-controller", operation: "Apply" }]);
  });

  test("one that has no effect is told", async () => {
    const odd = world.app("odd-option");
    const commit = await odd.commit({ "a.yaml": configMap("a") });
    await odd.create(withOptions("Validated=false"));
    const { conditions } = await odd.settled(commit);
    expect(conditions).toEqual([
      'SyncWarning: sync option "Validated=false" in spec.syncPolicy.syncOptions has no effect',
    ]);
  });
});

describe.concurrent("ignoreDifferences", () => {
  const rule = { group: "apps", kind: "Deployment", jsonPointers: ["/spec/replicas"] };
  const replicas = async (app: TestApp) =>
    ((await app.object("Deployment", "web"))?.["spec"] as { replicas: number } | undefined)?.replicas;

  test("a field that does not matter is neither told nor healed, every other one is", async () => {
    const app = world.app("ignoring");
    const commit = await app.commit({
      "web.yaml": deployment("web", { replicas: 0 }),
      "other.yaml": deployment("other", { replicas: 0 }),
    });
    await app.create({ spec: { ignoreDifferences: [rule] } });
    const { status } = await app.settled(commit);
    expect(status["sync"]).toMatchObject({ comparedTo: { ignoreDifferences: [rule] } });
    await app.edit("Deployment", "web", { spec: { replicas: 2 } });
    const template = { spec: { containers: [{ name: "web", image: "registry.example/by-hand:1" }] } };
    await app.edit("Deployment", "other", { spec: { template } });
    await expectImage(app, "registry.example/web:1.0.0", "other");
    expect(await replicas(app)).toBe(2);
    await app.refresh("hard");
    expect(app.now()["status"]).toMatchObject({ sync: { status: "Synced" } });
  });

  test("it is written with the object, unless RespectIgnoreDifferences leaves it", async () => {
    const writing = world.app("not-respecting");
    const leaving = world.app("respecting");
    const commits = [];
    for (const app of [writing, leaving])
      commits.push(await app.commit({ "web.yaml": deployment("web", { replicas: 0 }) }));
    await writing.create({ spec: { ignoreDifferences: [rule] } });
    await leaving.create({
      spec: { ignoreDifferences: [rule], syncPolicy: { automated, syncOptions: ["RespectIgnoreDifferences=true"] } },
    });
    for (const [index, app] of [writing, leaving].entries()) {
      await app.settled(commits[index] ?? "");
      await app.edit("Deployment", "web", { spec: { replicas: 3 } });
      await app.commit({ "web.yaml": deployment("web", { replicas: 0, image: "registry.example/web:2.0.0" }) });
      await app.refresh();
      await expectImage(app, "registry.example/web:2.0.0");
    }
    expect(await replicas(writing)).toBe(0);
    expect(await replicas(leaving)).toBe(3);
  });

  test("a pointer that is none is refused by its field", async () => {
    const app = world.app("bad-pointer");
    await app.commit({ "a.yaml": configMap("a") });
    await app.create({ spec: { ignoreDifferences: [{ kind: "ConfigMap", jsonPointers: ["data/value"] }] } });
    const view = await app.until("it is refused", ({ conditions }) => conditions.length > 0);
    expect(view.conditions).toEqual([
      'InvalidSpecError: spec.ignoreDifferences[0].jsonPointers: "data/value" is not a JSON pointer',
    ]);
  });
});

async function expectImage(app: TestApp, image: string, name = "web"): Promise<void> {
  const read = async () => {
    const spec = (await app.object("Deployment", name))?.["spec"] as {
      template: { spec: { containers: { image: string }[] } };
    };
    return spec.template.spec.containers[0]?.image;
  };
  await eventually(`the image is ${image}`, async () => (await read()) === image);
}
