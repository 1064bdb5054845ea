import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { App } from "#core/app/app.ts";
import type { AppPhase } from "#core/app/app-report.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { AppWork } from "./app-state.ts";
import { ensureFinalizer, finalizeApp } from "./finalize-app.ts";
import { plainApp } from "./testing/app.ts";
import { TestEngine } from "./testing/engine.ts";
import { configMap } from "./testing/fake-objects.ts";
import type { WriteGuard } from "./write-guard.ts";

const FINALIZER = "plain.test/cleanup";
const OPEN: WriteGuard = { kind: "open" };

let engine: TestEngine;
beforeEach(() => void (engine = new TestEngine()));
afterEach(() => engine.stop());

/** An app with two objects that somebody deleted. */
async function doomed(spec: Partial<App> = {}, finalizers: string[] = [FINALIZER, "somebody/else"]): Promise<AppWork> {
  const metadata = { finalizers, deletionTimestamp: "2026-01-01T00:00:00Z" };
  const work = await engine.work("shop", [configMap("x"), configMap("y")], { spec, metadata });
  await engine.sync(work);
  return work;
}

function finalized(work: AppWork, guard: WriteGuard = OPEN): Promise<AppPhase | null> {
  return finalizeApp(work, guard, engine.signal);
}

function left(): string[] {
  const objects = [...engine.cluster.objects.values()];
  return objects.filter(({ kind }) => kind !== "App").map(({ kind, metadata }) => `${kind}/${metadata.name}`);
}

function finalizersLeft(): readonly string[] | undefined {
  return engine.cluster.find("App", "shop")?.metadata.finalizers;
}

function hold(kind: string, name: string, finalizers: string[]): void {
  const object = engine.cluster.find(kind, name) as Resource;
  engine.cluster.put({ ...object, metadata: { ...object.metadata, finalizers } });
}

const policy = (changes: Partial<App["policy"]>): Partial<App> => ({
  policy: { ...plainApp("shop").policy, ...changes },
});

describe("finalizeApp()", () => {
  test("deletes what the app owns, then its inventory, then lets its object go", async () => {
    const work = await doomed();
    expect(await finalized(work)).toBeNull();
    expect([left(), finalizersLeft()]).toEqual([[], ["somebody/else"]]);
    const order = engine.cluster.log.filter((line) => line.startsWith("delete ") || line === "patch App/shop");
    expect(order.slice(0, 2).sort()).toEqual(["delete ConfigMap/x", "delete ConfigMap/y"]);
    expect(order.slice(2)).toEqual(["delete Inventory/app.shop", "patch App/shop"]);
    expect(engine.audit.map(({ verb, reason }) => `${verb}: ${reason}`)).toEqual([
      "delete: the app is being deleted",
      "delete: the app is being deleted",
    ]);
  });

  test("does nothing for an object without our finalizer", async () => {
    const work = await doomed({}, ["somebody/else"]);
    expect([await finalized(work), engine.cluster.log]).toEqual([null, []]);
  });

  for (const [guard, phase] of [
    [{ kind: "unknown" }, null],
    [
      { kind: "shadow", rival: "rival" },
      { kind: "shadow", rival: "rival", wouldWrite: 0 },
    ],
    [
      { kind: "paused", until: 5, reason: "night" },
      { kind: "paused", until: 5, reason: "night" },
    ],
  ] as const) {
    test(`writes nothing while the guard is ${guard.kind}`, async () => {
      const work = await doomed();
      expect([await finalized(work, guard), engine.cluster.log]).toEqual([phase, []]);
    });
  }

  test("lets a suspended app go without its objects", async () => {
    const work = await doomed({ suspended: true });
    expect(await finalized(work)).toBeNull();
    expect([left(), finalizersLeft()]).toEqual([["ConfigMap/x", "ConfigMap/y"], ["somebody/else"]]);
  });

  test("leaves the objects behind where the app says so", async () => {
    const work = await doomed(policy({ onDelete: "orphan" }));
    expect(await finalized(work)).toBeNull();
    expect([left(), finalizersLeft()]).toEqual([["ConfigMap/x", "ConfigMap/y"], ["somebody/else"]]);
  });

  test("an object that cannot be deleted keeps the app, and the next pass goes on with it", async () => {
    const work = await doomed();
    engine.cluster.before = ({ verb, name }) => {
      if (verb === "delete" && name === "x") throw new ApiError({ code: 403, reason: "Forbidden", message: "may not" });
    };
    const phase = await finalized(work);
    expect(phase).toMatchObject({ kind: "sync-failed", step: "prune", retryAt: engine.clock.now() + 5_000 });
    expect(phase).toHaveProperty("message", expect.stringMatching(/x delete failed: may not/));
    expect([left(), finalizersLeft()]).toEqual([
      ["ConfigMap/x", "Inventory/app.shop"],
      [FINALIZER, "somebody/else"],
    ]);
    engine.cluster.before = () => {};
    expect([await finalized(work), left()]).toEqual([null, []]);
  });

  test("waits for objects that finalizers hold only where the app says so", async () => {
    const waiting = await doomed(policy({ onDelete: "prune-and-wait" }));
    hold("ConfigMap", "x", ["somebody/else"]);
    const phase = await finalized(waiting);
    expect(phase).toMatchObject({ kind: "sync-failed", message: "1 objects are still being deleted" });
    hold("ConfigMap", "x", []);
    engine.cluster.take(configMap("x"));
    expect([await finalized(waiting), finalizersLeft()]).toEqual([null, ["somebody/else"]]);
  });

  test("an object with a finalizer does not hold up an app that need not wait", async () => {
    const work = await doomed();
    hold("ConfigMap", "x", ["somebody/else"]);
    expect([await finalized(work), finalizersLeft()]).toEqual([null, ["somebody/else"]]);
  });

  test("waits until the kinds of its objects have been read", async () => {
    const work = await doomed();
    const blind = new TestEngine();
    const unread = { ...work, context: { ...work.context, index: blind.context.index } };
    expect(await finalizeApp(unread, OPEN, engine.signal)).toMatchObject({ message: "reading what the app owns" });
    expect(engine.cluster.log).toEqual([]);
    await blind.stop();
  });

  test("keeps a finalizer that somebody else adds at this moment", async () => {
    const work = await doomed({ suspended: true });
    hold("App", "shop", [FINALIZER, "somebody/else", "another/one"]);
    await expect(finalized(work)).rejects.toMatchObject({ code: 409 });
    expect(finalizersLeft()).toEqual([FINALIZER, "somebody/else", "another/one"]);
  });

  test("an app object that is gone by now is no failure", async () => {
    const work = await doomed();
    engine.cluster.after = ({ verb, kind }) => {
      if (verb === "delete" && kind === "Inventory") engine.cluster.objects.clear();
    };
    expect(await finalized(work)).toBeNull();
  });
});

describe("ensureFinalizer()", () => {
  async function ensured(finalizers: string[], ensure = true): Promise<AppWork> {
    const finalizer = { name: FINALIZER, present: false, ensure };
    const work = await engine.work("shop", [], { spec: { finalizer }, metadata: { finalizers } });
    engine.cluster.requests.length = 0;
    await ensureFinalizer(work, work.context.registry.app(work.state.app.key)!, engine.signal);
    return work;
  }

  test("adds ours to those of others, once", async () => {
    const work = await ensured(["somebody/else"]);
    expect(finalizersLeft()).toEqual(["somebody/else", FINALIZER]);
    expect(engine.cluster.requests).toMatchObject([{ verb: "patch", options: { manager: "us-status" } }]);
    await ensureFinalizer(work, work.context.registry.app(work.state.app.key)!, engine.signal);
    expect(engine.cluster.requests).toHaveLength(1);
  });

  test("adds none where it is there, or where the dialect wants none", async () => {
    await ensured([FINALIZER]);
    await ensured([], false);
    expect(engine.cluster.log).toEqual([]);
  });
});
