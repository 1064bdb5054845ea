import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import type { AppSource } from "./app.ts";
import { keptEntry, keptRenderOf } from "./kept-render.ts";
import type { Rendered } from "./rendered.ts";

const config: Resource = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "shop" } };
const secret: Resource = { apiVersion: "v1", kind: "Secret", metadata: { name: "door", namespace: "shop" } };
const rendered = (resources: readonly Resource[], more: Partial<Rendered> = {}): Rendered => ({
  resources,
  readSet: [],
  renderer: "directory",
  ...more,
});

describe("keptRenderOf()", () => {
  test("keeps objects, and where they are declared", () => {
    expect(keptRenderOf(rendered([config], { places: ["a.yaml:1"] }))).toEqual({
      resources: [config],
      places: ["a.yaml:1"],
      renderer: "directory",
    });
  });

  for (const member of ["data", "stringData"]) {
    test(`keeps nothing where a Secret has values: ${member}`, () => {
      const kept = keptRenderOf(rendered([config, { ...secret, [member]: { key: "aHVzaA==" } }]));
      expect(kept).toEqual({
        withheld: "it declares Secret/shop/door, and values of Secrets are not kept on disk",
      });
    });
  }

  test("keeps a Secret without values, which tells nothing", () => {
    expect(
      keptRenderOf(
        rendered([
          { ...secret, data: {} },
          { ...secret, data: null },
        ]),
      ),
    ).toHaveProperty("resources");
  });

  test("keeps nothing that a plugin made, be it one of several sources", () => {
    const plugin = rendered([config], { renderer: "plugin" });
    expect(keptRenderOf(plugin)).toHaveProperty("withheld");
    expect(keptRenderOf(rendered([config], { renderer: null, parts: [rendered([]), plugin] }))).toHaveProperty(
      "withheld",
    );
  });
});

describe("keptEntry()", () => {
  const source = (declaration?: string) => ({ ...(declaration !== undefined && { declaration }) }) as AppSource;

  test("tells declarations and revisions apart", () => {
    const entries = [
      keptEntry([source("x")], ["1"]),
      keptEntry([source("x")], ["2"]),
      keptEntry([source("y")], ["1"]),
      keptEntry([source("x"), source("x")], ["1", "1"]),
    ];
    expect(new Set(entries).size).toBe(4);
    expect(keptEntry([source("x")], ["1"])).toBe(entries[0]);
  });

  test("is nothing where a source is not named, or a revision not known", () => {
    expect(keptEntry([source()], ["1"])).toBeNull();
    expect(keptEntry([source("x")], [""])).toBeNull();
    expect(keptEntry([source("x"), source("x")], ["1"])).toBeNull();
  });
});
