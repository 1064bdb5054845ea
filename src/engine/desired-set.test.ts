import { usualSettings } from "#core/app/settings.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Dialect } from "#core/app/dialect.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { AppRegistry } from "./app-registry.ts";
import { desiredSetOf } from "./desired-set.ts";
import { plainApp, plainRules } from "./testing/app.ts";
import { plainDialect } from "./testing/dialect.ts";
import { configMap } from "./testing/fake-objects.ts";

const settings = usualSettings("control");
const listener = { onApp: () => {}, onSource: () => {}, onUnused: () => {}, onDependents: () => {} };
const context = { settings, registry: new AppRegistry(settings, listener) };

interface Changes {
  readonly dialect?: Partial<Dialect>;
  readonly specDigest?: string;
  readonly places?: readonly string[];
}

function declared(resources: readonly Resource[], { places, ...changes }: Changes = {}) {
  return desiredSetOf(context, {
    app: plainApp("shop", { specDigest: changes.specDigest ?? "spec" }),
    dialect: { ...plainDialect, ...changes.dialect },
    rendered: { resources, readSet: [], renderer: "directory", ...(places ? { places } : {}) },
    scopeOf: () => "namespaced",
  });
}

const X = configMap("x", { a: "1" });
const Y = configMap("y", { a: "1" });

describe("desiredSetOf()", () => {
  test("marks every object as the app's own and finds it by key", () => {
    const { objects, byKey } = declared([X, Y]);
    expect(objects.map(({ resource }) => resource.metadata.labels)).toEqual([
      { "owned-by": "us", app: "shop" },
      { "owned-by": "us", app: "shop" },
    ]);
    expect(byKey.get(keyOf(Y))).toBe(objects[1]);
  });

  test("has one digest for the same objects in any order, and another one for anything else", () => {
    const some = [X, Y, configMap("z"), configMap("z", {}, { namespace: "b" })];
    fc.assert(
      fc.property(fc.shuffledSubarray(some, { minLength: some.length }), (shuffled) => {
        expect(declared(shuffled).digest).toBe(declared(some).digest);
      }),
      { numRuns: 20 },
    );
    const others = [
      declared([X]),
      declared([X, configMap("y", { a: "2" })]),
      declared([X, Y], { specDigest: "other" }),
    ];
    expect(new Set([declared([X, Y]), ...others].map(({ digest }) => digest)).size).toBe(4);
  });

  test("has one digest whatever the order of an object's fields", () => {
    expect(declared([configMap("x", { a: "1", b: "2" })]).digest).toBe(
      declared([configMap("x", { b: "2", a: "1" })]).digest,
    );
  });

  test("of several declarations of one object the last holds, and each such object is named once", () => {
    const { objects, duplicates } = declared([X, Y, configMap("x", { a: "2" }), configMap("x", { a: "3" })]);
    expect(objects.map(({ resource }) => [resource.metadata.name, resource["data"]])).toEqual([
      ["x", { a: "3" }],
      ["y", { a: "1" }],
    ]);
    expect(duplicates).toHaveLength(1);
    expect(duplicates[0]).toContain("x is declared 3 times");
  });

  test("a duplicate is named with every place that declares it", () => {
    const places = ["a.yaml:1", "b.yaml:1", "b.yaml:9", "c.yaml:1"];
    const resources = [X, Y, configMap("x", { a: "2" }), configMap("x", {}, { namespace: "other" })];
    const { duplicates } = declared(resources, { places });
    expect(duplicates).toHaveLength(1);
    expect(duplicates[0]).toMatch(/x is declared 2 times \(a\.yaml:1, b\.yaml:9\)$/);
  });

  test("finds duplicates that the dialect's own preparation makes", () => {
    const prepare: Dialect["prepare"] = (resources) => ({
      resources: resources.map((one) => ({ ...one, metadata: { ...one.metadata, namespace: "same" } })),
      refusals: [],
      warnings: [],
    });
    const { duplicates } = declared([X, configMap("x", {}, { namespace: "b" })], { dialect: { prepare } });
    expect(duplicates).toHaveLength(1);
  });

  test("stages see all objects, marked as they will be sent", () => {
    const seen: number[] = [];
    const stageOf: Dialect["rules"]["stageOf"] = (one, _app, all) => {
      seen.push(all.filter(({ metadata }) => metadata.labels?.["app"] === "shop").length);
      return { phase: 0, wave: one.metadata.name === "x" ? 1 : 0, rank: 0 };
    };
    const { objects } = declared([X, Y], { dialect: { rules: { ...plainRules, stageOf } } });
    expect([seen, objects.map(({ stage }) => stage.wave)]).toEqual([
      [2, 2],
      [1, 0],
    ]);
  });
});
