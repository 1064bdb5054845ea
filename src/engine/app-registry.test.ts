import { usualSettings } from "#core/app/settings.ts";
import { beforeEach, describe, expect, test } from "vitest";
import type { App, AppKey } from "#core/app/app.ts";
import type { DialectKind } from "#core/app/dialect.ts";
import type { Resource } from "#core/resource/resource.ts";
import { sourceObjectKey } from "#core/source/source.ts";
import { AppRegistry } from "./app-registry.ts";
import { plainApp } from "./testing/app.ts";
import { appObject, plainDialect, plainKinds, sourceObject } from "./testing/dialect.ts";

const SHOP = "app/apps/shop" as AppKey;
const CART = "app/apps/cart" as AppKey;
const MAIN = sourceObjectKey("Repo", "apps", "main");
const KINDS: Record<string, DialectKind> = { App: plainKinds.app, Repo: plainKinds.source, Limits: plainKinds.limits };

let told: string[] = [];
let registry: AppRegistry;
let parses = 0;
const dialect: typeof plainDialect = {
  ...plainDialect,
  parseApp: (...input) => {
    parses++;
    return plainDialect.parseApp(...input);
  },
};

beforeEach(() => {
  told = [];
  parses = 0;
  registry = new AppRegistry(usualSettings("control"), {
    onApp: (key) => void told.push(key),
    onSource: (key) => void told.push(key),
    onUnused: (key) => void told.push(`unused ${key}`),
    onDependents: (keys) => void told.push(`dependents ${keys.join()}`),
  });
});

/** Takes an object; returns what was told of it. */
function put(object: Resource, version = 1): string[] {
  told = [];
  const metadata = { ...object.metadata, resourceVersion: String(version) };
  registry.upsert(dialect, KINDS[object.kind] as DialectKind, { ...object, metadata });
  return told;
}

function gone(object: Resource): string[] {
  told = [];
  registry.gone(dialect, KINDS[object.kind] as DialectKind, object);
  return told;
}

function limits(name: string, at: string): Resource {
  return { apiVersion: "plain.test/v1", kind: "Limits", metadata: { name, namespace: "apps" }, at };
}

function readsFrom(...names: string[]): Partial<App> {
  const [declared] = plainApp("any").sources;
  return { sources: names.map((name) => ({ ...declared!, source: sourceObjectKey("Repo", "apps", name) })) };
}

describe("AppRegistry", () => {
  test("parses an app once, and again only when something but its status changed", () => {
    expect(put(appObject("shop"))).toEqual([SHOP]);
    expect(put({ ...appObject("shop"), status: { phase: "synced" } }, 2)).toEqual([]);
    expect(parses).toBe(1);
    expect(registry.app(SHOP)?.object["status"]).toEqual({ phase: "synced" });
    expect(put(appObject("shop", { suspended: true }), 3)).toEqual([SHOP]);
    expect(registry.app(SHOP)?.parsed).toMatchObject({ ok: true, value: { suspended: true } });
  });

  for (const [what, metadata] of [
    ["an annotation", { annotations: { asked: "now" } }],
    ["a label", { labels: { team: "a" } }],
    ["a finalizer", { finalizers: ["plain.test/cleanup"] }],
    ["the mark of its deletion", { deletionTimestamp: "2026-01-01T00:00:00Z" }],
    [
      "another owner",
      { ownerReferences: [{ apiVersion: "v1", kind: "Set", name: "all", uid: "u", controller: true }] },
    ],
    ["another uid", { uid: "uid-of-another" }],
  ] as const) {
    test(`${what} is news of an app`, () => {
      put(appObject("shop"));
      expect(put(appObject("shop", {}, metadata), 2)).toEqual([SHOP]);
    });
  }

  test("managed fields and generation are no news of an app", () => {
    put(appObject("shop"));
    const metadata = {
      generation: 7,
      managedFields: [{ manager: "x", operation: "Update", apiVersion: "v1" }],
    } as const;
    expect(put(appObject("shop", {}, metadata), 2)).toEqual([]);
  });

  test("does not go back to an older state", () => {
    put(appObject("shop", { suspended: true }), 10);
    expect(put(appObject("shop"), 9)).toEqual([]);
    expect(registry.app(SHOP)?.parsed).toMatchObject({ value: { suspended: true } });
  });

  test("holds an app that cannot be parsed, without sources or dependencies", () => {
    put(appObject("shop"));
    expect(registry.consumers(MAIN)).toEqual([SHOP]);
    expect(put(appObject("shop", { problem: "bad duration" }), 2)).toEqual([`unused ${MAIN}`, SHOP]);
    expect(registry.app(SHOP)?.parsed).toMatchObject({ ok: false, error: [{ message: "bad duration" }] });
    expect(registry.consumers(MAIN)).toEqual([]);
  });

  test("tells of a source that no app reads any more", () => {
    put(appObject("shop", readsFrom("main", "other")));
    put(appObject("cart", readsFrom("main")));
    expect(put(appObject("shop", readsFrom()), 2)).toEqual([
      `unused ${sourceObjectKey("Repo", "apps", "other")}`,
      SHOP,
    ]);
    expect(gone(appObject("cart"))).toEqual([`unused ${MAIN}`, CART]);
  });

  test("reads every app and source anew once its dialect behaves in another way", () => {
    put(appObject("shop"));
    put(sourceObject("main"));
    put({ ...limits("x", "1") });
    told = [];
    const other: typeof plainDialect = {
      ...dialect,
      parseApp: () => ({ ok: false, error: [{ path: "spec", message: "not in this installation" }] }),
    };
    registry.configure({ ...other, name: "of somebody else" });
    expect(told).toEqual([]);
    registry.configure(other);
    expect(told).toContain(SHOP);
    expect(told).toContain(MAIN);
    expect(registry.app(SHOP)).toMatchObject({ dialect: other, parsed: { ok: false } });
    put(appObject("shop", { suspended: true }), 5);
    expect(registry.app(SHOP)?.parsed.ok).toBe(false);
  });

  test("knows the apps that read a source, as long as they do", () => {
    put(appObject("shop", readsFrom("main", "other")));
    put(appObject("cart", readsFrom("main")));
    const readers = () => ["main", "other"].map((name) => registry.consumers(sourceObjectKey("Repo", "apps", name)));
    expect(readers()).toEqual([[SHOP, CART], [SHOP]]);
    put(appObject("shop", readsFrom("other")), 2);
    expect(readers()).toEqual([[CART], [SHOP]]);
    gone(appObject("cart"));
    expect(readers()).toEqual([[], [SHOP]]);
  });

  test("tells apps when the one they depend on moves, its status included", () => {
    put(appObject("cart", { dependsOn: [{ on: "app", key: SHOP, readyExpression: null }] }));
    expect(put(appObject("shop"))).toEqual([SHOP, `dependents ${CART}`]);
    expect(put({ ...appObject("shop"), status: { phase: "synced" } }, 2)).toEqual([`dependents ${CART}`]);
    put(appObject("cart"), 2);
    expect(put({ ...appObject("shop"), status: { phase: "new" } }, 3)).toEqual([]);
  });

  test("parses every app again when an object changes that apps look up", () => {
    put(appObject("shop", { limitedBy: "team" }));
    put(appObject("cart"));
    expect(registry.app(SHOP)?.parsed.ok).toBe(false);
    expect(put(limits("team", "one"))).toEqual([SHOP, CART]);
    expect(registry.app(SHOP)?.parsed.ok).toBe(true);
    expect(put(limits("team", "one"), 2)).toEqual([]);
    expect(gone(limits("team", "one"))).toEqual([SHOP, CART]);
    expect(registry.app(SHOP)?.parsed.ok).toBe(false);
  });

  test("tells of sources when they change, not when only their status does", () => {
    expect(put(sourceObject("main"))).toEqual([MAIN]);
    expect(put({ ...sourceObject("main"), status: { state: "ready" } }, 2)).toEqual([]);
    expect(registry.source(MAIN)?.object["status"]).toEqual({ state: "ready" });
    expect(put(sourceObject("main", { problem: "bad url" }), 3)).toEqual([MAIN]);
    expect(registry.source(MAIN)?.parsed.ok).toBe(false);
    expect(gone(sourceObject("main"))).toEqual([MAIN]);
    expect([registry.source(MAIN), registry.sources()]).toEqual([null, []]);
  });

  test("parses sources again when an object changes that they looked up", () => {
    const parsed = () => registry.source(MAIN)?.parsed.ok;
    put(sourceObject("main", { limitedBy: "base" }));
    expect(parsed()).toBe(false);
    expect(put(sourceObject("base"))).toEqual(["Repo/apps/base", MAIN]);
    expect(parsed()).toBe(true);
    expect(put(sourceObject("other"))).toEqual(["Repo/apps/other"]);
    expect(put({ ...sourceObject("base"), status: { any: "news" } }, 2)).toEqual([]);
    expect(gone(sourceObject("base"))).toEqual(["Repo/apps/base", MAIN]);
    expect(parsed()).toBe(false);
    gone(sourceObject("main", { limitedBy: "base" }));
    expect(put(sourceObject("base"), 3)).toEqual(["Repo/apps/base"]);
  });

  test("keeps an app that was made anew before the end of the old one was known", () => {
    put(appObject("shop"), 10);
    put(appObject("shop", {}, { uid: "uid-of-another" }), 11);
    expect(gone(appObject("shop"))).toEqual([]);
    expect(registry.app(SHOP)?.object.metadata.uid).toBe("uid-of-another");
  });

  test("forgets an app that is gone, and takes one of the same name for new", () => {
    put(appObject("shop"), 10);
    expect(gone(appObject("shop"))).toEqual([`unused ${MAIN}`, SHOP]);
    expect([registry.app(SHOP), registry.apps(), registry.objectOf(SHOP)]).toEqual([null, [], null]);
    expect(put(appObject("shop"), 9)).toEqual([SHOP]);
  });
});

describe("kinds of which only some objects are read", () => {
  const selector = { text: "part=keys", parsed: [{ key: "part", operator: "in", values: ["keys"] }] } as const;
  const keys: DialectKind = { ...plainKinds.limits, only: { namespace: "apps", selector } };
  const putKeys = (object: Resource, version: number) => {
    told = [];
    const metadata = { ...object.metadata, resourceVersion: String(version) };
    registry.upsert(dialect, keys, { ...object, metadata });
    return told;
  };

  test("wake the apps that mean something else by them, and no others", () => {
    put(appObject("shop", { limitedBy: "small" }));
    put(appObject("cart"));
    expect(putKeys(limits("small", "1"), 1)).toEqual([SHOP]);
    expect(putKeys(limits("small", "2"), 2)).toEqual([]);
  });

  test("are listed whole, by the same list until one changes", () => {
    const all = () => registry.lookup(dialect.name).all?.("Limits") ?? [];
    putKeys(limits("small", "1"), 1);
    const before = all();
    expect(before.map(({ metadata }) => metadata.name)).toEqual(["small"]);
    expect(all()).toBe(before);
    putKeys(limits("large", "1"), 2);
    expect(all().map(({ metadata }) => metadata.name)).toEqual(["small", "large"]);
  });
});
