import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AppReport } from "#core/app/app-report.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import { appReportOf } from "./app-report-of.ts";
import type { AppWork } from "./app-state.ts";
import { planApp } from "./plan-app.ts";
import { startSync } from "./sync-driver.ts";
import { plainOptions, plainRules } from "./testing/app.ts";
import { plainDialect } from "./testing/dialect.ts";
import { TestEngine } from "./testing/engine.ts";
import { configMap } from "./testing/fake-objects.ts";

const REVISION = { text: "main@1", commit: "1", refName: null };
const X = configMap("x");
const Y = configMap("y");

let engine: TestEngine;
beforeEach(() => {
  const health: typeof plainRules.health = {
    first: [],
    kinds: { "/ConfigMap": ({ data }) => ({ status: data ? "Healthy" : "Degraded", message: "" }) },
    otherwise: () => null,
  };
  const optionsOf: typeof plainRules.optionsOf = ({ metadata }) => ({
    ...plainOptions,
    counted: metadata.annotations?.["uncounted"] === undefined,
  });
  engine = new TestEngine({ ...plainDialect, rules: { ...plainRules, health, optionsOf } });
});
afterEach(() => engine.stop());

function told(work: AppWork): AppReport {
  return appReportOf(work, { phase: { kind: "synced" }, revision: REVISION });
}

function lines(work: AppWork): string[] {
  return told(work).objects.map(({ id, comparison, health }) => `${id.name} ${comparison} ${health?.status ?? "-"}`);
}

describe("appReportOf()", () => {
  test("tells how every declared object compares and does, also before anything was compared", async () => {
    const work = await engine.work("shop", [X, Y, configMap("z"), configMap("new")]);
    expect(lines(work)).toEqual(["x missing -", "y missing -", "z missing -", "new missing -"]);
    engine.cluster.put(configMap("x", {}, { labels: { "owned-by": "us" } }));
    const { verdicts } = work.state;
    verdicts.set(keyOf(X), { kind: "same" });
    verdicts.set(keyOf(Y), { kind: "different", paths: [], reason: "", drift: true, by: [] });
    verdicts.set(keyOf(configMap("z")), { kind: "unknown", reason: "down" });
    expect(lines(work)).toEqual(["x same Healthy", "y different -", "z unknown -", "new missing -"]);
    await engine.sync(work);
    expect(told(work).objects).toHaveLength(4);
  });

  test("tells of owned objects that are no longer declared, live or not", async () => {
    const work = await engine.work("shop", [X, Y, configMap("quiet", {}, { annotations: { uncounted: "" } })]);
    await engine.sync(work);
    await engine.declare(work, []);
    engine.cluster.take(Y);
    const objects = told(work).objects.map(({ id, comparison, health, counted, declared }) =>
      [id.name, comparison, health?.status, counted, declared?.metadata.name].join(),
    );
    expect(objects.sort()).toEqual(["quiet,extra,Healthy,false,quiet", "x,extra,Healthy,true,x", "y,extra,,true,"]);
    expect(
      told(work)
        .inventory.map(({ id }) => id.name)
        .sort(),
    ).toEqual(["quiet", "x", "y"]);
  });

  test("tells of the sync at work with its results so far, and of the last one otherwise", async () => {
    const work = await engine.work("shop", [X]);
    const desired = work.state.desired!;
    expect(told(work).sync).toBeNull();
    const plan = await planApp(work, { desired, revision: "main@1", request: null, deleting: false }, engine.signal);
    startSync(work, { plan, desired, revision: REVISION, request: null, healAttempts: 0, retries: 2 });
    expect(told(work)).toMatchObject({
      sync: { outcome: "running", retries: 2, results: [] },
      attempted: REVISION,
      applied: null,
    });
    const { machine, ...running } = work.state.running!;
    const result = {
      key: keyOf(X),
      id: desired.objects[0]!.id,
      version: "v1",
      outcome: "created",
      message: "",
    } as const;
    work.state.running = { ...running, machine: { ...machine, results: new Map([[keyOf(X), result]]) } };
    expect(told(work).sync?.results).toEqual([result]);
    work.state.running = { ...running, machine: { ...machine, step: "health" } };
    expect(told(work).gate).toEqual({ state: "waiting", tookMs: 0, message: "" });
    work.state.running = null;
    work.state.lastSync = { ...running.report, outcome: "succeeded" };
    expect(told(work)).toMatchObject({ sync: { outcome: "succeeded" }, gate: { state: "none" } });
  });

  test("tells the render it is about, and the time", async () => {
    const work = await engine.work("shop", [X]);
    engine.clock.advance(5);
    expect(told(work)).toMatchObject({
      phase: { kind: "synced" },
      revision: REVISION,
      renderer: "directory",
      renderDigest: work.state.desired?.digest,
      now: engine.clock.now(),
    });
    work.state.desired = null;
    expect(told(work)).toMatchObject({ objects: [], renderDigest: "", renderer: null });
  });
});
