import { describe, expect, test } from "vitest";
import { parseLabelSelector, selectorMatches } from "./label-selector.ts";

const labels = { app: "web", "example.com/tier": "front", empty: "" };

describe("selectorMatches()", () => {
  const cases: readonly (readonly [selector: string, matches: boolean])[] = [
    ["", true],
    ["app=web", true],
    ["app==web", true],
    ["app = db", false],
    ["app!=db", true],
    ["none!=db", true],
    ["app in (db, web)", true],
    ["app in (db)", false],
    ["app notin (db,web)", false],
    ["none notin (db)", true],
    ["example.com/tier", true],
    ["none", false],
    ["!none", true],
    ["!app", false],
    ["empty=", true],
    ["app=web,example.com/tier in (front,back),!none", true],
    ["app=web,none", false],
    ["toString", false],
  ];
  for (const [selector, matches] of cases) {
    test(`${JSON.stringify(selector)} ${matches ? "selects" : "does not select"}`, () => {
      const parsed = parseLabelSelector(selector);
      expect(parsed.ok && selectorMatches(parsed.value, labels)).toBe(matches);
    });
  }
});

test("parseLabelSelector() names the part that is no requirement", () => {
  for (const text of ["app=web,=x", "a b", "app in web", "(a)", "a=b c"]) {
    const parsed = parseLabelSelector(text);
    expect([text, parsed.ok ? "" : parsed.error]).toEqual([text, expect.stringContaining("is no requirement")]);
  }
});
