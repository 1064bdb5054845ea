import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AppKey, SyncRequest } from "#core/app/app.ts";
import { changesOf, type Plan } from "#core/plan/plan.ts";
import { idOf, keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { AppWork } from "./app-state.ts";
import { APPROVE_ANNOTATION, isStaying, planApp } from "./plan-app.ts";
import { plainKinds } from "./testing/dialect.ts";
import { settled, TestEngine } from "./testing/engine.ts";
import { configMap, kindInfo } from "./testing/fake-objects.ts";

const X = configMap("x");
const Y = configMap("y");
const REQUEST: SyncRequest = {
  token: "t",
  revision: null,
  prune: null,
  dryRun: false,
  only: null,
  hooks: true,
  initiatedBy: "person",
  retry: null,
};

let engine: TestEngine;
beforeEach(() => void (engine = new TestEngine()));
afterEach(() => engine.stop());

interface Ask {
  request?: SyncRequest;
  deleting?: boolean;
}

async function planned(work: AppWork, ask: Ask = {}): Promise<Plan> {
  const { request = null, deleting = false } = ask;
  const desired = deleting ? null : work.state.desired;
  return planApp(work, { desired, revision: "main@2", request, deleting }, engine.signal);
}

async function actions(work: AppWork, ask: Ask = {}): Promise<Record<string, string>> {
  const changes = changesOf(await planned(work, ask));
  return Object.fromEntries(
    changes.map(({ id, action, reason }) => [id.name, action === "delete" ? action : `${action}: ${reason}`]),
  );
}

/** An app that applied `before` and now declares `now`. */
async function moved(before: Resource[], now: Resource[], name = "shop"): Promise<AppWork> {
  const work = await engine.work(name, before);
  await engine.sync(work);
  await engine.declare(work, now);
  for (const { key } of work.state.desired!.objects) work.state.verdicts.set(key, { kind: "same" });
  engine.cluster.requests.length = 0;
  return work;
}

describe("planApp()", () => {
  test("deletes what left the source, with a certificate for the recorded object, and asks nothing", async () => {
    const work = await moved([X, Y], [X]);
    const change = changesOf(await planned(work)).find(({ key }) => key === keyOf(Y));
    expect(change?.action).toBe("delete");
    expect(change?.certificate).toMatchObject({
      uid: engine.cluster.find("ConfigMap", "y")?.metadata.uid,
      cause: "left-source",
      revision: "main@2",
      renderDigest: work.state.desired?.digest,
    });
    expect(engine.cluster.log).toEqual([]);
  });

  test("waits with deletions until every app of the same source has read its newest content", async () => {
    const work = await moved([X, Y], [X]);
    engine.unsettled = ["app/apps/late" as AppKey];
    expect(await actions(work)).toMatchObject({ y: "none: waits until app/apps/late has been read" });
    expect(await actions(work, { deleting: true })).toMatchObject({ y: "delete" });
  });

  test("waits with deletions of a kind that cannot be read now", async () => {
    const work = await engine.work("shop", [X, Y]);
    await engine.sync(work);
    const blind = new TestEngine();
    blind.cluster.lookups.set("/ConfigMap", { known: "unknown", reason: "down" });
    const elsewhere = { ...work, context: { ...work.context, index: blind.context.index } };
    await engine.declare(elsewhere, [X]);
    await settled();
    expect(await actions(elsewhere)).toMatchObject({ y: "none: waits until every ConfigMap has been read" });
    await blind.stop();
  });

  test("hands an object over to an app that claims it, unless that app goes itself", async () => {
    const shop = await moved([X, Y], [X]);
    const cart = await engine.work("cart", [Y]);
    expect(await actions(shop)).toMatchObject({ y: "keep: now claimed by app/apps/cart" });
    const { object } = cart.context.registry.app(cart.state.app.key)!;
    const metadata = { ...object.metadata, resourceVersion: "99", deletionTimestamp: "2026-01-01T00:00:00Z" };
    cart.context.registry.upsert(engine.dialect, plainKinds.app, { ...object, metadata });
    expect([isStaying(engine.context, cart.state.app.key), await actions(shop)]).toMatchObject([
      false,
      { y: "delete" },
    ]);
  });

  test("holds a mass deletion until a person approves this very plan", async () => {
    const work = await moved([X, Y], [configMap("other")]);
    const held = await planned(work);
    expect(changesOf(held).filter(({ action }) => action === "hold")).toHaveLength(2);
    const { registry } = work.context;
    const approve = (digest: string, version: string) => {
      const { object } = registry.app(work.state.app.key)!;
      const metadata = { ...object.metadata, resourceVersion: version, annotations: { [APPROVE_ANNOTATION]: digest } };
      registry.upsert(engine.dialect, plainKinds.app, { ...object, metadata });
    };
    approve("another", "98");
    expect(changesOf(await planned(work)).filter(({ action }) => action === "hold")).toHaveLength(2);
    approve(held.digest, "99");
    expect(await actions(work)).toMatchObject({ x: "delete", y: "delete" });
  });

  test("an order for some objects plans only those", async () => {
    const work = await moved([X, Y], [X]);
    const named = async (object: Resource, namespace: string | null) =>
      Object.keys(await actions(work, { request: { ...REQUEST, only: [{ ...idOf(object), namespace }] } }));
    expect(await named(X, idOf(X).namespace)).toEqual(["x"]);
    expect(await named(Y, null)).toEqual(["y"]);
    expect(await named(Y, "elsewhere")).toEqual([]);
  });

  test("an order decides about pruning over the app's own policy", async () => {
    const work = await moved([X, Y], [X]);
    expect(await actions(work, { request: { ...REQUEST, prune: false } })).toMatchObject({ y: "keep: pruning is off" });
  });

  test("does not delete again what is being deleted", async () => {
    const work = await moved([X, Y], [X]);
    const live = engine.cluster.find("ConfigMap", "y")!;
    engine.cluster.put({ ...live, metadata: { ...live.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } });
    expect(await actions(work)).toMatchObject({ y: "none: is being deleted" });
  });
});

describe("a namespace that would go", () => {
  const namespace: Resource = { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } };
  const inside = (name: string, metadata: Partial<Resource["metadata"]> = {}) =>
    configMap(name, {}, { namespace: "team", ...metadata });

  /** What becomes of the namespace when the app no longer declares it. */
  async function fate(): Promise<string | undefined> {
    const work = await moved([namespace, X], [X]);
    return (await actions(work))["team"];
  }

  test("goes when it holds nothing but the app's own and what every namespace is born with", async () => {
    engine.cluster.put(inside("kube-root-ca.crt"));
    engine.cluster.put(inside("ours", { labels: { "owned-by": "us", app: "shop" } }));
    engine.cluster.put(inside("child", { ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "p", uid: "u" }] }));
    expect(await fate()).toBe("delete");
  });

  test("is held when somebody else's object would go with it", async () => {
    engine.cluster.put(inside("theirs"));
    expect(await fate()).toMatch(/^hold: .*ConfigMap theirs/);
  });

  test("is held when another app has objects there", async () => {
    await moved([inside("y")], [inside("y")], "cart");
    expect(await fate()).toMatch(/^hold: .*app\/apps\/cart/);
  });

  test("is held when its content cannot be read", async () => {
    engine.cluster.lookups.set("/Pod", { known: "unknown", reason: "down" });
    expect(await fate()).toMatch(/^hold: .*cannot be listed: Pod/);
  });
});

describe("a definition that would go", () => {
  const definition: Resource = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "things.test" },
    spec: { group: "test", names: { kind: "Thing" } },
  };

  async function fate(): Promise<string | undefined> {
    const work = await moved([definition, X], [X]);
    return (await actions(work))["things.test"];
  }

  test("goes when it has no instances", async () => {
    engine.cluster.lookups.set("test/Thing", { known: "yes", info: kindInfo("Thing", true, "test") });
    expect(await fate()).toBe("delete");
  });

  test("is held while it has some, wherever they are", async () => {
    engine.cluster.lookups.set("test/Thing", { known: "yes", info: kindInfo("Thing", true, "test") });
    engine.cluster.put({ apiVersion: "test/v1", kind: "Thing", metadata: { name: "one", namespace: "far" } });
    expect(await fate()).toMatch(/^hold: .*1 Thing objects/);
  });

  test("is held while they cannot be counted", async () => {
    engine.cluster.lookups.set("test/Thing", { known: "unknown", reason: "the group is down" });
    expect(await fate()).toMatch(/^hold: .*cannot be counted: the group is down/);
  });
});
