import { expect, test } from "vitest";
import { isFence } from "./adoption.ts";

test("isFence() holds for adopted apps that nobody had suspended before", () => {
  expect(isFence({})).toBe(false);
  expect(isFence({ "holdfast.dev/adopted": "2026-01-01T00:00:00Z false" })).toBe(true);
  expect(isFence({ "holdfast.dev/adopted": "2026-01-01T00:00:00Z" })).toBe(true);
  expect(isFence({ "holdfast.dev/adopted": "2026-01-01T00:00:00Z true" })).toBe(false);
});
