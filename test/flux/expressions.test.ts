import { beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { configMap, type Space, useFluxWorld } from "./flux-world.ts";

const world = useFluxWorld();
const { signal } = new AbortController();
const queue = (name: string) =>
  `apiVersion: expressions.example/v1\nkind: Queue\nmetadata: {name: ${name}}\nspec: {}\n`;
const queueRef = (space: Space, name: string) => space.at("expressions.example/v1", "Queue", name);

beforeAll(async () => {
  const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  await world().apply({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "queues.expressions.example" },
    spec: {
      group: "expressions.example",
      scope: "Namespaced",
      names: { plural: "queues", singular: "queue", kind: "Queue" },
      versions: [
        { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: open }, subresources: { status: {} } },
      ],
    },
  });
  await eventually("the kind is served", async () => {
    world().client.invalidateDiscovery();
    const lookup = await world().client.kind({ group: "expressions.example", kind: "Queue" }, { signal });
    return lookup.known === "yes";
  });
});

async function phase(space: Space, name: string, value: string): Promise<void> {
  await world().patch(queueRef(space, name), { status: { phase: value } }, { subresource: "status" });
}

const healthCheckExprs = [
  {
    apiVersion: "expressions.example/v1",
    kind: "Queue",
    inProgress: "status.phase == 'Filling'",
    failed: "status.phase == 'Lost'",
    current: "status.phase in ['Ready', 'Idle']",
  },
];

describe.concurrent("expressions", () => {
  test("decide when objects of a kind are healthy, and when waiting for them is in vain", async () => {
    const space = await world().space("judged");
    const commit = await space.commit({ "app/q.yaml": queue("q") });
    await space.kustomization({ wait: true, healthCheckExprs });
    await space.present(queueRef(space, "q"));
    await phase(space, "q", "Filling");
    const waits = await space.says("Queue/judged/q", { type: "Reconciling" }).catch(() => null);
    expect((await space.status()).lastAppliedRevision ?? "").not.toContain(commit);
    await phase(space, "q", "Ready");
    await space.applied(commit);
    expect(waits === null || waits.status === "True").toBe(true);
    await phase(space, "q", "Lost");
    const failed = await space.says("Queue/judged/q", {});
    expect(failed).toMatchObject({ status: "False", reason: "HealthCheckFailed" });
  });

  test("decide when a dependency is ready", async () => {
    const space = await world().space("awaited");
    const commit = await space.commit({ "first/a.yaml": configMap("a"), "second/b.yaml": configMap("b") });
    await space.kustomization({ path: "./first" }, "first");
    const readyExpr = "dep.metadata.?labels['stage'].orValue('') == self.metadata.name";
    await space.kustomization({ path: "./second", dependsOn: [{ name: "first", readyExpr }] }, "second");
    await space.applied(commit, "first");
    const waits = await space.says("not ready according to readyExpr", { ref: space.kustomizationRef("second") });
    expect(waits).toMatchObject({ status: "False", reason: "DependencyNotReady" });
    await world().patch(space.kustomizationRef("first"), { metadata: { labels: { stage: "second" } } });
    await eventually("the second one goes on", async () => (await world().get(space.configMap("b"))) !== null);
    await space.applied(commit, "second");
  });
});
