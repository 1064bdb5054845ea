import { test } from "vitest";
import { useEngineWorld } from "./support/engine-world.ts";
import { eventually } from "./support/eventually.ts";

const world = useEngineWorld({ withNodes: false });
const { signal } = new AbortController();
const kustomization = { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization" };

interface Status {
  readonly observedGeneration: number;
  readonly conditions: readonly { readonly type: string; readonly status: string }[];
}

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
      ...kustomization,
      metadata: { name: "shop", namespace: "flux-system" },
      spec: { interval: "1m", prune: true, path: "./app", sourceRef: { kind: "GitRepository", name: "shop" } },
    },
    { manager: "test", signal },
  );
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "hello" };
  await eventually("the ConfigMap exists", async () => (await world.client.get(ref, { signal })) !== null);
  const app = { ...kustomization, namespace: "flux-system", name: "shop" };
  await eventually("its success is told", async () => {
    const status = (await world.client.get(app, { signal }))?.["status"] as Status | undefined;
    return status?.observedGeneration === 1 && status.conditions.some((c) => c.type === "Ready" && c.status === "True");
  });
});
