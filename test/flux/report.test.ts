import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { conditionOf, conditionsOf, configMap, deployment, type Space, useFluxWorld } from "./flux-world.ts";

const world = useFluxWorld();

/** Lets a service account of the space do something. */
async function allow(space: Space, account: string, rules: readonly object[]): Promise<void> {
  const metadata = { name: account, namespace: space.name };
  await world().apply({ apiVersion: "v1", kind: "ServiceAccount", metadata });
  await world().apply({ apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata, rules });
  await world().apply({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: account },
    subjects: [{ kind: "ServiceAccount", name: account, namespace: space.name }],
  });
}

describe.concurrent("the status", () => {
  test("of a success is Flux's own, word by word", async () => {
    const space = await world().space("success");
    const commit = await space.commit({ "app/a.yaml": configMap("a"), "app/web.yaml": deployment("web") });
    await space.kustomization();
    const forEvents = { "event.toolkit.fluxcd.io/team": "shop" };
    await world().patch(space.kustomizationRef(), { metadata: { annotations: forEvents } });
    const status = await space.applied(commit);
    const revision = `main@sha1:${commit}`;
    expect(status).toMatchObject({
      observedGeneration: 1,
      lastAppliedRevision: revision,
      lastAttemptedRevision: revision,
      inventory: {
        entries: [
          { id: "success_a__ConfigMap", v: "v1" },
          { id: "success_web_apps_Deployment", v: "v1" },
        ],
      },
    });
    expect(conditionsOf(status)).toEqual([
      {
        type: "Ready",
        status: "True",
        reason: "ReconciliationSucceeded",
        message: `Applied revision: ${revision}`,
        observedGeneration: 1,
      },
    ]);
    const events = await eventually("the events are written", async () => {
      const found = await world().events({ kind: "Kustomization", namespace: "success", name: "success" });
      return found.length > 0 && found;
    });
    const text = events.map((event) => String(event["message"])).join("\n");
    expect(text).toContain("ConfigMap/success/a created\nDeployment/success/web created");
    expect(text).toMatch(/Reconciliation finished in \S+, next run in 10m0s/);
    expect(events[0]).toMatchObject({
      type: "Normal",
      reason: "ReconciliationSucceeded",
      source: { component: "kustomize-controller" },
      metadata: { annotations: { ...forEvents, "kustomize.toolkit.fluxcd.io/revision": revision } },
    });
  });

  test("keeps a history, newest first, one entry for each content and end", async () => {
    const space = await world().space("history");
    const first = await space.commit({ "app/a.yaml": configMap("a") });
    await space.kustomization();
    await space.applied(first);
    const second = await space.commit({ "app/a.yaml": configMap("a", { value: "2" }) });
    await space.applied(second);
    const third = await space.commit({ "app/a.yaml": configMap("a") });
    const { history = [] } = await space.applied(third);
    expect(history).toMatchObject([
      {
        lastReconciledStatus: "ReconciliationSucceeded",
        metadata: { revision: `main@sha1:${third}` },
        totalReconciliations: 2,
      },
      { metadata: { revision: `main@sha1:${second}` }, totalReconciliations: 1 },
    ]);
    expect(history).toHaveLength(2);
    expect(history[0]?.["lastReconciledDuration"]).toMatch(/s$/);
    expect(history[0]?.["digest"]).not.toBe(history[1]?.["digest"]);
  });

  test("of a missing source names it", async () => {
    const space = await world().space("sourceless");
    await space.kustomization();
    const words = 'gitrepositories.source.toolkit.fluxcd.io "sourceless" not found';
    const failed = await space.says(words);
    expect(failed).toMatchObject({ status: "False", reason: "ArtifactFailed", message: words });
    const commit = await space.commit({ "app/a.yaml": configMap("a") });
    await space.applied(commit);
  });
});

describe.concurrent("a service account", () => {
  test("that may not write an object fails it by name, user and rule, before anything is written", async () => {
    const space = await world().space("forbidden");
    const commit = await space.commit({ "app/a.yaml": configMap("a") });
    await allow(space, "nobody", []);
    await space.kustomization({ serviceAccountName: "nobody" });
    const failed = await space.says("forbidden");
    expect(failed.message).toContain("ConfigMap/forbidden/a");
    expect(failed.message).toContain(
      `configmaps "a" is forbidden: User "system:serviceaccount:forbidden:nobody" cannot patch resource "configmaps" in API group "" in the namespace "forbidden"`,
    );
    expect(failed).toMatchObject({ status: "False", reason: "ReconciliationFailed" });
    expect(await world().get(space.configMap("a"))).toBeNull();
    await allow(space, "nobody", [{ apiGroups: [""], resources: ["configmaps"], verbs: ["*"] }]);
    await space.applied(commit);
  });

  test("that may write one kind but not the other applies nothing of the other, and prunes nothing in anger", async () => {
    const space = await world().space("partly");
    const everything = [{ apiGroups: ["", "apps"], resources: ["*"], verbs: ["*"] }];
    await allow(space, "worker", everything);
    const first = await space.commit({ "app/a.yaml": configMap("a"), "app/web.yaml": deployment("web") });
    await space.kustomization({ serviceAccountName: "worker" });
    await space.applied(first);
    await allow(space, "worker", [{ apiGroups: [""], resources: ["configmaps"], verbs: ["*"] }]);
    const web = space.at("apps/v1", "Deployment", "web");
    const uid = (await world().get(web))?.metadata.uid;
    await space.commit({ "app/web.yaml": deployment("web", { image: "registry.example/web:2" }) });
    const failed = await space.says("forbidden");
    expect(failed.message).toContain("Deployment/partly/web");
    await space.commit({ "app/web.yaml": null });
    const unpruned = await space.says('cannot delete resource "deployments"');
    expect(unpruned).toMatchObject({ status: "False", reason: "PruneFailed" });
    expect((await world().get(web))?.metadata.uid).toBe(uid);
    await allow(space, "worker", everything);
    await space.gone(web);
    await eventually("it is ready", async () => conditionOf(await space.status(), "Ready")?.status === "True");
  });
});
