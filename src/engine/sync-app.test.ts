import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AppKey } from "#core/app/app.ts";
import { idOf, keyOf } from "#core/resource/resource-id.ts";
import { hookMark, type HookRules } from "#core/sync/hook.ts";
import type { AppWork } from "./app-state.ts";
import { compareApp } from "./compare-app.ts";
import { syncApp } from "./sync-app.ts";
import { plainApp } from "./testing/app.ts";
import { plainDialect } from "./testing/dialect.ts";
import { settled, TestEngine } from "./testing/engine.ts";
import { configMap } from "./testing/fake-objects.ts";

const X = configMap("x", { a: "1" });
const Y = configMap("y", { a: "1" });

let engine: TestEngine;
let work: AppWork;
beforeEach(async () => {
  engine = new TestEngine();
  work = await engine.work("shop", [X, Y]);
});
afterEach(() => engine.stop());

/** Looks at the app at a revision; returns what the last sync was and did. */
async function look(revision: string): Promise<string> {
  work.state.dirty = "all";
  await compareApp(work, { takeover: false }, engine.signal);
  const at = { text: revision, commit: revision, refName: null };
  await syncApp(work, { guard: { kind: "open" }, revision: at, blocked: null, forbidden: false }, engine.signal);
  await settled();
  const { lastSync } = work.state;
  const results = lastSync?.results.map(({ id, outcome }) => `${id.name} ${outcome}`).join(", ");
  return `${lastSync?.revision.text}, ${lastSync?.healAttempts ? "healing" : "sync"}: ${results}`;
}

describe("syncApp()", () => {
  test("what a sync had to put off is done as a part of it, not as healing", async () => {
    expect(await look("r1")).toBe("r1, sync: x created, y created");
    await engine.declare(work, [X]);
    engine.unsettled = ["app/apps/late" as AppKey];
    expect(await look("r2")).toBe("r2, sync: ");
    engine.unsettled = [];
    expect(await look("r2")).toBe("r2, sync: y deleted");
    expect(await look("r2")).toBe("r2, sync: y deleted");
  });

  test("an app's own expressions decide what it waits for, and say when they cannot", async () => {
    const judged = async (current: string) => {
      const kind = { group: "", kind: "ConfigMap", inProgress: null, failed: null, current };
      const policy = { ...plainApp("").policy, wait: "all", timeoutMs: 1_000 } as const;
      work = await engine.work(`by-${current}`, [X], { spec: { policy, healthExpressions: [kind] } });
      await look("r1");
      await look("r1");
      const waits = work.state.running !== null;
      engine.clock.advance(2_000);
      await look("r1");
      return `${waits ? "waits, then " : ""}${work.state.lastSync?.outcome} ${work.state.lastSync?.message}`;
    };
    expect(await judged("true")).toBe("succeeded ");
    expect(await judged("false")).toMatch(/^waits, then failed .*x status: 'Progressing'\]$/);
    expect(await judged("?")).toMatch(/^waits, then failed .*x status: 'Unknown' \(cannot be judged: no value\)\]$/);
  });

  test("an order to end a sync that the cluster did not let through is given again", async () => {
    await engine.stop();
    const hooks: HookRules = {
      of: () => null,
      runOf: (resource) => resource,
      markOf: () => null,
      finalizer: "plain.test/hook",
    };
    engine = new TestEngine({ ...plainDialect, rules: { ...plainDialect.rules, hooks } });
    work = await engine.work("shop", [X]);
    await look("r1");
    const { state } = work;
    const hook = {
      key: keyOf(Y),
      id: idOf(Y),
      version: "v1",
      outcome: "created",
      message: "",
      hook: "Before",
    } as const;
    const report = { ...state.lastSync!, outcome: "running", finishedAt: null, results: [hook] } as const;
    state.interrupted = { report, specDigest: state.app.specDigest };
    state.app = { ...state.app, termination: "asked" };
    engine.cluster.before = () => {
      throw new Error("connection refused");
    };
    await expect(look("r1")).rejects.toThrow("connection refused");
    engine.cluster.before = () => {};
    await look("r1");
    expect(state.lastSync?.outcome).toBe("terminated");
  });

  test("a hook that a left sync runs is waited for as long as that sync had time, and then deleted", async () => {
    await engine.stop();
    const hooks: HookRules = {
      of: () => null,
      runOf: (resource) => resource,
      markOf: () => hookMark({ startedAt: 1_000_000, retries: 0 }, "Before"),
      finalizer: "plain.test/hook",
    };
    engine = new TestEngine({ ...plainDialect, rules: { ...plainDialect.rules, hooks } });
    const policy = { ...plainApp("").policy, timeoutMs: 60_000 };
    const running = { kind: "ConfigMap", group: "", inProgress: "true", failed: null, current: "false" };
    work = await engine.work("shop", [X], { spec: { policy, healthExpressions: [running] } });
    const { state } = work;
    const result = {
      key: keyOf(Y),
      id: idOf(Y),
      version: "v1",
      outcome: "created",
      message: "",
      hook: "Before",
    } as const;
    engine.cluster.put(Y);
    state.interrupted = {
      report: {
        id: "1",
        startedAt: 1_000_000,
        finishedAt: null,
        revision: { text: "r0", commit: "r0", refName: null },
        request: null,
        healAttempts: 0,
        retries: 0,
        outcome: "running",
        message: "",
        results: [result],
      },
      specDigest: null,
    };
    await look("r1");
    await look("r1");
    expect([state.interrupted === null, engine.cluster.find("ConfigMap", "x")]).toEqual([false, undefined]);
    engine.clock.advance(60_001);
    await look("r1");
    expect(state.interrupted).toBeNull();
    expect(engine.cluster.find("ConfigMap", "y")).toBeUndefined();
    expect(await look("r1")).toBe("r1, sync: x created");
  });

  test("what somebody else changed is healed", async () => {
    await look("r1");
    engine.cluster.take(X);
    await settled();
    expect(await look("r1")).toBe("r1, healing: x created");
  });
});
