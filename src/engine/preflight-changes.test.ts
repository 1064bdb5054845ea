import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ObjectOptions } from "#core/app/rules.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { type Change, changesOf } from "#core/plan/plan.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { AppWork, RunningSync } from "./app-state.ts";
import { planApp } from "./plan-app.ts";
import { preflightChanges } from "./preflight-changes.ts";
import { startSync } from "./sync-driver.ts";
import { plainOptions, plainRules } from "./testing/app.ts";
import { plainDialect } from "./testing/dialect.ts";
import { TestEngine } from "./testing/engine.ts";
import { configMap } from "./testing/fake-objects.ts";

const X = configMap("x");
const REVISION = { text: "main@1", commit: "1", refName: null };

let engine: TestEngine;
let options: ObjectOptions;
beforeEach(() => {
  options = plainOptions;
  engine = new TestEngine({ ...plainDialect, rules: { ...plainRules, optionsOf: () => options } });
});
afterEach(() => engine.stop());

/** Checks a sync of these objects; the ones named `old` exist already and differ. */
async function refusals(...resources: Resource[]): Promise<string[]> {
  const work: AppWork = await engine.work("shop", resources);
  for (const resource of resources.filter(({ metadata }) => metadata.name === "old")) {
    work.state.verdicts.set(keyOf(resource), { kind: "different", paths: [], reason: "changed", drift: false, by: [] });
  }
  const desired = work.state.desired!;
  const plan = await planApp(work, { desired, revision: "main@1", request: null, deleting: false }, engine.signal);
  startSync(work, { plan, desired, revision: REVISION, request: null, healAttempts: 0, retries: 0 });
  engine.cluster.requests.length = 0;
  const changes: Change[] = changesOf(plan);
  const found = await preflightChanges(work, { running: work.state.running as RunningSync, changes }, engine.signal);
  return found.map(({ message }) => message);
}

const old = (kind = "ConfigMap"): Resource => ({ ...configMap("old"), kind });
const thing = (metadata: Partial<Resource["metadata"]> = {}): Resource => ({
  apiVersion: "test/v1",
  kind: "Thing",
  metadata: { name: "one", namespace: "a", ...metadata },
});
const definition: Resource = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "things.test" },
  spec: { group: "test", names: { kind: "Thing" } },
};

describe("preflightChanges()", () => {
  test("asks the server nothing about new objects of plain kinds", async () => {
    expect([await refusals(X, configMap("y")), engine.cluster.log]).toEqual([[], []]);
  });

  test("tries updates, and new objects that admission watches, without writing", async () => {
    engine.cluster.admitted.add("Secret");
    expect(await refusals(X, old(), { ...X, kind: "Secret" })).toEqual([]);
    expect(engine.cluster.log.sort()).toEqual(["apply ConfigMap/old", "apply Secret/x"]);
    expect(engine.cluster.requests.map(({ options: sent }) => sent)).toMatchObject([
      { dryRun: true },
      { dryRun: true },
    ]);
  });

  test("refuses what the server's schema refuses, with every problem, without asking", async () => {
    engine.cluster.problemsOf = ({ metadata }) =>
      metadata.name === "old" ? ["unknown field spec.a", "spec.b: no"] : [];
    const [message, ...others] = await refusals(X, old());
    expect([others, engine.cluster.log]).toEqual([[], []]);
    expect(message).toMatch(/old dry-run failed: unknown field spec\.a; spec\.b: no$/);
  });

  test("names every refused object, with the server's reason", async () => {
    engine.cluster.before = ({ name }) => {
      if (name === "old") throw new ApiError({ code: 403, reason: "Forbidden", message: "policy says no" });
    };
    const messages = await refusals(old(), old("Secret"), X);
    expect(messages).toHaveLength(2);
    for (const message of messages) expect(message).toMatch(/old dry-run failed \(Forbidden\): policy says no$/);
  });

  test("no answer is no refusal", async () => {
    engine.cluster.before = () => Promise.reject(new ApiError({ code: 503, reason: "Unavailable", message: "down" }));
    await expect(refusals(old())).rejects.toMatchObject({ code: 503 });
  });

  test("tells a kind that does not exist from one whose group cannot be read", async () => {
    expect((await refusals(thing()))[0]).toContain('no matches for kind "Thing" in version "test/v1"');
    engine.cluster.lookups.set("test/Thing", { known: "unknown", reason: "the group is down" });
    expect((await refusals(thing()))[0]).toContain("cannot be read now: the group is down");
  });

  test("a kind that the same sync defines is not asked for yet", async () => {
    expect(await refusals(definition, thing())).toEqual([]);
  });

  test("nothing in a namespace that the same sync makes is asked for yet", async () => {
    engine.cluster.admitted.add("ConfigMap");
    expect(await refusals({ apiVersion: "v1", kind: "Namespace", metadata: { name: "a" } }, X)).toEqual([]);
    expect(engine.cluster.log).toEqual([]);
  });

  test("refuses an object of a namespaced kind that names no namespace", async () => {
    const { namespace: _namespace, ...metadata } = X.metadata;
    expect((await refusals({ ...X, metadata }))[0]).toMatch(/namespace not specified$/);
  });

  test("an immutable field is no refusal for an object that may be recreated", async () => {
    const causes = [{ message: "field is immutable" }];
    engine.cluster.before = () => Promise.reject(new ApiError({ code: 422, reason: "Invalid", message: "no", causes }));
    expect(await refusals(old())).toHaveLength(1);
    for (const change of [{ force: true }, { replace: true }]) {
      options = { ...plainOptions, ...change };
      expect(await refusals(old())).toEqual([]);
    }
  });
});
