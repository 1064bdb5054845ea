import { Registry } from "prom-client";
import { expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { argocdSetMetrics } from "./argocd-set-metrics.ts";

const fleet: Resource = {
  apiVersion: "argoproj.io/v1alpha1",
  kind: "ApplicationSet",
  metadata: { name: "fleet", namespace: "argocd", labels: { "acme.com/team-name": "blue" } },
  status: {
    conditions: [{ type: "ResourcesUpToDate", status: "True", reason: "ApplicationSetUpToDate" }],
    resources: [{}],
    resourcesCount: 6_000,
  },
};
const fresh: Resource = { ...fleet, metadata: { name: "fresh", namespace: "argocd" }, status: {} };

function metricsOf(labels: readonly string[]) {
  const registry = new Registry();
  const { pass, phase } = argocdSetMetrics(registry, { all: () => [fleet, fresh], labels });
  const lines = async (metric: string) =>
    (await registry.metrics()).split("\n").filter((line) => line.startsWith(`${metric}{`));
  return { pass, phase, lines };
}

test("an ApplicationSet is told with whether it is up to date, and how many Applications it has", async () => {
  const { lines } = metricsOf([]);
  expect(await lines("argocd_appset_info")).toEqual([
    'argocd_appset_info{namespace="argocd",name="fleet",resource_update_status="ApplicationSetUpToDate"} 1',
    'argocd_appset_info{namespace="argocd",name="fresh",resource_update_status="Unknown"} 1',
  ]);
  expect(await lines("argocd_appset_owned_applications")).toEqual([
    'argocd_appset_owned_applications{namespace="argocd",name="fleet"} 6000',
    'argocd_appset_owned_applications{namespace="argocd",name="fresh"} 0',
  ]);
  expect(await lines("argocd_appset_labels")).toEqual([]);
});

test("chosen labels of ApplicationSets are told", async () => {
  const { lines } = metricsOf(["acme.com/team-name"]);
  expect(await lines("argocd_appset_labels")).toEqual([
    'argocd_appset_labels{namespace="argocd",name="fleet",label_acme_com_team_name="blue"} 1',
    'argocd_appset_labels{namespace="argocd",name="fresh",label_acme_com_team_name=""} 1',
  ]);
});

test("passes over an ApplicationSet are timed until it goes, and none over an Application", async () => {
  const { pass, phase, lines } = metricsOf([]);
  pass("appset/argocd/fleet", 0.3);
  pass("app/argocd/web", 0.3);
  expect(await lines("argocd_appset_reconcile_count")).toEqual([
    'argocd_appset_reconcile_count{namespace="argocd",name="fleet"} 1',
  ]);
  phase("appset/argocd/fleet", null);
  expect(await lines("argocd_appset_reconcile_count")).toEqual([]);
});
