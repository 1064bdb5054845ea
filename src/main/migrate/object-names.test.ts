import { expect, test } from "vitest";
import { labelOf, ObjectNames } from "./object-names.ts";

test("labelOf() keeps a label, and makes one of anything else", () => {
  expect(labelOf("web-1")).toBe("web-1");
  expect(labelOf("Charts.Example.com/stable/")).toBe("charts-example-com-stable");
  const long = labelOf("a".repeat(80));
  expect(long).toMatch(/^a{54}-[0-9a-f]{8}$/);
  expect(labelOf(`${"a".repeat(79)}b`)).not.toBe(long);
  expect(labelOf("///")).toMatch(/^x-[0-9a-f]{8}$/);
});

test("take() gives each thing its own name, the first wish that is free, and never one too long", () => {
  const names = new ObjectNames();
  expect(names.take("a", ["web", "shop-web"])).toBe("web");
  expect(names.take("a", ["web", "shop-web"])).toBe("shop-web");
  expect(names.take("a", ["web", "shop-web"])).toBe("web-2");
  expect(names.take("b", ["web"])).toBe("web");
  const long = names.take("a", ["x".repeat(63)], "-values");
  expect([long.length, long.endsWith("-values")]).toEqual([63, true]);
});
