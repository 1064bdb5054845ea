import { afterEach, expect, test } from "vitest";
import { createMetrics } from "./metrics.ts";
import type { Metrics } from "./metrics.ts";

const open: Metrics[] = [];

afterEach(() => {
  for (const metrics of open.splice(0)) metrics.close();
});

function fresh(): Metrics {
  const metrics = createMetrics({ all: () => [], get: () => null }, { all: () => [], labels: [] });
  open.push(metrics);
  return metrics;
}

/** Value of one series, e.g. `holdfast_apps{kind="ks",phase="synced"}`; undefined when it is not there. */
async function value(metrics: Metrics, series: string): Promise<number | undefined> {
  const line = (await metrics.text()).split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

test("every name begins with holdfast_ or as a vendor has it, and every metric has help", async () => {
  const text = await fresh().text();
  const names = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) expect(name).toMatch(/^(holdfast|gotk|argocd)_/);
  for (const line of text.split("\n").filter((candidate) => candidate.startsWith("# HELP"))) {
    expect(line.split(" ").length).toBeGreaterThan(4);
  }
});

test("steps, renders, drift and queue are counted", async () => {
  const metrics = fresh();
  metrics.step("render", 0.004);
  metrics.step("render", 3);
  metrics.render(true);
  metrics.render(true);
  metrics.render(false);
  metrics.drift("ks/shop/web");
  metrics.queue(7);
  expect(await value(metrics, 'holdfast_reconcile_step_seconds_count{step="render"}')).toBe(2);
  expect(await value(metrics, 'holdfast_reconcile_step_seconds_bucket{le="0.005",step="render"}')).toBe(1);
  expect(await value(metrics, 'holdfast_renders_total{cache="hit"}')).toBe(2);
  expect(await value(metrics, 'holdfast_renders_total{cache="miss"}')).toBe(1);
  expect(await value(metrics, 'holdfast_drift_total{app="ks/shop/web"}')).toBe(1);
  expect(await value(metrics, "holdfast_queue_depth")).toBe(7);
});

test("Kustomizations are counted under the names that alerts of Flux use, and leave with their series", async () => {
  const metrics = fresh();
  const labels = 'kind="Kustomization",name="web",namespace="shop"';
  const ready = (status: string) =>
    value(metrics, `gotk_reconcile_condition{${labels},type="Ready",status="${status}"}`);
  metrics.phase("ks/shop/web", "sync-failed");
  metrics.phase("app/argocd/web", "synced");
  metrics.pass("ks/shop/web", 0.05);
  metrics.pass("app/argocd/web", 0.05);
  expect([await ready("True"), await ready("False"), await ready("Unknown")]).toEqual([0, 1, 0]);
  expect(await value(metrics, `gotk_reconcile_duration_seconds_count{${labels}}`)).toBe(1);
  expect(await value(metrics, `gotk_suspend_status{${labels}}`)).toBe(0);
  metrics.phase("ks/shop/web", "suspended");
  expect([await ready("Unknown"), await value(metrics, `gotk_suspend_status{${labels}}`)]).toEqual([1, 1]);
  metrics.phase("ks/shop/web", "synced");
  expect(await ready("True")).toBe(1);
  metrics.phase("ks/shop/web", null);
  expect(await metrics.text()).not.toMatch(/gotk_.*web/);
});

test("apps are counted by kind and phase, and leave with their series", async () => {
  const metrics = fresh();
  metrics.phase("ks/shop/web", "syncing");
  metrics.phase("ks/shop/web", "synced");
  metrics.phase("ks/shop/db", "synced");
  metrics.phase("app/argocd/web", "out-of-sync");
  metrics.drift("ks/shop/db");
  expect(await value(metrics, 'holdfast_apps{kind="ks",phase="synced"}')).toBe(2);
  expect(await value(metrics, 'holdfast_apps{kind="ks",phase="syncing"}')).toBeUndefined();
  expect(await value(metrics, 'holdfast_apps{kind="app",phase="out-of-sync"}')).toBe(1);
  metrics.phase("ks/shop/db", null);
  expect(await value(metrics, 'holdfast_apps{kind="ks",phase="synced"}')).toBe(1);
  expect(await value(metrics, 'holdfast_drift_total{app="ks/shop/db"}')).toBeUndefined();
});

test("requests are counted by verb, kind and code; how long a watch was open is no duration", async () => {
  const metrics = fresh();
  metrics.request({ verb: "apply", kind: "Deployment", code: 200, ms: 12 });
  metrics.request({ verb: "apply", kind: "Deployment", code: 409, ms: 3 });
  metrics.request({ verb: "watch", kind: "Deployment", code: 200, ms: 300_000 });
  expect(await value(metrics, 'holdfast_api_requests_total{verb="apply",kind="Deployment",code="200"}')).toBe(1);
  expect(await value(metrics, 'holdfast_api_requests_total{verb="watch",kind="Deployment",code="200"}')).toBe(1);
  expect(await value(metrics, 'holdfast_api_request_seconds_count{verb="apply"}')).toBe(2);
  expect(await value(metrics, 'holdfast_api_request_seconds_count{verb="watch"}')).toBeUndefined();
});

test("numbers kept elsewhere are read at each scrape", async () => {
  const metrics = fresh();
  let dropped = 1;
  metrics.expose("history_dropped_total", "Records of the history that were lost", () => dropped);
  metrics.expose("api_concurrency", "Requests that may be under way at once", () => 16);
  expect(await value(metrics, "holdfast_history_dropped_total")).toBe(1);
  dropped = 4;
  expect(await value(metrics, "holdfast_history_dropped_total")).toBe(4);
  expect(await value(metrics, "holdfast_api_concurrency")).toBe(16);
  expect(await metrics.text()).toContain("# TYPE holdfast_history_dropped_total counter");
});

test("a blocked event loop shows, once", async () => {
  const metrics = fresh();
  const longest = 'holdfast_event_loop_delay_seconds{quantile="1"}';
  await new Promise((resolve) => setTimeout(resolve, 120));
  const until = performance.now() + 300;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await value(metrics, longest)).toBeGreaterThan(0.2);
  expect(await value(metrics, longest)).toBe(0);
});

test("memory and CPU of the process are told", async () => {
  const metrics = fresh();
  expect(await value(metrics, "holdfast_process_resident_memory_bytes")).toBeGreaterThan(1e7);
  expect(await value(metrics, "holdfast_process_cpu_seconds_total")).toBeGreaterThan(0);
  expect(await value(metrics, "holdfast_process_start_time_seconds")).toBeLessThan(Date.now() / 1000);
});
