import { expect, test } from "vitest";
import { hasReplicas, runsRival } from "./rival-workloads.ts";

const rival = { workloadNames: ["the-controller"] };
const id = (kind: string, name: string, group = "apps") => ({ group, kind, namespace: "vendor", name });

test("runsRival() knows the vendor's workloads by kind and name", () => {
  expect(runsRival(rival, [id("Deployment", "shop"), id("Deployment", "the-controller")])).toBe(true);
  expect(runsRival(rival, [id("StatefulSet", "the-controller")])).toBe(true);
  expect(runsRival(rival, [id("Service", "the-controller", ""), id("Deployment", "shop")])).toBe(false);
  expect(runsRival(rival, [])).toBe(false);
});

test("hasReplicas() is false only for a workload that is scaled to nothing", () => {
  const workload = (spec: object) => ({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "a" }, spec });
  expect([{}, { replicas: 1 }, { replicas: 0 }].map((spec) => hasReplicas(workload(spec)))).toEqual([
    true,
    true,
    false,
  ]);
});
