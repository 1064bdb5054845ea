import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { conditionOf, configMap, useFluxWorld } from "./flux-world.ts";

const world = useFluxWorld();
const files = { "app/a.yaml": configMap("a"), "app/b.yaml": configMap("b") };

describe.concurrent("what is removed", () => {
  test("without prune nothing is deleted and what left is forgotten", async () => {
    const space = await world().space("unpruned");
    const first = await space.commit(files);
    await space.kustomization({ prune: false });
    await space.applied(first);
    const second = await space.commit({ "app/b.yaml": null });
    const { inventory } = await space.applied(second);
    expect(inventory?.entries.map(({ id }) => id)).toEqual(["unpruned_a__ConfigMap"]);
    await space.holds("b", { value: "1" });
    await space.kustomization({ prune: true });
    const third = await space.commit({ "app/a.yaml": configMap("a", { value: "2" }) });
    await space.applied(third);
    await space.holds("b", { value: "1" });
    await space.kustomization({ prune: false });
    await world().delete(space.kustomizationRef());
    await space.gone(space.kustomizationRef());
    await space.holds("a", { value: "2" });
  });

  test("an object without the labels of its app is not pruned", async () => {
    const space = await world().space("unlabelled");
    const first = await space.commit(files);
    await space.kustomization();
    await space.applied(first);
    await space.kustomization({ suspend: true });
    const labels = { "kustomize.toolkit.fluxcd.io/name": null, "kustomize.toolkit.fluxcd.io/namespace": null };
    await world().patch(space.configMap("b"), { metadata: { labels } });
    const second = await space.commit({ "app/b.yaml": null });
    await space.says(second, { ref: space.sourceRef() });
    await space.kustomization();
    await space.applied(second);
    await space.holds("b", { value: "1" });
  });

  const policies: { policy: string; prune: boolean; deletes: boolean }[] = [
    { policy: "MirrorPrune", prune: true, deletes: true },
    { policy: "MirrorPrune", prune: false, deletes: false },
    { policy: "Delete", prune: false, deletes: true },
    { policy: "WaitForTermination", prune: true, deletes: true },
    { policy: "Orphan", prune: true, deletes: false },
  ];
  for (const { policy, prune, deletes } of policies) {
    test(`deletionPolicy ${policy} with prune ${prune} ${deletes ? "deletes" : "keeps"} the objects`, async () => {
      const space = await world().space(`on-delete-${policy}-${prune}`.toLowerCase());
      const commit = await space.commit(files);
      await space.kustomization({ deletionPolicy: policy, prune });
      await space.applied(commit);
      const { metadata } = await space.present(space.kustomizationRef());
      expect(metadata.finalizers).toEqual(["finalizers.fluxcd.io"]);
      await world().delete(space.kustomizationRef());
      await space.gone(space.kustomizationRef());
      if (deletes) await space.gone(space.configMap("a"));
      else await space.holds("a", { value: "1" });
    });
  }

  test("WaitForTermination keeps the app until its objects are really gone, Delete does not", async () => {
    const space = await world().space("terminating");
    const held = 'finalizers: ["example.org/held"]';
    const commit = await space.commit({
      "app/a.yaml": configMap("a", { value: "1" }, held),
      "quick/b.yaml": configMap("b", { value: "1" }, held),
    });
    await space.kustomization({ deletionPolicy: "WaitForTermination" });
    await space.kustomization({ path: "./quick", deletionPolicy: "Delete" }, "quick");
    await space.applied(commit);
    await space.applied(commit, "quick");
    await world().delete(space.kustomizationRef());
    await world().delete(space.kustomizationRef("quick"));
    await space.gone(space.kustomizationRef("quick"));
    await eventually("a is being deleted", async () => {
      return (await space.present(space.configMap("a"))).metadata.deletionTimestamp !== undefined;
    });
    expect(await world().get(space.kustomizationRef())).not.toBeNull();
    await world().patch(space.configMap("a"), { metadata: { finalizers: null } });
    await space.gone(space.kustomizationRef());
    await world().patch(space.configMap("b"), { metadata: { finalizers: null } });
  });

  test("deleting a suspended app leaves its objects", async () => {
    const space = await world().space("halted");
    const commit = await space.commit(files);
    await space.kustomization();
    await space.applied(commit);
    await space.kustomization({ suspend: true });
    await world().delete(space.kustomizationRef());
    await space.gone(space.kustomizationRef());
    await space.holds("a", { value: "1" });
  });
});

describe.concurrent("when something happens", () => {
  test("a suspended app neither applies nor heals nor reports, and catches up when it is resumed", async () => {
    const space = await world().space("suspended");
    const first = await space.commit(files);
    await space.kustomization();
    const before = await space.applied(first);
    await space.kustomization({ suspend: true });
    await world().patch(space.configMap("a"), { data: { value: "by hand" } });
    const second = await space.commit({ "app/b.yaml": configMap("b", { value: "2" }) });
    await space.kustomization({ namePrefix: "other-" }, "witness");
    await space.applied(second, "witness");
    await space.holds("a", { value: "by hand" });
    await space.holds("b", { value: "1" });
    expect(await space.status()).toEqual({ ...before, observedGeneration: 2 });
    await space.kustomization({ suspend: false });
    await space.applied(second);
    await space.holds("a", { value: "1" });
    await space.holds("b", { value: "2" });
  });

  test("a requested reconciliation is done and confirmed by its token", async () => {
    const space = await world().space("asked");
    const commit = await space.commit(files);
    await space.kustomization();
    await space.applied(commit);
    const token = await space.poke(space.kustomizationRef());
    await eventually("the token is echoed", async () => (await space.status()).lastHandledReconcileAt === token);
    const again = await space.poke(space.kustomizationRef());
    await eventually("the next is echoed", async () => (await space.status()).lastHandledReconcileAt === again);
  });

  test("a failed app is tried again after retryInterval, without a new commit", async () => {
    const space = await world().space("retried");
    const commit = await space.commit(files);
    await space.kustomization({ targetNamespace: "retried-later", retryInterval: "1s" });
    await space.says('namespaces "retried-later" not found');
    await world().space("retried-later");
    await space.applied(commit);
  });

  test("a broken app does not stop its neighbours, and keeps what it has", async () => {
    const space = await world().space("broken");
    const first = await space.commit({ ...files, "next/c.yaml": configMap("c") });
    await space.kustomization();
    await space.kustomization({ path: "./next" }, "next");
    await space.applied(first);
    const second = await space.commit({ "app/b.yaml": "a: [1", "next/c.yaml": configMap("c", { value: "2" }) });
    const failed = await space.says("app/b.yaml");
    expect(failed.reason).toBe("BuildFailed");
    await space.applied(second, "next");
    const status = await space.status();
    expect(status.lastAppliedRevision).toBe(`main@sha1:${first}`);
    expect(status.lastAttemptedRevision).toBe(`main@sha1:${second}`);
    await space.holds("b", { value: "1" });
  });

  test("a source of another namespace is followed", async () => {
    const space = await world().space("far");
    const other = await world().space("far-source");
    const commit = await other.commit(files);
    await space.kustomization({ sourceRef: { kind: "GitRepository", name: "far-source", namespace: "far-source" } });
    await space.applied(commit);
    await space.holds("a", { value: "1" });
  });

  test("an object that two apps declare is kept by both and told on both", async () => {
    const space = await world().space("shared");
    const first = await space.commit({ ...files, "next/a.yaml": configMap("a"), "next/c.yaml": configMap("c") });
    await space.kustomization();
    await space.applied(first);
    await space.kustomization({ path: "./next" }, "next");
    await space.applied(first, "next");
    const told = await space.says("ConfigMap/shared/a", { type: "Shared" });
    expect(told.message).toContain("ks/shared/next");
    await space.says("ks/shared/shared", { type: "Shared", ref: space.kustomizationRef("next") });
    const second = await space.commit({ "next/a.yaml": null });
    await space.applied(second);
    await space.applied(second, "next");
    await space.holds("a", { value: "1" });
    await eventually("nobody warns any more", async () => conditionOf(await space.status(), "Shared") === undefined);
  });
});
