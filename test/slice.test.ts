import { expect, test } from "vitest";
import { useEngineWorld } from "./support/engine-world.ts";
import { eventually } from "./support/eventually.ts";

const world = useEngineWorld({ withNodes: false });
const { signal } = new AbortController();

test("a ConfigMap goes from Git to the cluster through a Kustomization", async () => {
  await world.git.commit("shop", {
    "app/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hello, namespace: default}\ndata: {a: '1'}\n",
  });
  await world.client.apply(
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata: { name: "shop", namespace: "flux-system" },
      spec: { url: world.git.url("shop"), interval: "1m", ref: { branch: "main" } },
    },
    { manager: "test", signal },
  );
  await world.client.apply(
    {
      apiVersion: "kustomize.toolkit.fluxcd.io/v1",
      kind: "Kustomization",
      metadata: { name: "shop", namespace: "flux-system" },
      spec: { interval: "1m", prune: true, path: "./app", sourceRef: { kind: "GitRepository", name: "shop" } },
    },
    { manager: "test", signal },
  );
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "hello" };
  await eventually("the ConfigMap exists", async () => (await world.client.get(ref, { signal })) !== null);
  const ks = await world.client.get(
    { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization", namespace: "flux-system", name: "shop" },
    { signal },
  );
  expect(ks?.["status"]).toMatchObject({ observedGeneration: 1 });
});
