import { expect, test } from "vitest";
import type { AppKey } from "#core/app/app.ts";
import { FreshLooks } from "./fresh-looks.ts";

const APP = "app/apps/web" as AppKey;

test("a look is over when every remote has answered to it, and only to it", () => {
  const looks = new FreshLooks();
  expect(looks.begin(APP, "one", 1)).toBe(true);
  expect(looks.begin(APP, "one", 1)).toBe(false);
  expect(looks.isOver(APP, "one")).toBe(false);
  expect(looks.begin(APP, "two", 2)).toBe(true);
  looks.answered(APP, "one");
  looks.answered(APP, "two");
  expect(looks.isOver(APP, "two")).toBe(false);
  looks.answered(APP, "two");
  expect(looks.isOver(APP, "two")).toBe(true);
});

test("a look that was never begun, or without remotes, keeps nobody waiting", () => {
  const looks = new FreshLooks();
  expect(looks.isOver(APP, "none")).toBe(true);
  looks.begin(APP, "one", 0);
  expect(looks.isOver(APP, "one")).toBe(true);
  looks.begin(APP, "two", 1);
  looks.delete(APP);
  expect(looks.isOver(APP, "two")).toBe(true);
});
