import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AppKey } from "#core/app/app.ts";
import { FollowedObjects, referencedData } from "./followed-objects.ts";
import type { ObjectRef } from "./ports.ts";
import { settled } from "./testing/engine.ts";
import { FakeCluster } from "./testing/fake-cluster.ts";
import { configMap, kindInfo } from "./testing/fake-objects.ts";
import { keptLog } from "./testing/quiet.ts";

const SHOP = "app/apps/shop" as AppKey;
const CART = "app/apps/cart" as AppKey;
const X: ObjectRef = { apiVersion: "v1", kind: "ConfigMap", namespace: "a", name: "x" };
const Y: ObjectRef = { ...X, name: "y" };

let cluster: FakeCluster;
let told: AppKey[];
let references: FollowedObjects;
let end: () => Promise<void>;

beforeEach(() => {
  cluster = new FakeCluster([kindInfo("ConfigMap"), kindInfo("Secret")]);
  told = [];
  references = new FollowedObjects({
    client: cluster,
    log: keptLog(),
    random: () => 0.5,
    onChange: (app) => void told.push(app),
  });
  const scope = new AbortController();
  const life = references.run(scope.signal);
  end = async () => {
    scope.abort();
    await life;
  };
});
afterEach(() => end());

function data(reference: ObjectRef): unknown {
  const known = references.get(reference);
  return known.kind === "read" ? known.object && referencedData(known.object).text : known.kind;
}

describe("FollowedObjects", () => {
  test("reads what an app names, and tells the app of it and of every change of its content", async () => {
    cluster.put(configMap("x", { a: "1" }));
    references.name(SHOP, [X]);
    expect(data(X)).toBe("pending");
    await settled();
    expect([data(X), told]).toEqual([{ a: "1" }, [SHOP]]);
    cluster.put({ ...configMap("x", { a: "1" }), metadata: { ...configMap("x").metadata, labels: { seen: "yes" } } });
    await settled();
    expect(told).toEqual([SHOP]);
    cluster.put(configMap("x", { a: "2" }));
    await settled();
    expect([data(X), told]).toEqual([{ a: "2" }, [SHOP, SHOP]]);
  });

  test("reads Secrets decoded", async () => {
    const encoded = { key: Buffer.from("vält").toString("base64") };
    const reference: ObjectRef = { apiVersion: "v1", kind: "Secret", namespace: "a", name: "s" };
    cluster.put({ apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "a" }, data: encoded });
    references.name(SHOP, [reference]);
    await settled();
    expect(data(reference)).toEqual({ key: "vält" });
  });

  test("tells of an object that is not there, comes, and goes again", async () => {
    references.name(SHOP, [X]);
    await settled();
    expect([data(X), told.length]).toEqual([null, 1]);
    cluster.put(configMap("x", { a: "1" }));
    await settled();
    expect([data(X), told.length]).toEqual([{ a: "1" }, 2]);
    cluster.take(configMap("x"));
    await settled();
    expect([data(X), told.length]).toEqual([null, 3]);
  });

  test("believes a deletion only when a read confirms it", async () => {
    const object = cluster.put(configMap("x", { a: "1" }));
    references.name(SHOP, [X]);
    await settled();
    for (const { handler } of cluster.watches) handler.gone(object);
    await settled();
    expect(data(X)).toEqual({ a: "1" });
  });

  test("apps share the watch of one object, and it ends with the last of them", async () => {
    references.name(SHOP, [X, Y]);
    references.name(CART, [X]);
    await settled();
    expect([cluster.watches.size, told.toSorted()]).toEqual([2, [CART, SHOP, SHOP]]);
    references.name(SHOP, []);
    await settled();
    expect([cluster.watches.size, data(Y)]).toEqual([1, "pending"]);
    references.name(CART, []);
    await settled();
    expect(cluster.watches.size).toBe(0);
  });

  test("says why a kind cannot be read, and goes on when it can", async () => {
    cluster.tells = false;
    references.name(SHOP, [X]);
    await settled();
    for (const { handler } of cluster.watches) handler.failed(new Error("forbidden"));
    expect(references.get(X)).toEqual({ kind: "failed", reason: "forbidden" });
    cluster.put(configMap("x", { a: "1" }));
    await settled();
    expect(data(X)).toEqual({ a: "1" });
    for (const { handler } of cluster.watches) handler.failed(new Error("cut off"));
    expect(data(X)).toEqual({ a: "1" });
  });
});
