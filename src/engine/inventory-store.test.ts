import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { ApiError } from "#core/cluster/api-error.ts";
import type { Inventory, InventoryEntry } from "#core/plan/inventory.ts";
import { idKey, type IdKey } from "#core/resource/resource-id.ts";
import { appKey } from "#core/app/app.ts";
import type { KindInfo } from "./ports.ts";
import { decodeRow, encodeRow, inventoryName, InventoryStore } from "./inventory-store.ts";
import { plainApp } from "./testing/app.ts";
import { FakeCluster } from "./testing/fake-cluster.ts";

const KIND: KindInfo = {
  group: "holdfast.dev",
  version: "v1alpha1",
  kind: "Inventory",
  plural: "inventories",
  namespaced: true,
  verbs: ["list"],
};
const { signal } = new AbortController();
const OWNED = plainApp("shop");
const APP = OWNED.key;

let cluster = new FakeCluster();
let store = new InventoryStore(cluster, () => 7);
beforeEach(() => {
  cluster = new FakeCluster([KIND]);
  store = new InventoryStore(cluster, () => 7);
});

function entry(name: string, input = "i1"): InventoryEntry {
  const key = idKey({ group: "", kind: "ConfigMap", namespace: "a", name });
  return { key, version: "v1", uid: `u-${name}`, input, baseline: "b1" };
}

function inventoryOf(...entries: InventoryEntry[]): Inventory {
  return new Map(entries.map((one) => [one.key, one]));
}

function numbered(from: number, to: number): InventoryEntry[] {
  return Array.from({ length: to - from }, (_, index) => entry(`n${String(from + index).padStart(5, "0")}`));
}

/** What a controller that starts now reads. */
async function reloaded(): Promise<Inventory> {
  const fresh = new InventoryStore(cluster.sibling(), () => 8);
  await fresh.load(null, signal);
  return fresh.of(APP);
}

const anyLabel = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,10}[a-z0-9])?$/);
const anyEntry: fc.Arbitrary<InventoryEntry> = fc.record({
  key: fc
    .record({
      group: fc.oneof(fc.constant(""), anyLabel),
      kind: fc.stringMatching(/^[A-Z][A-Za-z]{0,9}$/),
      namespace: fc.oneof(fc.constant(""), anyLabel),
      // What the server takes for a role's name: no slash, no per cent, neither "." nor "..".
      name: fc.oneof(
        anyLabel,
        fc.constant("-"),
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }).filter((name) => !/[/%]|^\.\.?$/.test(name)),
      ),
    })
    .map(idKey),
  version: fc.constantFrom("v1", "v1beta2"),
  uid: fc.oneof(fc.constant(""), fc.uuid()),
  input: fc.oneof(fc.constant(""), fc.stringMatching(/^[0-9a-f]{32}$/)),
  baseline: fc.oneof(fc.constant(""), fc.stringMatching(/^[0-9a-f]{32}$/)),
});

describe("inventory rows", () => {
  test("come back as they were, whatever legal names they hold", () => {
    fc.assert(
      fc.property(anyEntry, (one) => {
        expect(decodeRow(encodeRow(one))).toEqual(one);
        expect(decodeRow(encodeRow({ ...one, late: true }))).toEqual({ ...one, late: true });
      }),
    );
  });

  test("are one line of five fields", () => {
    expect(encodeRow({ ...entry("x"), uid: "", input: "", baseline: "" })).toBe("/ConfigMap/a/x v1 - - -");
    expect(encodeRow({ ...entry("x"), key: "/Role/a/my role" as IdKey })).toBe("/Role/a/my%20role v1 u-x i1 b1");
  });
});

describe("inventoryName()", () => {
  test("fits Kubernetes' limit and tells apps and parts apart", () => {
    const names = ["n".repeat(253), `${"n".repeat(252)}m`, "short"].flatMap((name) =>
      [0, 1, 2].map((part) => inventoryName(appKey("ks", "apps", name), part)),
    );
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name.length).toBeLessThanOrEqual(200);
    expect(inventoryName(appKey("ks", "apps", "short"), 0)).toBe("ks.short");
  });
});

describe("InventoryStore", () => {
  test("keeps what it wrote, for itself and for the next process", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(anyEntry, { maxLength: 5 }), { maxLength: 4 }), async (versions) => {
        cluster = new FakeCluster([KIND]);
        store = new InventoryStore(cluster, () => 7);
        for (const entries of versions) {
          await store.write(OWNED, inventoryOf(...entries), signal);
          expect(store.of(APP)).toEqual(inventoryOf(...entries));
          expect(await reloaded()).toEqual(inventoryOf(...entries));
        }
      }),
      { numRuns: 40 },
    );
  });

  test("sends nothing for what is recorded already", async () => {
    await store.write(OWNED, inventoryOf(entry("x")), signal);
    const before = cluster.requests.length;
    await store.write(OWNED, inventoryOf(entry("x")), signal);
    expect(cluster.requests).toHaveLength(before);
    await store.write(OWNED, inventoryOf(entry("x", "i2")), signal);
    expect(cluster.log.slice(before)).toEqual(["replace Inventory/app.shop"]);
  });

  test("belongs to its app and carries the leader's epoch", async () => {
    await store.write(OWNED, inventoryOf(entry("x")), signal);
    expect(cluster.find("Inventory", "app.shop")).toMatchObject({
      metadata: { namespace: "apps", ownerReferences: [{ kind: "App", name: "shop", uid: "uid-shop" }] },
      app: APP,
      epoch: 7,
    });
  });

  test("tells an app with nothing from an app that was never recorded", async () => {
    expect(store.has(APP)).toBe(false);
    await store.write(OWNED, new Map(), signal);
    expect([store.has(APP), store.of(APP).size]).toEqual([true, 0]);
    store.forget(APP);
    expect(store.has(APP)).toBe(false);
  });

  test("reads only the namespaces it serves, and drops what it knew before", async () => {
    await store.write(OWNED, inventoryOf(entry("x")), signal);
    await store.load(["elsewhere"], signal);
    expect(store.has(APP)).toBe(false);
    await store.load(["elsewhere", "apps"], signal);
    expect(store.of(APP)).toEqual(inventoryOf(entry("x")));
  });

  test("does not start without its definition", async () => {
    const bare = new InventoryStore(new FakeCluster(), () => 1);
    await expect(bare.load(null, signal)).rejects.toThrow("inventories.holdfast.dev is missing");
  });

  test("loads nothing when the list fails", async () => {
    cluster.before = () => Promise.reject(new ApiError({ code: 503, reason: "Unavailable", message: "no" }));
    await expect(store.load(null, signal)).rejects.toMatchObject({ code: 503 });
  });

  test("recalls the record of one app that another controller kept, all its parts", async () => {
    const entries = numbered(0, 2500);
    await new InventoryStore(cluster.sibling(), () => 3).write(OWNED, inventoryOf(...entries), signal);
    expect([await store.recall(OWNED, signal), store.of(APP).size]).toEqual([true, 2500]);
    cluster.requests.length = 0;
    await store.write(OWNED, inventoryOf(...entries), signal);
    expect(cluster.log).toEqual([]);
    const stranger = plainApp("stranger");
    expect([await store.recall(stranger, signal), store.has(stranger.key)]).toEqual([false, false]);
  });

  test("refuses to overwrite or delete what another writer recorded", async () => {
    await store.write(OWNED, inventoryOf(entry("x")), signal);
    const other = new InventoryStore(cluster.sibling(), () => 8);
    await other.load(null, signal);
    await other.write(OWNED, inventoryOf(entry("x"), entry("y")), signal);
    await expect(store.write(OWNED, inventoryOf(entry("z")), signal)).rejects.toMatchObject({ code: 409 });
    await expect(store.remove(OWNED, signal)).rejects.toMatchObject({ code: 409 });
    expect(await reloaded()).toEqual(inventoryOf(entry("x"), entry("y")));
  });

  test("removes every part, and takes parts that are gone for removed", async () => {
    await store.write(OWNED, inventoryOf(...numbered(0, 2_500)), signal);
    expect(cluster.objects.size).toBe(2);
    cluster.take(cluster.find("Inventory", "app.shop.1")!);
    await store.remove(OWNED, signal);
    expect([cluster.objects.size, store.has(APP)]).toEqual([0, false]);
  });

  test("splits large inventories and joins them again", async () => {
    await store.write(OWNED, inventoryOf(...numbered(0, 4_001)), signal);
    expect(cluster.objects.size).toBe(3);
    for (const object of cluster.objects.values()) {
      expect((object as { entries?: unknown[] }).entries?.length).toBeLessThanOrEqual(2_000);
    }
    expect((await reloaded()).size).toBe(4_001);
    await store.write(OWNED, inventoryOf(...numbered(0, 3)), signal);
    expect(await reloaded()).toEqual(inventoryOf(...numbered(0, 3)));
  });

  test("loses no entry when it is stopped between two parts", async () => {
    const before = numbered(10, 4_500);
    for (const after of [numbered(0, 4_500), numbered(1_000, 4_600), numbered(10, 2_100)]) {
      for (let writes = 0; writes < 4; writes++) {
        cluster = new FakeCluster([KIND]);
        store = new InventoryStore(cluster, () => 7);
        await store.write(OWNED, inventoryOf(...before), signal);
        let left = writes;
        cluster.before = ({ verb }) => {
          if (verb !== "get" && left-- <= 0) throw new Error("killed");
        };
        await store.write(OWNED, inventoryOf(...after), signal).catch(() => {});
        const found = await reloaded();
        const kept = after.filter((one) => before.some(({ key }) => key === one.key));
        expect(kept.filter(({ key }) => !found.has(key))).toEqual([]);
      }
    }
  });

  test("goes on after a write whose answer was lost", async () => {
    await store.write(OWNED, inventoryOf(entry("x")), signal);
    cluster.after = () => Promise.reject(new ApiError({ code: 0, reason: "Timeout", message: "no answer" }));
    await expect(store.write(OWNED, inventoryOf(entry("y")), signal)).rejects.toMatchObject({ code: 0 });
    cluster.after = () => {};
    await store.write(OWNED, inventoryOf(entry("z")), signal);
    expect(await reloaded()).toEqual(inventoryOf(entry("z")));
  });

  test("goes on after a first write whose answer was lost", async () => {
    cluster.after = () => Promise.reject(new ApiError({ code: 0, reason: "Timeout", message: "no answer" }));
    await expect(store.write(OWNED, inventoryOf(entry("y")), signal)).rejects.toMatchObject({ code: 0 });
    cluster.after = () => {};
    await store.write(OWNED, inventoryOf(entry("z")), signal);
    expect(await reloaded()).toEqual(inventoryOf(entry("z")));
  });

  test("goes on after a write that failed between two parts", async () => {
    await store.write(OWNED, inventoryOf(...numbered(0, 2_500)), signal);
    let left = 1;
    cluster.before = () => {
      if (left-- <= 0) throw new ApiError({ code: 503, reason: "Unavailable", message: "no" });
    };
    const next = inventoryOf(...numbered(0, 2_500).map((one) => ({ ...one, input: "i2" })));
    await expect(store.write(OWNED, next, signal)).rejects.toMatchObject({ code: 503 });
    cluster.before = () => {};
    await store.write(OWNED, next, signal);
    expect(await reloaded()).toEqual(next);
  });

  test("writes anew what was deleted by hand", async () => {
    await store.write(OWNED, inventoryOf(entry("x")), signal);
    cluster.take(cluster.find("Inventory", "app.shop")!);
    await store.write(OWNED, inventoryOf(entry("x"), entry("y")), signal);
    expect(await reloaded()).toEqual(inventoryOf(entry("x"), entry("y")));
  });

  test("takes over what an earlier leader added late, before it writes", async () => {
    await store.write(OWNED, inventoryOf(entry("x")), signal);
    const next = new InventoryStore(cluster.sibling(), () => 8);
    await next.load(null, signal);
    await store.write(OWNED, inventoryOf(entry("x"), entry("late")), signal);
    const wanted = inventoryOf(entry("x"), entry("y"));
    await expect(next.write(OWNED, wanted, signal)).rejects.toThrow("another controller added objects to it");
    expect(next.of(APP)).toEqual(inventoryOf(entry("x"), entry("late")));
    await next.write(OWNED, next.of(APP), signal);
    await next.write(OWNED, wanted, signal);
    expect(await reloaded()).toEqual(wanted);
  });

  test("writes only the parts that changed", async () => {
    await store.write(OWNED, inventoryOf(...numbered(0, 4_500)), signal);
    const before = cluster.requests.length;
    await store.write(OWNED, inventoryOf(...numbered(0, 4_500), entry("x")), signal);
    expect(cluster.log.slice(before)).toEqual(["replace Inventory/app.shop.2"]);
  });
});
