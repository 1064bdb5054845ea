import { describe, expect, test } from "vitest";
import type { AppKey } from "#core/app/app.ts";
import type { Resource } from "#core/resource/resource.ts";
import { circleNotices, circleOf } from "./app-circle.ts";
import type { AppState } from "./app-state.ts";

const key = (name: string) => `app/apps/${name}` as AppKey;

/** What is found for an app where each app is owned by the one that `owners` names. */
function found(name: string, owners: Readonly<Record<string, string>>) {
  const objectOf = (asked: AppKey): Resource | null => {
    const own = asked.slice("app/apps/".length);
    return { apiVersion: "v1", kind: "App", metadata: { name: own, labels: { owner: owners[own] ?? "" } } };
  };
  const rules = {
    ownerOf: ({ metadata }: Resource) => (metadata.labels?.["owner"] ? key(metadata.labels["owner"]) : null),
    circleText: (apps: readonly AppKey[]) => `circle of ${apps.length}`,
  };
  const state = { app: { key: key(name) }, dialect: { rules } } as unknown as AppState;
  return { circle: circleOf({ objectOf }, state), notices: circleNotices({ objectOf }, state) };
}

describe("circleOf()", () => {
  test("finds the apps above that are below too", () => {
    expect(found("a", { a: "b", b: "c", c: "a" }).circle).toEqual([key("a"), key("b"), key("c")]);
    expect(found("a", { a: "b", b: "a" }).notices).toEqual([
      { kind: "circle", message: "circle of 2", apps: [key("a"), key("b")] },
    ]);
  });

  const none: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ["nobody above", {}],
    ["an app that holds itself", { a: "a" }],
    ["parents in a row", { a: "b", b: "c" }],
    ["a circle above", { a: "b", b: "c", c: "b" }],
  ];
  for (const [name, owners] of none) {
    test(`takes ${name} for none`, () => {
      expect(found("a", owners)).toEqual({ circle: [], notices: [] });
    });
  }
});
