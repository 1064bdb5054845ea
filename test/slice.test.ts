import { afterAll, beforeAll, expect, test } from "vitest";
import { useControlPlane } from "./support/control-plane.ts";
import { adminClient, installDefinitions, settingsOf, startEngine, type TestEngine } from "./support/engine.ts";
import { eventually } from "./support/eventually.ts";
import { type GitServer, startGitServer } from "./support/git-server.ts";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";

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

test("a ConfigMap goes from Git to the cluster through a Kustomization", async () => {
  await git.commit("shop", {
    "app/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hello, namespace: default}\ndata: {a: '1'}\n",
  });
  await client.apply(
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata: { name: "shop", namespace: "flux-system" },
      spec: { url: git.url("shop"), interval: "1m", ref: { branch: "main" } },
    },
    { manager: "test", signal },
  );
  await client.apply(
    {
      apiVersion: "kustomize.toolkit.fluxcd.io/v1",
      kind: "Kustomization",
      metadata: { name: "shop", namespace: "flux-system" },
      spec: { interval: "1m", prune: true, path: "./app", sourceRef: { kind: "GitRepository", name: "shop" } },
    },
    { manager: "test", signal },
  );
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "hello" };
  await eventually("the ConfigMap exists", async () => (await client.get(ref, { signal })) !== null);
  const ks = await client.get(
    { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization", namespace: "flux-system", name: "shop" },
    { signal },
  );
  expect(ks?.["status"]).toMatchObject({ observedGeneration: 1 });
});
