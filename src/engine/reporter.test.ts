import { usualSettings } from "#core/app/settings.ts";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AppPhase, AppReport, EventNote, ObjectWrite } from "#core/app/app-report.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import type { AppKey } from "#core/app/app.ts";
import type { Resource } from "#core/resource/resource.ts";
import { AppRegistry } from "./app-registry.ts";
import { invalidReport, Reporter } from "./reporter.ts";
import { appObject, plainDialect, plainKinds, sourceObject } from "./testing/dialect.ts";
import { settled } from "./testing/engine.ts";
import { FakeCluster } from "./testing/fake-cluster.ts";
import { keptLog, quietTelemetry } from "./testing/quiet.ts";
import { sourceObjectKey } from "#core/source/source.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const SHOP = "app/apps/shop" as AppKey;
const CART = "app/apps/cart" as AppKey;
const MAIN = sourceObjectKey("Repo", "apps", "main");

function reportOf(phase: AppPhase): AppReport {
  return { ...invalidReport([], 0), phase };
}

const SYNCED = reportOf({ kind: "synced" });
const SYNCING = reportOf({ kind: "syncing", step: "apply" });
const OUT = reportOf({ kind: "out-of-sync" });

/** More apps than are written at once. */
const CROWD = Array.from({ length: 40 }, (_, index) => `app-${index}`);

/** A reporter of these apps and a source whose statuses say the phase; `writes` adds to what the dialect writes. */
function rig(write: Partial<ObjectWrite> = {}) {
  const cluster = new FakeCluster();
  const registry = new AppRegistry(usualSettings("control"), {
    onApp: () => {},
    onSource: () => {},
    onUnused: () => {},
    onDependents: () => {},
  });
  const dialect = {
    ...plainDialect,
    reportApp: (input: Parameters<typeof plainDialect.reportApp>[0]) => ({
      ...plainDialect.reportApp(input),
      ...write,
    }),
  };
  for (const name of ["shop", "cart", ...CROWD]) registry.upsert(dialect, plainKinds.app, cluster.put(appObject(name)));
  registry.upsert(dialect, plainKinds.source, cluster.put(sourceObject("main")));
  const pushed: [string, string, readonly EventNote[]][] = [];
  const log = keptLog();
  const reporter = new Reporter({
    client: cluster,
    registry,
    events: { push: (target, component, notes) => void pushed.push([target.metadata.name, component, notes]) },
    telemetry: quietTelemetry,
    log,
    onStored: (_dialect, object: Resource) =>
      registry.upsert(dialect, object.kind === "App" ? plainKinds.app : plainKinds.source, object),
  });
  const scope = new AbortController();
  const life = reporter.run(scope.signal);
  const stop = async () => {
    scope.abort();
    await life;
  };
  const phase = (name = "shop") => (cluster.find("App", name)?.["status"] as { phase?: string } | undefined)?.phase;
  return { cluster, registry, dialect, reporter, pushed, log, phase, stop };
}

describe("Reporter", () => {
  test("writes a result at once, and nothing when it is told again", async () => {
    const { reporter, cluster, phase, stop } = rig();
    for (let round = 0; round < 3; round++) {
      reporter.app(SHOP, SYNCED);
      await settled();
    }
    expect([phase(), cluster.log]).toEqual(["synced", ["patch-status App/shop"]]);
    await stop();
  });

  test("tells of work that is over quickly with one write", async () => {
    const { reporter, cluster, phase, stop } = rig();
    reporter.app(SHOP, SYNCING);
    await vi.advanceTimersByTimeAsync(4_000);
    reporter.app(SHOP, SYNCED);
    await vi.advanceTimersByTimeAsync(20_000);
    expect([phase(), cluster.log]).toEqual(["synced", ["patch-status App/shop"]]);
    await stop();
  });

  test("waits a moment for what is rolling out, but not for what does not count", async () => {
    const { reporter, cluster, phase, stop } = rig();
    const object = { comparison: "same", health: { status: "Progressing", message: "" }, counted: true, wave: 0 };
    const rolling = (counted: boolean) => ({ ...SYNCED, objects: [{ ...object, counted } as AppReport["objects"][0]] });
    reporter.app(SHOP, rolling(true));
    reporter.app(CART, rolling(false));
    await settled();
    expect([phase("shop"), phase("cart")]).toEqual([undefined, "synced"]);
    await vi.advanceTimersByTimeAsync(4_000);
    reporter.app(SHOP, SYNCED);
    await vi.advanceTimersByTimeAsync(20_000);
    expect([phase("shop"), cluster.requests.length]).toEqual(["synced", 2]);
    await stop();
  });

  test("tells of work that lasts later when many apps are at work", async () => {
    const { reporter, cluster, stop } = rig();
    for (const name of CROWD) reporter.app(`app/apps/${name}` as AppKey, SYNCING);
    await vi.advanceTimersByTimeAsync(6_000);
    const early = cluster.requests.length;
    await vi.advanceTimersByTimeAsync(1_500);
    expect([early < CROWD.length, cluster.requests.length]).toEqual([true, CROWD.length]);
    await stop();
  });

  test("tells of work that lasts, after five seconds", async () => {
    const { reporter, phase, stop } = rig();
    reporter.app(SHOP, SYNCING);
    await vi.advanceTimersByTimeAsync(4_900);
    expect(phase()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(200);
    expect(phase()).toBe("syncing");
    await stop();
  });

  test("one object has one writer, and what comes meanwhile is told afterwards", async () => {
    const { reporter, cluster, phase, stop } = rig();
    const slow = Promise.withResolvers<void>();
    cluster.before = () => slow.promise;
    reporter.app(SHOP, OUT);
    await settled();
    reporter.app(SHOP, SYNCED);
    reporter.app(CART, SYNCED);
    await settled();
    expect(cluster.log).toEqual(["patch-status App/shop", "patch-status App/cart"]);
    slow.resolve();
    await settled();
    expect([phase("shop"), phase("cart"), cluster.requests.length]).toEqual(["synced", "synced", 3]);
    await stop();
  });

  test("a write that failed is tried again with the newest report", async () => {
    const { reporter, cluster, log, phase, stop } = rig();
    cluster.before = () => Promise.reject(new ApiError({ code: 503, reason: "Unavailable", message: "down" }));
    reporter.app(SHOP, OUT);
    await settled();
    expect([phase(), log.lines]).toEqual([undefined, ["cannot write status"]]);
    cluster.before = () => {};
    await vi.advanceTimersByTimeAsync(3_100);
    expect(phase()).toBe("out-of-sync");
    await stop();
  });

  test("forgets the report of an app that is gone", async () => {
    const { reporter, registry, dialect, cluster, stop } = rig();
    registry.gone(dialect, plainKinds.app, appObject("shop"));
    reporter.app(SHOP, SYNCED);
    await settled();
    expect(cluster.log).toEqual([]);
    await stop();
  });

  test("writes sources with their own manager", async () => {
    const { reporter, cluster, stop } = rig();
    reporter.source(MAIN, { state: { kind: "ready" }, revision: null, handledToken: null, now: 0 });
    await settled();
    expect(cluster.requests).toMatchObject([
      { verb: "patch-status", name: "main", options: { manager: "us-sources" } },
    ]);
    expect(cluster.find("Repo", "main")?.["status"]).toEqual({ state: "ready" });
    await stop();
  });

  test("makes one event of what one report tells, a warning first", async () => {
    const note = (type: EventNote["type"], message: string): EventNote => ({
      type,
      reason: message,
      message,
      annotations: {},
    });
    const { reporter, pushed, stop } = rig({
      events: [note("Normal", "one"), note("Warning", "bad"), note("Normal", "two")],
    });
    reporter.app(SHOP, SYNCED);
    await settled();
    expect(pushed).toEqual([["shop", "us", [{ ...note("Warning", "bad"), message: "bad\none\ntwo" }]]]);
    await stop();
  });

  test("keeps events as short as the API server wants them", async () => {
    const { reporter, pushed, stop } = rig({
      events: [{ type: "Normal", reason: "Long", message: "x".repeat(5_000), annotations: {} }],
    });
    reporter.app(SHOP, SYNCED);
    await settled();
    expect(pushed[0]?.[2][0]?.message).toHaveLength(1_024);
    await stop();
  });

  test("at the end writes what is still to be told, and what cannot be written holds up nothing else", async () => {
    const { reporter, cluster, phase, stop } = rig();
    for (const name of ["shop", "cart", ...CROWD]) reporter.app(`app/apps/${name}` as AppKey, SYNCING);
    await stop();
    expect(cluster.log).toEqual([]);
    cluster.before = ({ name }) => {
      if (name === "shop") throw new ApiError({ code: 422, reason: "Invalid", message: "refused" });
    };
    await expect(reporter.flush(new AbortController().signal)).rejects.toThrow("refused");
    expect(phase("shop")).toBeUndefined();
    expect(["cart", ...CROWD].filter((name) => phase(name) !== "syncing")).toEqual([]);
  });
});
