import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ApiError } from "#core/cluster/api-error.ts";
import type { Verdict } from "#core/plan/make-plan.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { AppWork } from "./app-state.ts";
import { compareObjects } from "./compare-objects.ts";
import { plainOptions, plainRules } from "./testing/app.ts";
import { plainDialect } from "./testing/dialect.ts";
import { settled, TestEngine } from "./testing/engine.ts";
import { configMap } from "./testing/fake-objects.ts";

const X = configMap("x", { a: "1" });
const KEY = keyOf(X);

let engine: TestEngine;
beforeEach(() => void (engine = new TestEngine()));
afterEach(() => engine.stop());

async function compared(work: AppWork, takeover = false): Promise<Verdict | undefined> {
  await compareObjects(work, { keys: [KEY], takeover }, engine.signal);
  return work.state.verdicts.get(KEY);
}

/** An app that declared and applied the object. */
async function synced(resource: Resource = X): Promise<AppWork> {
  const work = await engine.work("shop", [resource]);
  await engine.sync(work);
  await settled();
  return work;
}

function stored(): Resource {
  return engine.cluster.objects.get(KEY)!;
}

/** Somebody else's write of the object's data. */
function edit(data: Record<string, string>, by = "kubectl"): void {
  const { metadata } = stored();
  const fieldsV1 = { "f:data": Object.fromEntries(Object.keys(data).map((name) => [`f:${name}`, {}])) };
  const entry = { manager: by, operation: "Update", apiVersion: "v1", fieldsV1 } as const;
  const managedFields = [...(metadata.managedFields ?? []), entry];
  engine.cluster.put({
    ...stored(),
    data: { ...(stored()["data"] as object), ...data },
    metadata: { ...metadata, managedFields },
  });
}

describe("compareObjects()", () => {
  test("asks the server nothing about an object that is as it was applied", async () => {
    const work = await synced();
    expect(await compared(work)).toEqual({ kind: "same" });
    expect(engine.cluster.log).toEqual([]);
  });

  test("sees an edit as drift, with field and writer, without a request", async () => {
    const work = await synced();
    edit({ a: "edited" });
    expect(await compared(work)).toEqual({
      kind: "different",
      paths: ["/data/a"],
      reason: "changed on the cluster by kubectl",
      drift: true,
      by: ["kubectl"],
    });
    expect(engine.cluster.log).toEqual([]);
  });

  test("leaves a foreign field alone", async () => {
    const work = await synced();
    edit({ other: "theirs" });
    expect(await compared(work)).toEqual({ kind: "same" });
  });

  test("an object that was never recorded and is not shown is missing, without a request", async () => {
    const work = await engine.work("shop", [X]);
    engine.cluster.requests.length = 0;
    expect(await compared(work)).toEqual({ kind: "missing" });
    expect(engine.cluster.log).toEqual([]);
  });

  test("asks once for a recorded object that is not shown: it is gone or has lost its label", async () => {
    const work = await synced();
    const { labels: _labels, ...metadata } = stored().metadata;
    engine.cluster.put({ ...stored(), metadata });
    expect(work.context.index.get(KEY)).toBeUndefined();
    expect(await compared(work)).toMatchObject({ kind: "different", drift: true });
    expect(engine.cluster.log).toEqual(["get ConfigMap/x"]);
    engine.cluster.take(stored());
    work.context.index.drop(KEY);
    expect(await compared(work)).toEqual({ kind: "missing" });
  });

  test("looks for unlabelled objects of an app that was somebody else's before", async () => {
    const work = await engine.work("shop", [X]);
    engine.cluster.put(X);
    expect(await compared(work, false)).toEqual({ kind: "missing" });
    expect(await compared(work, true)).toMatchObject({ kind: "different" });
  });

  test("a kind that cannot be read is unknown, and one that is not served has no objects", async () => {
    engine.cluster.lookups.set("/ConfigMap", { known: "unknown", reason: "the group is down" });
    const work = await engine.work("shop", [X]);
    expect(await compared(work)).toEqual({ kind: "unknown", reason: "the group is down" });
    const gone = { ...X, kind: "Gone" };
    await engine.declare(work, [gone]);
    await compareObjects(work, { keys: [keyOf(gone)], takeover: false }, engine.signal);
    expect(work.state.verdicts.get(keyOf(gone))).toEqual({ kind: "missing" });
  });

  test("waits for an object that is being deleted", async () => {
    const work = await synced();
    edit({ a: "edited" });
    engine.cluster.put({ ...stored(), metadata: { ...stored().metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } });
    expect(await compared(work)).toEqual({ kind: "same" });
  });

  test("a new declaration is a difference, not drift", async () => {
    const work = await synced();
    await engine.declare(work, [configMap("x", { a: "2" })]);
    expect(await compared(work)).toMatchObject({ kind: "different", drift: false, reason: "declaration changed" });
  });

  test("records again what was made anew as declared, under its new identity", async () => {
    const work = await synced();
    const before = stored();
    engine.cluster.take(before);
    const { uid: _uid, resourceVersion: _version, ...metadata } = before.metadata;
    engine.cluster.put({ ...before, metadata });
    const { adopted } = await compareObjects(work, { keys: [KEY], takeover: false }, engine.signal);
    expect(adopted).toMatchObject([{ key: KEY, uid: stored().metadata.uid }]);
    expect(work.state.verdicts.get(KEY)).toEqual({ kind: "same" });
  });

  test("after a restart an object as declared is adopted without a request", async () => {
    await synced();
    const again = new TestEngine();
    for (const object of engine.cluster.objects.values()) again.cluster.put(object);
    const work = await again.work("shop", [X]);
    again.cluster.requests.length = 0;
    const { adopted } = await compareObjects(work, { keys: [KEY], takeover: false }, again.signal);
    expect([work.state.verdicts.get(KEY), adopted.length, again.cluster.log]).toEqual([{ kind: "same" }, 1, []]);
    await again.stop();
  });

  test("two apps that declare one object do not fight: the later apply owns it until the other's declaration changes", async () => {
    const shop = await synced();
    const cart = await engine.work("cart", [X]);
    expect(await compared(cart)).toMatchObject({ kind: "different" });
    await engine.sync(cart);
    expect(await compared(shop)).toEqual({ kind: "same" });
    await engine.declare(shop, [configMap("x", { a: "2" })]);
    expect(await compared(shop)).toMatchObject({ kind: "different" });
  });

  test("takes back an object that carries the mark of an app which does not declare it", async () => {
    const shop = await synced();
    const { metadata } = stored();
    engine.cluster.put({ ...stored(), metadata: { ...metadata, labels: { ...metadata.labels, app: "stranger" } } });
    expect(await compared(shop)).toMatchObject({ kind: "different", drift: true });
  });

  for (const apply of ["ignore", "if-absent"] as const) {
    test(`an object with the option ${apply} may differ`, async () => {
      await engine.stop();
      engine = new TestEngine({
        ...plainDialect,
        rules: { ...plainRules, optionsOf: () => ({ ...plainOptions, apply }) },
      });
      const work = await synced();
      edit({ a: "edited" });
      expect(await compared(work)).toEqual({ kind: "same" });
    });
  }

  describe("what memory cannot tell", () => {
    /** An object whose fields were declared through another version of its API. */
    async function undecided(data: Record<string, string> = {}): Promise<AppWork> {
      const work = await synced();
      edit(data);
      const { metadata } = stored();
      const managedFields = metadata.managedFields?.map((entry) => ({ ...entry, apiVersion: "v1beta1" })) ?? [];
      engine.cluster.put({ ...stored(), metadata: { ...metadata, managedFields } });
      engine.cluster.requests.length = 0;
      return work;
    }

    test("is settled by one dry run", async () => {
      const work = await undecided();
      expect(await compared(work)).toEqual({ kind: "same" });
      expect(engine.cluster.requests).toMatchObject([{ verb: "apply", options: { dryRun: true, manager: "us" } }]);
    });

    test("differs when the dry run would change one of our fields", async () => {
      const work = await undecided({ a: "edited" });
      expect(await compared(work)).toMatchObject({ kind: "different", drift: false });
    });

    test("is no verdict while the server does not answer", async () => {
      const work = await undecided();
      engine.cluster.before = () => Promise.reject(new ApiError({ code: 503, reason: "Unavailable", message: "down" }));
      await expect(compared(work)).rejects.toMatchObject({ code: 503 });
    });

    test("differs when the server refuses it, which the check before the write will tell", async () => {
      const work = await undecided();
      engine.cluster.before = () => Promise.reject(new ApiError({ code: 422, reason: "Invalid", message: "no such" }));
      expect(await compared(work)).toMatchObject({ kind: "different", drift: false, reason: "no such" });
    });
  });
});

describe("compareObjects() with fields that rules ignore", () => {
  const ignoring = (ignoredBy: { queries: readonly string[]; managers: readonly string[] }) =>
    new TestEngine({
      ...plainDialect,
      rules: { ...plainRules, optionsOf: () => ({ ...plainOptions, ignoredBy }) },
    });

  test("does not count what an expression names", async () => {
    engine = ignoring({ queries: ["/data/a"], managers: [] });
    const work = await synced(configMap("x", { a: "1", b: "1" }));
    edit({ a: "2" });
    await settled();
    expect(await compared(work)).toMatchObject({ kind: "same" });
    edit({ b: "2" });
    await settled();
    expect(await compared(work)).toMatchObject({ kind: "different", paths: ["/data/b"] });
  });

  test("does not count what a manager owns", async () => {
    engine = ignoring({ queries: [], managers: ["autoscaler"] });
    const work = await synced();
    edit({ a: "2" }, "autoscaler");
    await settled();
    expect(await compared(work)).toMatchObject({ kind: "same" });
    edit({ a: "3" }, "kubectl");
    await settled();
    expect(await compared(work)).toMatchObject({ kind: "same" });
  });

  test("says nothing of an object while an expression cannot be used", async () => {
    engine = ignoring({ queries: [".bad("], managers: [] });
    engine.find = () => ({ unusable: "it is no expression" });
    const work = await engine.work("shop", [X]);
    await expect(compared(work)).rejects.toThrow("Cannot compare by jqPathExpressions: .bad(: it is no expression");
  });
});
