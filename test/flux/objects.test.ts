import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { configMap, deployment, type Space, useFluxWorld } from "./flux-world.ts";

const world = useFluxWorld();
const option = (name: string, value: string) => `annotations: {kustomize.toolkit.fluxcd.io/${name}: ${value}}`;

/** Changes a ConfigMap by hand. */
async function edit(space: Space, name: string, body: object, manager = "hand"): Promise<void> {
  await world().patch(space.configMap(name), body, { manager });
}

/** Another object of the app that is healed shows that the controller has looked. */
async function healed(space: Space, name: string): Promise<void> {
  await edit(space, name, { data: { value: "by hand" } });
  await space.holds(name, { value: "1" });
}

describe.concurrent("who owns what", () => {
  test("objects carry the labels and the field manager of Flux", async () => {
    const space = await world().space("owned");
    const commit = await space.commit({
      "app/a.yaml": configMap("a"),
      "app/role.yaml":
        'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: "owned:reader"}\nrules: []\n',
    });
    await space.kustomization({}, "app-of-owned");
    const { inventory } = await space.applied(commit, "app-of-owned");
    expect(inventory?.entries).toEqual([
      { id: "_owned__reader_rbac.authorization.k8s.io_ClusterRole", v: "v1" },
      { id: "owned_a__ConfigMap", v: "v1" },
    ]);
    const object = await world().get(space.configMap("a"));
    expect(object?.metadata.labels).toEqual({
      "kustomize.toolkit.fluxcd.io/name": "app-of-owned",
      "kustomize.toolkit.fluxcd.io/namespace": "owned",
    });
    expect(object?.metadata.managedFields).toMatchObject([{ manager: "kustomize-controller", operation: "Apply" }]);
    const ref = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      namespace: "",
      name: "owned:reader",
    };
    expect((await world().get(ref))?.metadata.labels).toMatchObject({
      "kustomize.toolkit.fluxcd.io/name": "app-of-owned",
    });
  });

  test("what kubectl applied before is taken over, fields of others stay", async () => {
    const space = await world().space("adopted");
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "adopted" } };
    await world().apply({ ...object, data: { value: "0", old: "by kubectl" } }, "kubectl");
    await world().apply({ ...object, metadata: { ...object.metadata, labels: { operator: "x" } } }, "some-operator");
    const commit = await space.commit({ "app/a.yaml": configMap("a") });
    await space.kustomization();
    await space.applied(commit);
    await space.holds("a", { value: "1" });
    const live = await world().get(space.configMap("a"));
    expect(live?.metadata.labels).toMatchObject({ operator: "x" });
    expect(live?.metadata.managedFields?.map(({ manager }) => manager).sort()).toEqual([
      "kustomize-controller",
      "some-operator",
    ]);
  });

  test("fields that kubectl adds are taken back, fields that others add stay", async () => {
    const space = await world().space("edited");
    const commit = await space.commit({ "app/a.yaml": configMap("a"), "app/b.yaml": configMap("b") });
    await space.kustomization();
    await space.applied(commit);
    await edit(space, "a", { data: { extra: "by hand" } }, "kubectl-edit");
    await space.holds("a", { value: "1" });
    await edit(space, "b", { data: { extra: "by an operator" } }, "some-operator");
    await healed(space, "a");
    await space.holds("b", { value: "1", extra: "by an operator" });
    await edit(space, "b", { metadata: { labels: { "kustomize.toolkit.fluxcd.io/name": null } } }, "some-operator");
    await eventually("the label is back", async () => {
      const live = await world().get(space.configMap("b"));
      return live?.metadata.labels?.["kustomize.toolkit.fluxcd.io/name"] === "edited";
    });
  });
});

describe.concurrent("what objects ask for themselves", () => {
  test("ssa: Merge leaves what others add, IfNotPresent only creates, Ignore never writes", async () => {
    const space = await world().space("ssa");
    const object = { apiVersion: "v1", kind: "ConfigMap" };
    await world().apply({ ...object, metadata: { name: "ignored", namespace: "ssa" }, data: { value: "theirs" } });
    await world().apply({ ...object, metadata: { name: "present", namespace: "ssa" }, data: { value: "theirs" } });
    const first = await space.commit({
      "app/control.yaml": configMap("control"),
      "app/merged.yaml": configMap("merged", { value: "1" }, option("ssa", "Merge")),
      "app/present.yaml": configMap("present", { value: "1" }, option("ssa", "IfNotPresent")),
      "app/created.yaml": configMap("created", { value: "1" }, option("ssa", "IfNotPresent")),
      "app/ignored.yaml": configMap("ignored", { value: "1" }, option("ssa", "Ignore")),
      "app/absent.yaml": configMap("absent", { value: "1" }, option("ssa", "Ignore")),
    });
    await space.kustomization();
    await space.applied(first);
    await space.holds("present", { value: "theirs" });
    await space.holds("created", { value: "1" });
    await space.holds("ignored", { value: "theirs" });
    expect(await world().get(space.configMap("absent"))).toBeNull();

    await edit(space, "merged", { data: { extra: "by hand" } }, "kubectl-edit");
    await edit(space, "created", { data: { value: "by hand" } }, "kubectl-edit");
    await healed(space, "control");
    await space.holds("merged", { value: "1", extra: "by hand" });
    await space.holds("created", { value: "by hand" });
    await edit(space, "merged", { data: { value: "by hand" } }, "kubectl-edit");
    await space.holds("merged", { value: "1", extra: "by hand" });
  });

  test("reconcile: disabled holds in Git and, set by hand, on the cluster", async () => {
    const space = await world().space("unreconciled");
    const first = await space.commit({
      "app/control.yaml": configMap("control"),
      "app/git.yaml": configMap("git", { value: "1" }, option("reconcile", "disabled")),
      "app/hand.yaml": configMap("hand"),
    });
    await space.kustomization();
    await space.applied(first);
    expect(await world().get(space.configMap("git"))).toBeNull();
    const metadata = { annotations: { "kustomize.toolkit.fluxcd.io/reconcile": "disabled" } };
    await edit(space, "hand", { metadata, data: { value: "by hand" } });
    const second = await space.commit({ "app/hand.yaml": configMap("hand", { value: "2" }) });
    await space.applied(second);
    await healed(space, "control");
    await space.holds("hand", { value: "by hand" });
    await edit(space, "hand", { metadata: { annotations: { "kustomize.toolkit.fluxcd.io/reconcile": null } } });
    await space.holds("hand", { value: "2" });
  });

  test("spec.ignore leaves a field to whoever sets it, also when a commit changes the rest", async () => {
    const space = await world().space("left-alone");
    const first = await space.commit({
      "app/a.yaml": configMap("a", { value: "1", size: "1" }),
      "app/b.yaml": configMap("b"),
    });
    await space.kustomization({ ignore: [{ paths: ["/data/size"], target: { kind: "ConfigMap", name: "a" } }] });
    await space.applied(first);
    await edit(space, "a", { data: { size: "9" } });
    await healed(space, "b");
    await space.holds("a", { value: "1", size: "9" });
    await edit(space, "a", { data: { value: "by hand" } });
    await space.holds("a", { value: "1", size: "9" });
    const second = await space.commit({ "app/a.yaml": configMap("a", { value: "2", size: "2" }) });
    await space.applied(second);
    await space.holds("a", { value: "2", size: "9" });
  });

  test("driftMode: warn tells of changes by others and leaves them until the next commit", async () => {
    const space = await world().space("only-told");
    const first = await space.commit({ "app/a.yaml": configMap("a"), "app/b.yaml": configMap("b") });
    await space.kustomization({ driftMode: "warn" });
    await space.applied(first);
    await edit(space, "a", { data: { value: "by hand" } });
    await world().delete(space.configMap("b"));
    const told = await space.says("is missing", { type: "Drift" });
    expect(told).toMatchObject({
      status: "True",
      reason: "DriftLeftAlone",
      message: "ConfigMap/only-told/a differs, ConfigMap/only-told/b is missing",
    });
    expect(await space.status()).toMatchObject({ lastAppliedRevision: expect.stringContaining(first) });
    await space.holds("a", { value: "by hand" });
    const second = await space.commit({ "app/c.yaml": configMap("c") });
    const status = await space.applied(second);
    await space.holds("a", { value: "1" });
    await space.holds("b", { value: "1" });
    expect(status.conditions?.map(({ type }) => type)).not.toContain("Drift");
  });

  test("prune: disabled keeps an object that left Git or whose app was deleted", async () => {
    const space = await world().space("unpruned");
    const keep = option("prune", "disabled");
    const first = await space.commit({
      "app/control.yaml": configMap("control"),
      "app/left.yaml": configMap("left", { value: "1" }, keep),
      "app/stays.yaml": configMap("stays", { value: "1" }, keep),
      "app/goes.yaml": configMap("goes"),
    });
    await space.kustomization();
    await space.applied(first);
    const second = await space.commit({ "app/left.yaml": null, "app/goes.yaml": null });
    await space.applied(second);
    await space.gone(space.configMap("goes"));
    await space.holds("left", { value: "1" });
    await world().delete(space.kustomizationRef());
    await space.gone(space.kustomizationRef());
    await space.gone(space.configMap("control"));
    await space.holds("left", { value: "1" });
    await space.holds("stays", { value: "1" });
  });

  test("an immutable field fails by name; force, of the app or of the object, recreates it", async () => {
    const space = await world().space("immutable");
    const text = (name: string, value: string, extra = "") => `${configMap(name, { value }, extra)}immutable: true\n`;
    const first = await space.commit({ "app/a.yaml": text("a", "1"), "forced/b.yaml": text("b", "1") });
    await space.kustomization({ force: false });
    await space.kustomization({ path: "./forced" }, "forced");
    await space.applied(first);
    await space.applied(first, "forced");
    const uid = async (name: string) => (await world().get(space.configMap(name)))?.metadata.uid;
    const before = { a: await uid("a"), b: await uid("b") };
    const second = await space.commit({
      "app/a.yaml": text("a", "2"),
      "forced/b.yaml": text("b", "2", option("force", "enabled")),
    });
    const failed = await space.says("ConfigMap/immutable/a");
    expect(failed).toMatchObject({ status: "False", reason: "ReconciliationFailed" });
    expect(failed.message).toContain("immutable");
    expect(await uid("a")).toBe(before.a);
    await space.applied(second, "forced");
    await space.holds("b", { value: "2" });
    expect(await uid("b")).not.toBe(before.b);
    await space.kustomization({ force: true });
    await space.applied(second);
    await space.holds("a", { value: "2" });
    expect(await uid("a")).not.toBe(before.a);
  });

  test("force does not delete what the server refuses for another reason", async () => {
    const space = await world().space("invalid");
    const first = await space.commit({ "app/web.yaml": deployment("web") });
    await space.kustomization({ force: true });
    await space.applied(first);
    const ref = space.at("apps/v1", "Deployment", "web");
    const before = await world().get(ref);
    await space.commit({ "app/web.yaml": deployment("web", { replicas: -1 }) });
    await space.says("Deployment/invalid/web");
    expect((await world().get(ref))?.metadata.uid).toBe(before?.metadata.uid);
  });
});
