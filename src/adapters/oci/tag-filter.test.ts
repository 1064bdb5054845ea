import { describe, expect, test } from "vitest";
import { OciError } from "./oci-error.ts";
import { filteredTags } from "./tag-filter.ts";

describe("filteredTags()", () => {
  const tags = ["main-1", "main-2-rc", "MAIN-3", "v1.0.0"];
  const cases = [
    { pattern: "rc", want: ["main-2-rc"] },
    { pattern: "^main-[0-9]+$", want: ["main-1"] },
    { pattern: "(?i)^main-\\d$", want: ["main-1", "MAIN-3"] },
    { pattern: "(?P<branch>main)-(?P<number>[[:digit:]])", want: ["main-1", "main-2-rc"] },
    { pattern: "\\Av1.*\\z", want: ["v1.0.0"] },
    { pattern: "", want: tags },
  ];
  for (const { pattern, want } of cases) {
    test(`matches ${pattern}`, () => expect(filteredTags(pattern, tags)).toEqual(want));
  }

  test("refuses what is no regular expression", () => {
    expect(() => filteredTags("(", tags)).toThrow(OciError);
    expect(() => filteredTags("(", tags)).toThrow('Cannot filter tags by "(": it is no regular expression');
    expect(() => filteredTags("a".repeat(2_000), tags)).toThrow("it is no regular expression");
  });
});
