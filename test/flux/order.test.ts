import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { conditionOf, configMap, useFluxWorld } from "./flux-world.ts";

const world = useFluxWorld();

const gate = (space: { name: string }, open: string) =>
  world().apply({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "gate", namespace: space.name },
    data: { open },
  });

describe.concurrent("Kustomizations that depend on others", () => {
  test("wait for any kind of object: until it is there, and until an expression over it is true", async () => {
    const space = await world().space("order-any");
    await space.commit({ "app/a.yaml": configMap("a") });
    const readyExpr = "dep.data.open == 'yes'";
    await space.kustomization({ dependsOn: [{ apiVersion: "v1", kind: "ConfigMap", name: "gate", readyExpr }] });
    await space.says("dependency 'ConfigMap/order-any/gate' not found");
    await gate(space, "no");
    await space.says("dependency 'ConfigMap/order-any/gate' is not ready according to readyExpr eval");
    expect(await world().get(space.configMap("a"))).toBeNull();
    await gate(space, "yes");
    await space.present(space.configMap("a"));
  });

  test("judge another kind as their own health checks do, also one that nobody serves yet", async () => {
    const space = await world().space("order-health");
    await space.commit({ "app/a.yaml": configMap("a") });
    const workload = { apiVersion: "apps/v1", kind: "Deployment", name: "data" };
    const strange = { apiVersion: "none.example/v1", kind: "Strange", name: "one" };
    await space.kustomization({ dependsOn: [workload] });
    await space.kustomization({ dependsOn: [strange] }, "stranger");
    // There are no nodes to run it.
    const template = { metadata: { labels: { app: "data" } }, spec: { containers: [{ name: "a", image: "a" }] } };
    await world().apply({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "data", namespace: space.name },
      spec: { replicas: 1, selector: { matchLabels: { app: "data" } }, template },
    });
    await space.says("dependency 'Deployment/order-health/data' is not ready: status 'InProgress'");
    await space.says("dependency 'Strange/order-health/one' cannot be read: Strange is not served", {
      ref: space.kustomizationRef("stranger"),
    });
    await world().patch(space.at("apps/v1", "Deployment", "data"), { spec: { replicas: 0 } });
    await space.present(space.configMap("a"));
  });

  test("are deleted before what they depend on, when both are deleted", async () => {
    const space = await world().space("order-reverse");
    const held = configMap("second", { value: "1" }, "finalizers: [example.org/hold]");
    await space.commit({ "first/a.yaml": configMap("first"), "second/b.yaml": held });
    await space.kustomization({ path: "./first" }, "first");
    const waits = { path: "./second", dependsOn: [{ name: "first" }], deletionPolicy: "WaitForTermination" };
    await space.kustomization(waits, "second");
    await space.present(space.configMap("second"));
    const [first, second] = [space.kustomizationRef("first"), space.kustomizationRef("second")];
    await world().delete(first);
    await world().delete(second);
    await space.says("waits until 'order-reverse/second', which depends on it, is gone", { ref: first });
    expect(await world().get(space.configMap("first"))).not.toBeNull();
    await world().patch(space.configMap("second"), { metadata: { finalizers: null } });
    await space.gone(second);
    await space.gone(first);
    await space.gone(space.configMap("first"));
  });

  test("that depend on each other do not wait for each other to go", async () => {
    const space = await world().space("order-circle");
    await space.commit({ "first/a.yaml": configMap("first"), "second/b.yaml": configMap("second") });
    const names = ["first", "second"] as const;
    for (const name of names) await space.kustomization({ path: `./${name}` }, name);
    for (const name of names) await space.present(space.configMap(name));
    await space.kustomization({ path: "./first", dependsOn: [{ name: "second" }] }, "first");
    await space.kustomization({ path: "./second", dependsOn: [{ name: "first" }] }, "second");
    for (const name of names) await world().delete(space.kustomizationRef(name));
    for (const name of names) await space.gone(space.kustomizationRef(name));
  });
});

describe.concurrent("onFailure", () => {
  const bad =
    "apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {ports: [{port: 80, nodePort: 1}], type: NodePort}\n";

  test("Continue applies the rest of the stage and names what was refused; by default nothing is", async () => {
    const space = await world().space("order-goes-on");
    await space.commit({ "app/good.yaml": configMap("good"), "app/bad.yaml": bad });
    await space.kustomization({ onFailure: "Continue" });
    const condition = await space.says("Service/order-goes-on/bad");
    expect(condition.status).toBe("False");
    await eventually("the rest is applied", () => world().get(space.configMap("good")));
    const status = await space.status();
    expect(status.lastAppliedRevision).toBeUndefined();
    expect(conditionOf(status, "Ready")?.reason).toBe("ReconciliationFailed");
  });
});
