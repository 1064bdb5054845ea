import { expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { isSameContent } from "./same-content.ts";

const map = (name: string, metadata: object = {}, data: object = { a: "1" }): Resource => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...metadata },
  data,
});
const added = new Set(["mark"]);

test("isSameContent() compares whatever the order, without the labels that are added and what is empty", () => {
  const stored = [map("a"), map("b", { labels: { own: "1" }, annotations: {} })];
  const rendered = [map("b", { labels: { own: "1", mark: "x" } }), map("a", { labels: { mark: "x" } })];
  expect(isSameContent(rendered, stored, added)).toBe(true);
});

test("isSameContent() sees every other difference", () => {
  const stored = [map("a"), map("b")];
  expect(isSameContent([map("a")], stored, added)).toBe(false);
  expect(isSameContent([map("a"), map("c")], stored, added)).toBe(false);
  expect(isSameContent([map("a"), map("b", {}, { a: "2" })], stored, added)).toBe(false);
  expect(isSameContent([map("a"), map("b", { labels: { own: "1" } })], stored, added)).toBe(false);
  expect(isSameContent([map("a"), map("b", { annotations: { own: "1" } })], stored, added)).toBe(false);
});
