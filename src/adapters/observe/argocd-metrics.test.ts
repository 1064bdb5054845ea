import { Registry } from "prom-client";
import { beforeEach, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { argocdMetrics } from "./argocd-metrics.ts";

const web: Resource = {
  apiVersion: "argoproj.io/v1alpha1",
  kind: "Application",
  metadata: { name: "web", namespace: "argocd" },
  spec: {
    project: "shop",
    source: { repoURL: "https://ada:hunter2@git.test/web.git" },
    destination: { server: "https://kubernetes.default.svc", namespace: "shop" },
    syncPolicy: { automated: {} },
  },
  status: {
    sync: { status: "Synced" },
    health: { status: "Degraded" },
    conditions: [{ type: "SyncError", message: "no" }],
  },
};
const name = 'namespace="argocd",name="web"';
let apps: Map<string, Resource>;
let registry: Registry;
let metrics: ReturnType<typeof argocdMetrics>;

beforeEach(() => {
  apps = new Map([["app/argocd/web", web]]);
  registry = new Registry();
  metrics = argocdMetrics(registry, { all: () => apps.values(), get: (key) => apps.get(key) ?? null });
});

async function lines(metric: string): Promise<readonly string[]> {
  return (await registry.metrics()).split("\n").filter((line) => line.startsWith(`${metric}{`));
}

test("an Application is told with its source, destination and state, and without credentials", async () => {
  expect(await lines("argocd_app_info")).toEqual([
    `argocd_app_info{${name},project="shop",autosync_enabled="true",repo="https://git.test/web.git",dest_server="https://kubernetes.default.svc",dest_namespace="shop",sync_status="Synced",health_status="Degraded",operation=""} 1`,
  ]);
  expect(await lines("argocd_app_condition")).toEqual([`argocd_app_condition{${name},condition="SyncError"} 1`]);
  apps.set("app/argocd/web", { ...web, spec: {}, status: {}, operation: { sync: {} } });
  expect((await lines("argocd_app_info"))[0]).toContain(
    'autosync_enabled="false",repo="",dest_server="",dest_namespace="",sync_status="Unknown",health_status="Unknown",operation="sync"',
  );
});

test("syncs are counted by how they ended, and leave with their Application", async () => {
  for (const outcome of ["succeeded", "succeeded", "failed", "superseded"] as const) {
    metrics.sync("app/argocd/web", outcome);
  }
  metrics.sync("ks/shop/web", "succeeded");
  const labels = `${name},project="shop",dest_server="https://kubernetes.default.svc"`;
  expect(await lines("argocd_app_sync_total")).toEqual([
    `argocd_app_sync_total{${labels},phase="Succeeded"} 2`,
    `argocd_app_sync_total{${labels},phase="Failed"} 1`,
  ]);
  metrics.phase("app/argocd/web", null);
  expect(await lines("argocd_app_sync_total")).toEqual([]);
});

test("passes over an Application are timed by destination", async () => {
  metrics.pass("app/argocd/web", 0.3);
  metrics.pass("ks/shop/web", 0.3);
  expect(await lines("argocd_app_reconcile_count")).toEqual([
    'argocd_app_reconcile_count{namespace="argocd",dest_server="https://kubernetes.default.svc"} 1',
  ]);
});
