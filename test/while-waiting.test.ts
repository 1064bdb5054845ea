import { afterAll, beforeAll, expect, test } from "vitest";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import { entriesOf, INVENTORY_API } from "#engine/inventory-store.ts";
import { useControlPlane } from "./support/control-plane.ts";
import { adminClient, installDefinitions, settingsOf, startEngine, type TestEngine } from "./support/engine.ts";
import { eventually } from "./support/eventually.ts";
import { type GitServer, startGitServer } from "./support/git-server.ts";

const plane = useControlPlane({ withNodes: false });
const { signal } = new AbortController();
let git: GitServer;
let client: ConnectedCluster;
let engine: TestEngine;

beforeAll(async () => {
  git = await startGitServer();
  client = adminClient(plane());
  await installDefinitions(client, signal);
  engine = await startEngine(settingsOf(plane()));
}, 60_000);

afterAll(async () => {
  await engine?.stop();
  await client?.close();
  await git?.stop();
});

const map = (name: string, metadata = "") =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: default${metadata}}\n`;
const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "slow" };
const source = { apiVersion: "source.toolkit.fluxcd.io/v1", kind: "GitRepository" };
const app = { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization" };
const metadata = { name: "slow", namespace: "flux-system" };

async function recorded(): Promise<readonly string[]> {
  const inventory = { apiVersion: INVENTORY_API, kind: "Inventory", namespace: "flux-system", name: "ks.slow" };
  const object = await client.get(inventory, { signal });
  return object ? entriesOf(object).map(({ key }) => key) : [];
}

test("an object that finalizers kept leaves the record as soon as it is gone", async () => {
  await git.commit("slow", {
    "kept.yaml": map("kept"),
    "slow.yaml": map("slow", ", finalizers: [example.com/hold]"),
  });
  const spec = { url: git.url("slow"), interval: "1h", ref: { branch: "main" } };
  await client.apply({ ...source, metadata, spec }, { manager: "test", signal });
  const sourceRef = { kind: "GitRepository", name: "slow" };
  await client.apply(
    { ...app, metadata, spec: { interval: "1h", prune: true, sourceRef } },
    { manager: "test", signal },
  );
  await eventually("both are recorded", async () => (await recorded()).length === 2);

  await git.commit("slow", { "slow.yaml": null });
  const annotations = { "reconcile.fluxcd.io/requestedAt": "now" };
  await client.patch(
    { ...source, ...metadata },
    { metadata: { annotations } },
    { type: "merge", manager: "t", signal },
  );
  await eventually("it is being deleted", async () => {
    return (await client.get(ref, { signal }))?.metadata.deletionTimestamp !== undefined;
  });
  expect(await recorded()).toHaveLength(2);

  await client.patch(ref, { metadata: { finalizers: null } }, { type: "merge", manager: "t", signal });
  await eventually("only one is recorded", async () => (await recorded()).length === 1, 5_000);
});
