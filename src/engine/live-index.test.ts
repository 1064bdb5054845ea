import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AppKey } from "#core/app/app.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { type IdKey, keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { LiveIndex } from "./live-index.ts";
import { plainRules } from "./testing/app.ts";
import { settled } from "./testing/engine.ts";
import { FakeCluster } from "./testing/fake-cluster.ts";
import { configMap, kindInfo } from "./testing/fake-objects.ts";
import { handClock, keptLog } from "./testing/quiet.ts";

const CONFIG_MAP = { group: "", version: "v1", kind: "ConfigMap" };
const NAMESPACE = { group: "", version: "v1", kind: "Namespace" };
const SHOP = "app/apps/shop" as AppKey;
const CART = "app/apps/cart" as AppKey;
const LABELS = { "owned-by": "us" };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let stop: () => Promise<void> = () => Promise.resolve();
afterEach(() => stop());

function rig(options: { namespaces?: string[]; selectors?: string[]; kinds?: ReturnType<typeof kindInfo>[] } = {}) {
  const cluster = new FakeCluster(options.kinds ?? [kindInfo("ConfigMap"), kindInfo("Namespace", false)]);
  const told: [AppKey, IdKey | null][] = [];
  const clock = handClock();
  const log = keptLog();
  const index = new LiveIndex({
    client: cluster,
    rules: (options.selectors ?? ["owned-by=us"]).map((selector) => ({ ...plainRules, selector })),
    namespaces: options.namespaces ?? null,
    onChange: (app, key) => void told.push([app, key]),
    clock,
    log,
    random: () => 0.5,
  });
  const scope = new AbortController();
  const life = index.run(scope.signal);
  stop = async () => {
    scope.abort();
    await life;
  };
  const { signal } = scope;
  return { cluster, index, told, clock, log, signal };
}

type Rig = ReturnType<typeof rig>;

function owned(name: string, data: Record<string, string> = {}): Resource {
  return configMap(name, data, { labels: LABELS });
}

const X = keyOf(owned("x"));

async function following(bench: Rig): Promise<void> {
  bench.index.follow(CONFIG_MAP, SHOP);
  bench.index.claim(SHOP, [], [X]);
  await settled();
  bench.told.length = 0;
}

describe("LiveIndex", () => {
  test("knows nothing of a kind before it was read, then every marked object, and tells who waits", async () => {
    const { cluster, index, told } = rig();
    cluster.put(owned("x"));
    cluster.put(configMap("stranger"));
    expect(index.follow(CONFIG_MAP, SHOP)).toEqual({ kind: "pending" });
    await settled();
    expect(told).toEqual([[SHOP, null]]);
    expect(index.follow(CONFIG_MAP, CART)).toMatchObject({ kind: "synced" });
    expect([index.get(X)?.metadata.name, index.size, index.kinds]).toEqual(["x", 1, 1]);
  });

  test("watches a kind once, whoever follows it", async () => {
    const bench = rig();
    for (const app of [SHOP, CART]) bench.index.follow(CONFIG_MAP, app);
    await settled();
    for (const app of [SHOP, CART]) bench.index.follow(CONFIG_MAP, app);
    expect(bench.cluster.watches.size).toBe(1);
  });

  test("reads a kind completely only when every namespace and mark was read", async () => {
    const { cluster, index } = rig({
      namespaces: ["a", "b"],
      selectors: ["owned-by=us", "owned-by=them", "owned-by=us"],
    });
    cluster.tells = false;
    index.follow(CONFIG_MAP, SHOP);
    await settled();
    const watches = [...cluster.watches];
    expect(watches.map(({ selection }) => `${selection.namespace} ${selection.labelSelector}`).sort()).toEqual([
      "a owned-by=them",
      "a owned-by=us",
      "b owned-by=them",
      "b owned-by=us",
    ]);
    for (const { handler } of watches) {
      expect(index.follow(CONFIG_MAP, SHOP)).toEqual({ kind: "pending" });
      handler.synced();
      watches[0]?.handler.synced();
    }
    expect(index.follow(CONFIG_MAP, SHOP)).toMatchObject({ kind: "synced" });
  });

  test("follows kinds without namespaces as a whole", async () => {
    const { cluster, index } = rig({ namespaces: ["a", "b"] });
    index.follow(NAMESPACE, SHOP);
    await settled();
    expect([...cluster.watches].map(({ selection }) => selection)).toEqual([{ labelSelector: "owned-by=us" }]);
  });

  test("tells exactly the apps that claim an object what happens to it", async () => {
    const bench = rig();
    await following(bench);
    const { cluster, index, told } = bench;
    cluster.put(owned("x"));
    cluster.put(owned("unclaimed"));
    expect(told).toEqual([[SHOP, X]]);
    cluster.put(owned("x", { a: "1" }));
    cluster.take(owned("x"));
    expect([told.length, index.get(X)]).toEqual([3, undefined]);
  });

  test("an object that loses the mark is no longer held", async () => {
    const bench = rig();
    await following(bench);
    bench.cluster.put(owned("x"));
    bench.cluster.put(configMap("x"));
    expect([bench.index.get(X), bench.told.length]).toEqual([undefined, 2]);
  });

  test("our own write is no news when its event comes", async () => {
    const bench = rig();
    await following(bench);
    const { cluster, index, told } = bench;
    const [watch] = cluster.watches;
    cluster.watches.clear();
    const stored = cluster.put(owned("x"));
    index.record(stored);
    watch?.handler.upsert(stored);
    expect(told).toEqual([]);
  });

  test("never goes back to an older state, whether by an event or by an answer", async () => {
    const bench = rig();
    await following(bench);
    const { cluster, index, told } = bench;
    const before = cluster.put(owned("x", { a: "1" }));
    const after = cluster.put(owned("x", { a: "2" }));
    told.length = 0;
    index.record(before);
    for (const { handler } of cluster.watches) handler.upsert(before);
    expect([index.get(X), told]).toEqual([after, []]);
  });

  test("an answer that was under way when the object went does not bring it back", async () => {
    const bench = rig();
    await following(bench);
    const { cluster, index } = bench;
    const stored = cluster.put(owned("x"));
    const asked = index.moment;
    cluster.take(stored);
    index.record(stored);
    index.record(stored, asked);
    expect(index.get(X)).toBeUndefined();
    index.record(stored, index.moment);
    expect(index.get(X)).toEqual(stored);
  });

  test("an object that was made anew is held, and the old one's end does not take it away", async () => {
    const bench = rig();
    await following(bench);
    const { cluster, index } = bench;
    const old = cluster.put(owned("x"));
    cluster.objects.delete(X);
    const anew = cluster.put(owned("x"));
    for (const { handler } of cluster.watches) handler.gone(old);
    expect(index.get(X)).toEqual(anew);
  });

  test("drops what status writers own and keeps every other entry", async () => {
    const bench = rig();
    await following(bench);
    const entry = { manager: "us", operation: "Apply", apiVersion: "v1", fieldsV1: { "f:data": {} } } as const;
    const managedFields = [entry, { ...entry, manager: "kubelet", subresource: "status" }];
    bench.cluster.put(configMap("x", {}, { labels: LABELS, managedFields }));
    expect(bench.index.get(X)?.metadata.managedFields).toEqual([entry]);
  });

  test("claims are replaced, and shared objects know all their apps", () => {
    const { index } = rig();
    const y = keyOf(owned("y"));
    index.claim(SHOP, [], [X, y]);
    index.claim(CART, [], [y]);
    expect([[...index.claimants(X)], [...index.claimants(y)]]).toEqual([[SHOP], [SHOP, CART]]);
    index.claim(SHOP, [X, y], [X]);
    expect([...index.claimants(y)]).toEqual([CART]);
    index.claim(CART, [y], []);
    expect(index.claimants(y).size).toBe(0);
  });

  test("a kind that is not served is absent, and is asked for again only after a while", async () => {
    const { cluster, index, clock } = rig({ kinds: [] });
    index.follow(CONFIG_MAP, SHOP);
    await settled();
    expect(index.follow(CONFIG_MAP, SHOP)).toEqual({ kind: "absent" });
    cluster.lookups.set("/ConfigMap", { known: "yes", info: kindInfo("ConfigMap") });
    clock.advance(3_000);
    expect(index.follow(CONFIG_MAP, SHOP)).toEqual({ kind: "absent" });
    clock.advance(1);
    expect(index.follow(CONFIG_MAP, SHOP)).toEqual({ kind: "pending" });
    await settled();
    expect(index.follow(CONFIG_MAP, SHOP)).toMatchObject({ kind: "synced" });
  });

  test("a kind whose discovery fails is failed, not absent, until it can be read", async () => {
    const { cluster, index, told } = rig({ kinds: [] });
    cluster.lookups.set("/ConfigMap", { known: "unknown", reason: "the server is busy" });
    index.follow(CONFIG_MAP, SHOP);
    await settled();
    expect(index.follow(CONFIG_MAP, SHOP)).toEqual({ kind: "failed", reason: "the server is busy" });
    cluster.lookups.set("/ConfigMap", { known: "yes", info: kindInfo("ConfigMap") });
    await vi.advanceTimersByTimeAsync(2_500);
    expect(index.follow(CONFIG_MAP, SHOP)).toMatchObject({ kind: "synced" });
    expect(told).toEqual([
      [SHOP, null],
      [SHOP, null],
    ]);
  });

  test("a kind that cannot be listed is failed; a watch that breaks later keeps what is known", async () => {
    const { cluster, index, log } = rig();
    cluster.tells = false;
    index.follow(CONFIG_MAP, SHOP);
    await settled();
    const [watch] = cluster.watches;
    watch?.handler.failed(new Error("forbidden"));
    expect(index.follow(CONFIG_MAP, SHOP)).toEqual({ kind: "failed", reason: "forbidden" });
    watch?.handler.synced();
    watch?.handler.failed(new Error("too old"));
    expect(index.follow(CONFIG_MAP, SHOP)).toMatchObject({ kind: "synced" });
    expect(log.lines).toEqual(["watch is interrupted", "watch is interrupted"]);
  });

  test("stops every watch with its signal", async () => {
    const bench = rig();
    await following(bench);
    await stop();
    expect(bench.cluster.watches.size).toBe(0);
  });
});

describe("the safety sweep", () => {
  async function swept(): Promise<Rig & { lost: (change: () => void) => void }> {
    const bench = rig();
    await following(bench);
    const lost = (change: () => void) => {
      const watches = [...bench.cluster.watches];
      bench.cluster.watches.clear();
      change();
      for (const watch of watches) bench.cluster.watches.add(watch);
      bench.told.length = 0;
    };
    return { ...bench, lost };
  }

  test("finds what events did not tell: changes, new objects and departures", async () => {
    const { cluster, index, told, signal, lost } = await swept();
    const y = keyOf(owned("y"));
    const z = keyOf(owned("z"));
    index.claim(SHOP, [X], [X, y, z]);
    for (const name of ["x", "y"]) cluster.put(owned(name));
    lost(() => {
      cluster.put(owned("x", { a: "1" }));
      cluster.take(owned("y"));
      cluster.put(owned("z"));
    });
    await index.sweepNext(signal);
    expect(told.map(([, key]) => String(key)).sort()).toEqual([X, y, z]);
    expect([index.get(X)?.["data"], index.get(y), index.get(z)?.metadata.name]).toEqual([{ a: "1" }, undefined, "z"]);
  });

  test("concludes nothing when the list fails", async () => {
    const { cluster, index, signal, lost } = await swept();
    const stored = cluster.put(owned("x"));
    lost(() => cluster.take(stored));
    cluster.before = () => Promise.reject(new ApiError({ code: 500, reason: "InternalError", message: "no" }));
    await expect(index.sweepNext(signal)).rejects.toMatchObject({ code: 500 });
    expect(index.get(X)).toEqual(stored);
  });

  test("does not list a kind that was never read completely", async () => {
    const { cluster, index, signal } = rig();
    cluster.tells = false;
    index.follow(CONFIG_MAP, SHOP);
    await settled();
    await index.sweepNext(signal);
    expect(cluster.log).toEqual([]);
  });

  test("takes one kind at a time, each in turn, and leaves others alone", async () => {
    const { cluster, index, signal } = await swept();
    index.follow(NAMESPACE, SHOP);
    await settled();
    cluster.put(owned("x"));
    for (let turn = 0; turn < 4; turn++) await index.sweepNext(signal);
    expect(cluster.log).toEqual(["list ConfigMap/", "list Namespace/", "list ConfigMap/", "list Namespace/"]);
    expect(index.get(X)).toBeDefined();
  });

  test("does not take away what came while it was listing", async () => {
    const { cluster, index, signal } = await swept();
    cluster.put(owned("x"));
    cluster.after = () => {
      cluster.put(owned("x", { a: "newer" }));
      cluster.put(owned("y"));
    };
    await index.sweepNext(signal);
    expect([index.get(X)?.["data"], index.get(keyOf(owned("y")))?.metadata.name]).toEqual([{ a: "newer" }, "y"]);
  });

  test("does not take away what got its mark back while it was listing", async () => {
    const { cluster, index, signal, lost } = await swept();
    cluster.put(owned("x"));
    lost(() => cluster.put(configMap("x")));
    cluster.after = () => void cluster.put(owned("x", { a: "back" }));
    await index.sweepNext(signal);
    expect(index.get(X)?.["data"]).toEqual({ a: "back" });
  });

  test("does not bring back what went while it was listing", async () => {
    const { cluster, index, signal } = await swept();
    cluster.put(owned("x"));
    cluster.after = () => cluster.take(owned("x"));
    await index.sweepNext(signal);
    expect(index.get(X)).toBeUndefined();
  });

  test("does not put an older object in the place of one that was made anew while it was listing", async () => {
    const { cluster, index, signal } = await swept();
    cluster.put(owned("x"));
    let anew: Resource | undefined;
    cluster.after = () => {
      cluster.take(owned("x"));
      anew = cluster.put(owned("x"));
    };
    await index.sweepNext(signal);
    expect(index.get(X)).toEqual(anew);
  });
});
