import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ObjectOptions } from "#core/app/rules.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import type { Change } from "#core/plan/plan.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { AppWork } from "./app-state.ts";
import { plainOptions, plainRules } from "./testing/app.ts";
import { plainDialect } from "./testing/dialect.ts";
import { settled, TestEngine } from "./testing/engine.ts";
import { configMap } from "./testing/fake-objects.ts";
import { writeChanges, type Written } from "./write-changes.ts";

const X = configMap("x", { a: "1" });
const Y = configMap("y");
const KEY = keyOf(X);

let engine = new TestEngine();
beforeEach(() => start());
afterEach(() => engine.stop());

let options: ObjectOptions = plainOptions;
function start(rules: Partial<typeof plainRules> = {}): void {
  options = plainOptions;
  engine = new TestEngine({ ...plainDialect, rules: { ...plainRules, optionsOf: () => options, ...rules } });
}

/** Writes every declared object of an app, in the order of its ranks. */
async function written(work: AppWork, others: readonly Change[] = []): Promise<Written> {
  const objects = [...(work.state.desired?.objects ?? [])].sort((a, b) => a.rank - b.rank);
  const changes = objects.map((desired): Change => changeOf("update", desired.key, desired.resource));
  engine.cluster.requests.length = 0;
  return writeChanges(work, { byKey: work.state.desired!.byKey, changes: [...changes, ...others] }, engine.signal);
}

function changeOf(action: Change["action"], key: Change["key"], desired: Resource | null = null): Change {
  const [group = "", kind = "", namespace = "", name = ""] = key.split("/");
  const id = { group, kind, namespace, name };
  return { key, id, version: "v1", action, reason: "declared", paths: [], desired, options: null, certificate: null };
}

function outcomes({ results }: Written): string[] {
  return results.map(({ id, outcome }) => `${id.name} ${outcome}`);
}

const refused = (message: string) =>
  new ApiError({ code: 422, reason: "Invalid", message: "refused", causes: [{ message }] });

describe("writeChanges()", () => {
  test("applies an object as the dialect's manager and records what the server stored", async () => {
    const work = await engine.work("shop", [X]);
    const { results, entries } = await written(work);
    expect(engine.cluster.log).toEqual(["apply ConfigMap/x"]);
    expect(engine.cluster.requests[0]?.options).toMatchObject({ manager: "us" });
    expect(results).toMatchObject([{ key: KEY, outcome: "created" }]);
    const stored = engine.cluster.objects.get(KEY);
    expect(entries.get(KEY)).toMatchObject({ uid: stored?.metadata.uid, input: work.state.desired?.objects[0]?.input });
    expect([work.context.index.get(KEY), work.state.verdicts.get(KEY)]).toEqual([stored, { kind: "same" }]);
    expect(engine.audit).toMatchObject([
      { app: work.state.app.key, verb: "create", actor: "holdfast", reason: "declared" },
    ]);
    expect((await written(work)).results).toMatchObject([{ outcome: "changed" }]);
    expect(engine.audit.map(({ verb }) => verb)).toEqual(["create", "update"]);
  });

  test("writes as the app's user where it names one", async () => {
    const target = { cluster: "in-cluster", kubeconfig: null, namespace: null, impersonate: "deployer" };
    const work = await engine.work("shop", [X], { spec: { target } });
    await written(work);
    expect(engine.cluster.requests[0]?.options).toMatchObject({ as: { user: "deployer" } });
  });

  test("writes equal ranks together and a higher rank only after them", async () => {
    await engine.stop();
    start({ rankOf: (one) => (one.kind === "Namespace" ? 0 : 1) });
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "a" } };
    const work = await engine.work("shop", [X, namespace, Y]);
    const gate = Promise.withResolvers<void>();
    engine.cluster.before = () => gate.promise;
    const all = written(work);
    await settled();
    expect(engine.cluster.log).toEqual(["apply Namespace/a"]);
    gate.resolve();
    await settled();
    expect(engine.cluster.log.slice(1).sort()).toEqual(["apply ConfigMap/x", "apply ConfigMap/y"]);
    await all;
  });

  test("a refused object fails with the server's words, its neighbours are written, later ranks are not", async () => {
    await engine.stop();
    start({ rankOf: (one) => (one.metadata.name === "later" ? 1 : 0) });
    const work = await engine.work("shop", [X, Y, configMap("later")]);
    engine.cluster.before = ({ name }) => {
      if (name === "x") throw new ApiError({ code: 403, reason: "Forbidden", message: "may not" });
    };
    const outcome = await written(work);
    expect(outcomes(outcome).sort()).toEqual(["x failed", "y created"]);
    expect(outcome.results.find(({ outcome: one }) => one === "failed")?.message).toMatch(/x apply failed: may not/);
    expect([outcome.entries.has(KEY), work.state.verdicts.has(KEY)]).toEqual([false, false]);
  });

  test("no answer is no result: it is thrown after everything at work has stopped", async () => {
    const work = await engine.work("shop", [X, Y]);
    engine.cluster.before = ({ name }) => {
      if (name === "x") throw new ApiError({ code: 0, reason: "Unreachable", message: "no answer" });
    };
    await expect(written(work)).rejects.toMatchObject({ code: 0 });
    expect(engine.cluster.find("ConfigMap", "y")).toBeDefined();
  });

  test("what is kept on purpose leaves the inventory and is not touched", async () => {
    const work = await engine.work("shop", []);
    const { results, entries } = await written(work, [changeOf("keep", KEY)]);
    expect([results[0]?.outcome, entries.get(KEY), engine.cluster.log]).toEqual(["kept", null, []]);
  });

  test("what is held or as declared is left alone and stays in the inventory", async () => {
    const work = await engine.work("shop", []);
    const { results, entries } = await written(work, [changeOf("hold", KEY), changeOf("none", keyOf(Y))]);
    expect([results.map(({ outcome }) => outcome), entries.size]).toEqual([["unchanged", "unchanged"], 0]);
    expect(engine.cluster.log).toEqual([]);
  });

  test("a definition that was written makes discovery look again", async () => {
    const definition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "things.test" },
    };
    await written(await engine.work("shop", [X]));
    expect(engine.cluster.rediscoveries).toBe(0);
    await written(await engine.work("cart", [definition]));
    expect(engine.cluster.rediscoveries).toBe(1);
  });
});

describe("a kind that is not served yet", () => {
  const definition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "configmaps.test" },
    spec: { group: "", names: { kind: "ConfigMap" } },
  };
  const notYet = (times: number) => {
    let left = times;
    engine.cluster.before = ({ kind }) => {
      if (kind === "ConfigMap" && left-- > 0) throw new ApiError({ code: 404, reason: "UnknownKind", message: "no" });
    };
  };

  test("is waited for where the app defines it", async () => {
    const work = await engine.work("shop", [definition, X]);
    notYet(2);
    expect(outcomes(await written(work))).toContain("x created");
    expect(engine.cluster.rediscoveries).toBeGreaterThanOrEqual(2);
  });

  test("is a failure at once elsewhere", async () => {
    const work = await engine.work("shop", [X]);
    notYet(1);
    expect(outcomes(await written(work))).toEqual(["x failed"]);
  });
});

describe("an immutable field", () => {
  async function immutable(force: boolean): Promise<AppWork> {
    const work = await engine.work("shop", [X]);
    await engine.sync(work);
    options = { ...plainOptions, force };
    await engine.declare(work, [configMap("x", { a: "2" })]);
    engine.cluster.before = ({ verb }) => {
      if (verb === "apply" && engine.cluster.objects.has(KEY)) throw refused("field is immutable");
    };
    return work;
  }

  test("is a failure unless the object may be recreated", async () => {
    const work = await immutable(false);
    expect(outcomes(await written(work))).toEqual(["x failed"]);
    expect(engine.cluster.log).toEqual(["apply ConfigMap/x"]);
  });

  test("recreates an object that may be, the very one that was read, and records why", async () => {
    const work = await immutable(true);
    const { uid, resourceVersion } = engine.cluster.objects.get(KEY)!.metadata;
    const outcome = await written(work);
    expect(engine.cluster.log).toEqual([
      "apply ConfigMap/x",
      "get ConfigMap/x",
      "delete ConfigMap/x",
      "apply ConfigMap/x",
    ]);
    expect(engine.cluster.requests[2]?.options).toMatchObject({ uid, resourceVersion });
    expect(engine.audit.map(({ verb }) => verb)).toEqual(["delete", "create"]);
    expect(outcome.entries.get(KEY)?.uid).not.toBe(uid);
    expect(engine.cluster.objects.get(KEY)?.["data"]).toEqual({ a: "2" });
  });

  test("never recreates for any other refusal", async () => {
    const work = await immutable(true);
    engine.cluster.before = () => Promise.reject(refused("must be a number"));
    expect(outcomes(await written(work))).toEqual(["x failed"]);
    expect(engine.cluster.log).toEqual(["apply ConfigMap/x"]);
  });
});

describe("replacing", () => {
  test("removes what others added, on the version that was read, and ends as an apply of ours", async () => {
    options = { ...plainOptions, replace: true };
    const work = await engine.work("shop", [X]);
    await engine.sync(work);
    const stored = engine.cluster.put({ ...engine.cluster.objects.get(KEY)!, data: { a: "1", theirs: "2" } });
    const { entries } = await written(work);
    expect(engine.cluster.log).toEqual(["replace ConfigMap/x", "apply ConfigMap/x"]);
    expect(engine.cluster.requests[0]?.body).toMatchObject({
      metadata: { resourceVersion: stored.metadata.resourceVersion },
    });
    expect([engine.cluster.objects.get(KEY)?.["data"], entries.has(KEY)]).toEqual([{ a: "1" }, true]);
  });

  test("creates by an apply what is not there", async () => {
    options = { ...plainOptions, replace: true };
    const work = await engine.work("shop", [X]);
    expect(outcomes(await written(work))).toEqual(["x created"]);
    expect(engine.cluster.log).toEqual(["apply ConfigMap/x"]);
  });
});

describe("taking over", () => {
  const EDITOR = { manager: "kubectl-edit", operation: "Update", apiVersion: "v1" } as const;
  const TAKE = { takeOver: ["kubectl*"] };

  beforeEach(async () => {
    await engine.stop();
    start(TAKE);
  });

  /** The object with a field that somebody else added by hand. */
  function edited(labels: Record<string, string> = {}): Resource {
    const managedFields = [{ ...EDITOR, fieldsV1: { "f:data": { "f:theirs": {} } } }];
    return configMap("x", { theirs: "2" }, { labels, managedFields });
  }

  test("folds the fields of listed writers into ours before the apply", async () => {
    const work = await engine.work("shop", [X]);
    engine.cluster.put(edited({ "owned-by": "us" }));
    await written(work);
    expect(engine.cluster.log).toEqual(["patch ConfigMap/x", "apply ConfigMap/x"]);
    const { body, options: sent } = engine.cluster.requests[0] ?? {};
    expect(sent).toMatchObject({ type: "json", manager: "us" });
    expect(body).toMatchObject([
      { op: "test", path: "/metadata/resourceVersion" },
      { op: "replace", value: [{ manager: "us", operation: "Apply" }] },
    ]);
  });

  test("does so for an object without our mark as soon as the first apply showed it", async () => {
    const work = await engine.work("shop", [X]);
    engine.cluster.put(edited());
    await written(work);
    expect(engine.cluster.log).toEqual(["apply ConfigMap/x", "patch ConfigMap/x", "apply ConfigMap/x"]);
  });

  test("leaves writers alone where the object asks for a merge", async () => {
    options = { ...plainOptions, apply: "merge" };
    const work = await engine.work("shop", [X]);
    engine.cluster.put(edited({ "owned-by": "us" }));
    await written(work);
    expect(engine.cluster.log).toEqual(["apply ConfigMap/x"]);
  });

  test("reads again and goes on when the object moved meanwhile, and gives up when the refusal is about something else", async () => {
    const work = await engine.work("shop", [X]);
    engine.cluster.put(edited({ "owned-by": "us" }));
    let conflicts = 2;
    engine.cluster.before = ({ verb }) => {
      if (verb !== "patch" || conflicts-- <= 0) return;
      engine.cluster.put({ ...engine.cluster.objects.get(KEY)!, moved: conflicts });
      throw new ApiError({ code: 409, reason: "Conflict", message: "moved" });
    };
    expect(outcomes(await written(work))).toEqual(["x changed"]);
    const other = configMap("x", {}, { labels: { "owned-by": "us" }, managedFields: edited().metadata.managedFields! });
    engine.cluster.put(other);
    engine.cluster.before = ({ verb }) => {
      if (verb === "patch") throw refused("no");
    };
    expect(outcomes(await written(work))).toEqual(["x failed"]);
    expect(engine.cluster.log).toEqual(["patch ConfigMap/x", "get ConfigMap/x"]);
  });
});

describe("ignored fields that are left alone", () => {
  const leave: ObjectOptions = { ...plainOptions, ignoredPaths: ["/data/a"], leaveIgnored: true };

  test("keep the live value, also of an object that does not carry our mark yet", async () => {
    for (const labels of [{}, { "owned-by": "us" }]) {
      options = leave;
      const work = await engine.work("shop", [X]);
      engine.cluster.put(configMap("x", { a: "live" }, { labels }));
      await written(work);
      expect(engine.cluster.objects.get(KEY)?.["data"]).toEqual({ a: "live" });
      engine.cluster.take(X);
    }
  });

  test("are written with a new object", async () => {
    options = leave;
    await written(await engine.work("shop", [X]));
    expect(engine.cluster.objects.get(KEY)?.["data"]).toEqual({ a: "1" });
  });
});
