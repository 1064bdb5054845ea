import { expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { eventually } from "../support/eventually.ts";
import { deployment, IN_CLUSTER, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld();
const { signal } = new AbortController();
const API = "argoproj.io/v1alpha1";

interface Standing {
  readonly application: string;
  readonly status: string;
  readonly step: string;
}

async function standing(name: string): Promise<{ rows: readonly string[]; conditions: readonly string[] }> {
  const set = await world.client.get(
    { apiVersion: API, kind: "ApplicationSet", namespace: "argocd", name },
    { signal },
  );
  const status = (set?.["status"] ?? {}) as {
    applicationStatus?: Standing[];
    conditions?: { type: string; status: string }[];
  };
  return {
    rows: (status.applicationStatus ?? []).map((row) => `${row.application} ${row.step} ${row.status}`),
    conditions: (status.conditions ?? []).map((one) => `${one.type}=${one.status}`),
  };
}

const app = (name: string): Promise<Resource | null> =>
  world.client.get({ apiVersion: API, kind: "Application", namespace: "argocd", name }, { signal });

const imageOf = async (name: string): Promise<string> => {
  const found = await world.client.get(
    { apiVersion: "apps/v1", kind: "Deployment", namespace: "default", name },
    { signal },
  );
  return /registry\.example\/web:([0-9.]+)/.exec(JSON.stringify(found?.["spec"] ?? {}))?.[1] ?? "";
};

test("a rolling sync takes one step after the other, and stops where one does not become healthy", async () => {
  const url = world.git.url("rolling");
  const commit = (image: string, hangs = false) =>
    world.git.commit("rolling", {
      "dev/a.yaml": deployment("rolling-dev", { image: `registry.example/web:${image}`, hangs }),
      "prod/a.yaml": deployment("rolling-prod", { image: `registry.example/web:${image}` }),
    });
  await commit("1.0.0");
  const select = (env: string) => ({ matchExpressions: [{ key: "env", operator: "In", values: [env] }] });
  await world.client.apply(
    {
      apiVersion: API,
      kind: "ApplicationSet",
      metadata: { name: "rolling", namespace: "argocd" },
      spec: {
        strategy: {
          type: "RollingSync",
          rollingSync: { steps: [select("dev"), { ...select("prod"), maxUpdate: "50%" }] },
        },
        generators: [{ list: { elements: [{ env: "dev" }, { env: "prod" }] } }],
        template: {
          metadata: { name: "rolling-{{env}}", labels: { env: "{{env}}" } },
          spec: {
            project: "default",
            source: { repoURL: url, path: "{{env}}", targetRevision: "main" },
            destination: { server: IN_CLUSTER, namespace: "default" },
            syncPolicy: { automated: { prune: true } },
          },
        },
      },
    },
    { manager: "test", signal },
  );
  const done = ["rolling-dev 1 Healthy", "rolling-prod 2 Healthy"];
  await eventually("both are healthy", async () => (await standing("rolling")).rows.join() === done.join());
  expect((await standing("rolling")).conditions).toContain("RolloutProgressing=False");
  expect((await app("rolling-dev"))?.["spec"]).not.toHaveProperty("syncPolicy.automated");
  expect([await imageOf("rolling-dev"), await imageOf("rolling-prod")]).toEqual(["1.0.0", "1.0.0"]);

  const refresh = async () => {
    for (const name of ["rolling-prod", "rolling-dev"]) {
      const ref = { apiVersion: API, kind: "Application", namespace: "argocd", name };
      const body = { metadata: { annotations: { "argocd.argoproj.io/refresh": "normal" } } };
      await world.client.patch(ref, body, { type: "merge", manager: "test", signal });
    }
  };
  await commit("2.0.0", true);
  await refresh();
  await eventually("the first step is under way", async () => (await imageOf("rolling-dev")) === "2.0.0");
  await eventually("the second waits for it", async () => {
    const { rows, conditions } = await standing("rolling");
    return (
      rows.join() === "rolling-dev 1 Progressing,rolling-prod 2 Waiting" &&
      conditions.includes("RolloutProgressing=True")
    );
  });
  expect(await imageOf("rolling-prod")).toBe("1.0.0");

  await commit("3.0.0");
  await refresh();
  await eventually("both follow once the first is well", async () => {
    return (await imageOf("rolling-prod")) === "3.0.0" && (await standing("rolling")).rows.join() === done.join();
  });
  expect(await imageOf("rolling-dev")).toBe("3.0.0");
});

test("with deletionOrder Reverse the Applications of the last step go first, and the set when they are gone", async () => {
  const select = (env: string) => ({ matchExpressions: [{ key: "env", operator: "In", values: [env] }] });
  const ref = (name: string, kind = "Application") => ({ apiVersion: API, kind, namespace: "argocd", name });
  const set = ref("backwards", "ApplicationSet");
  await world.client.apply(
    {
      apiVersion: API,
      kind: "ApplicationSet",
      metadata: { name: "backwards", namespace: "argocd" },
      spec: {
        strategy: {
          type: "RollingSync",
          deletionOrder: "Reverse",
          rollingSync: { steps: [select("dev"), select("prod")] },
        },
        generators: [{ list: { elements: [{ env: "dev" }, { env: "prod" }] } }],
        template: {
          metadata: {
            name: "backwards-{{env}}",
            labels: { env: "{{env}}" },
            finalizers: ["resources-finalizer.argocd.argoproj.io", "test.example/{{env}}"],
          },
          spec: {
            project: "default",
            source: { repoURL: world.git.url("backwards"), path: "{{env}}", targetRevision: "main" },
            destination: { server: IN_CLUSTER, namespace: "default" },
          },
        },
      },
    },
    { manager: "test", signal },
  );
  await eventually("it makes both", async () => {
    return (await app("backwards-dev")) !== null && (await app("backwards-prod")) !== null;
  });
  const finalizersOf = async () => (await world.client.get(set, { signal }))?.metadata.finalizers ?? [];
  expect(await finalizersOf()).toEqual(["resources-finalizer.argocd.argoproj.io"]);
  const letGo = (name: string) =>
    world.client.patch(ref(name), { metadata: { finalizers: [] } }, { type: "merge", manager: "test", signal });
  const { uid = "" } = (await world.client.get(set, { signal }))?.metadata ?? {};
  await world.client.delete(set, { uid, propagation: "Background", signal });
  await eventually("the last waits for its finalizer alone", async () => {
    return (await app("backwards-prod"))?.metadata.finalizers?.join() === "test.example/prod";
  });
  expect((await app("backwards-dev"))?.metadata.deletionTimestamp).toBeUndefined();
  await letGo("backwards-prod");
  await eventually("the first follows", async () => {
    return (await app("backwards-dev"))?.metadata.finalizers?.join() === "test.example/dev";
  });
  expect(await finalizersOf()).not.toEqual([]);
  await letGo("backwards-dev");
  await eventually("the set is gone too", async () => (await world.client.get(set, { signal })) === null);
});
