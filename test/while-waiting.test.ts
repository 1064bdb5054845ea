import { expect, test } from "vitest";
import { conditionOf } from "#core/health/condition.ts";
import { entriesOf, INVENTORY_API } from "#engine/inventory-store.ts";
import { useEngineWorld } from "./support/engine-world.ts";
import { eventually } from "./support/eventually.ts";

const world = useEngineWorld({ withNodes: false });
const { signal } = new AbortController();

const map = (name: string, metadata = "") =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: default${metadata}}\ndata: {a: "1"}\n`;
// Nothing runs pods here, so it never becomes available.
const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: waiting, namespace: default}
spec:
  selector: {matchLabels: {app: waiting}}
  template:
    metadata: {labels: {app: waiting}}
    spec: {containers: [{name: main, image: registry.example/app:1}]}
`;
const configMap = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", namespace: "default", name });
const source = { apiVersion: "source.toolkit.fluxcd.io/v1", kind: "GitRepository" };
const app = { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization" };

async function follow(name: string, spec: Record<string, unknown>): Promise<void> {
  const metadata = { name, namespace: "flux-system" };
  const from = { url: world.git.url(name), interval: "1h", ref: { branch: "main" } };
  await world.client.apply({ ...source, metadata, spec: from }, { manager: "test", signal });
  const sourceRef = { kind: "GitRepository", name };
  const to = { interval: "1h", prune: true, sourceRef, ...spec };
  await world.client.apply({ ...app, metadata, spec: to }, { manager: "test", signal });
}

async function recorded(name: string): Promise<readonly string[]> {
  const inventory = { apiVersion: INVENTORY_API, kind: "Inventory", namespace: "flux-system", name: `ks.${name}` };
  const object = await world.client.get(inventory, { signal });
  return object ? entriesOf(object).map(({ key }) => key) : [];
}

test("an object that finalizers kept leaves the record as soon as it is gone", async () => {
  const slow = map("slow", ", finalizers: [example.com/hold]");
  await world.git.commit("prune", { "kept.yaml": map("kept"), "slow.yaml": slow });
  await follow("prune", {});
  await eventually("both are recorded", async () => (await recorded("prune")).length === 2);

  await world.git.commit("prune", { "slow.yaml": null });
  const body = { metadata: { annotations: { "reconcile.fluxcd.io/requestedAt": "now" } } };
  const repository = { ...source, name: "prune", namespace: "flux-system" };
  await world.client.patch(repository, body, { type: "merge", manager: "t", signal });
  await eventually("it is being deleted", async () => {
    return (await world.client.get(configMap("slow"), { signal }))?.metadata.deletionTimestamp !== undefined;
  });
  expect(await recorded("prune")).toHaveLength(2);

  const freed = { metadata: { finalizers: null } };
  await world.client.patch(configMap("slow"), freed, { type: "merge", manager: "t", signal });
  await eventually("only one is recorded", async () => (await recorded("prune")).length === 1, 5_000);
});

test("drift is healed while the app waits until everything is healthy", async () => {
  await world.git.commit("wait", { "map.yaml": map("healed"), "deployment.yaml": deployment });
  await follow("wait", { wait: true, timeout: "10m" });
  const kustomization = { ...app, name: "wait", namespace: "flux-system" };
  const first = await eventually("the ConfigMap", async () => {
    return (await world.client.get(configMap("healed"), { signal })) ?? undefined;
  });
  await eventually("both are recorded", async () => (await recorded("wait")).length === 2);

  await world.client.delete(configMap("healed"), { uid: first.metadata.uid ?? "", signal });
  await eventually(
    "it is there again",
    async () => (await world.client.get(configMap("healed"), { signal })) !== null,
    5_000,
  );
  const edit = { data: { a: "2" } };
  await world.client.patch(configMap("healed"), edit, { type: "merge", manager: "kubectl-edit", signal });
  await eventually(
    "it is as before",
    async () => {
      const live = await world.client.get(configMap("healed"), { signal });
      return (live?.["data"] as { a?: string } | undefined)?.a === "1";
    },
    5_000,
  );
  const live = await world.client.get(kustomization, { signal });
  expect(live && (conditionOf(live, "Ready")?.status ?? "Unknown")).toBe("Unknown");
});
