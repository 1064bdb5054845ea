import { describe, expect, test } from "vitest";
import { highestTag, nearestTags, ociRefProblem } from "./oci-ref.ts";

describe("highestTag()", () => {
  const cases = [
    { name: "compares versions, not text", range: "*", tags: ["1.9.0", "1.10.0", "1.2.0"], want: "1.10.0" },
    { name: "gives the tag as it is written", range: ">=1", tags: ["v1.0.0"], want: "v1.0.0" },
    { name: "skips tags that are no full version", range: "*", tags: ["latest", "2", "2.1", "1.0.0"], want: "1.0.0" },
    { name: "leaves pre-releases out", range: "*", tags: ["1.0.0", "2.0.0-rc.1"], want: "1.0.0" },
    { name: "takes a pre-release where one is named", range: ">=2.0.0-0", tags: ["2.0.0-rc.1"], want: "2.0.0-rc.1" },
    {
      name: "takes the same of two that are equal, in either order",
      range: "*",
      tags: ["v1.0.0", "1.0.0"],
      want: "v1.0.0",
    },
    {
      name: "takes the same of two that are equal, in the other order",
      range: "*",
      tags: ["1.0.0", "v1.0.0"],
      want: "v1.0.0",
    },
  ];
  for (const { name, range, tags, want } of cases) {
    test(name, () => expect(highestTag(range, tags)).toEqual({ ok: true, value: want }));
  }

  test("reads tags of charts with the plus that no tag may hold", () => {
    const tags = ["1.0.0", "1.1.0_5", "1.1.0_4"];
    expect(highestTag("1.x", tags)).toEqual({ ok: true, value: "1.0.0" });
    expect(highestTag("1.x", tags, true)).toEqual({ ok: true, value: "1.1.0_5" });
  });

  test("says why there is none", () => {
    const error = (range: string, tags: readonly string[]) => {
      const selection = highestTag(range, tags);
      return selection.ok ? undefined : selection.error;
    };
    expect(error(">=2", ["1.0.0"])).toEqual({
      code: "ref-not-found",
      message: 'Cannot find a tag in the range ">=2": none of 1 tags fits',
    });
    expect(error("*", [])?.message).toContain("there are no tags");
    expect(error("a range", ["1.0.0"])?.code).toBe("invalid-ref");
  });
});

describe("ociRefProblem()", () => {
  const digest = `sha256:${"0a".repeat(32)}`;
  const cases = [
    { kind: "tag", value: "v1.2_3-x", problem: undefined },
    { kind: "tag", value: "a/b", problem: "as a tag" },
    { kind: "tag", value: "..", problem: "as a tag" },
    { kind: "tag", value: "x?y=1", problem: "as a tag" },
    { kind: "tag", value: "x".repeat(129), problem: "as a tag" },
    { kind: "digest", value: digest, problem: undefined },
    { kind: "digest", value: digest.toUpperCase(), problem: "as a digest" },
    { kind: "digest", value: "sha256:12", problem: "as a digest" },
    { kind: "semver", value: ">=1 <2", problem: undefined },
    { kind: "semver", value: "one", problem: "as a version range" },
  ] as const;
  for (const { kind, value, problem } of cases) {
    test(`${problem === undefined ? "takes" : "refuses"} the ${kind} ${value.slice(0, 20)}`, () => {
      if (problem === undefined) expect(ociRefProblem({ kind, value })).toBeUndefined();
      else expect(ociRefProblem({ kind, value })).toContain(problem);
    });
  }
});

test("nearestTags() gives the three that read most alike", () => {
  expect(nearestTags("prodution", ["staging", "production", "prod", "produce"])).toEqual([
    '"production"',
    '"produce"',
    '"prod"',
  ]);
  expect(nearestTags("x", [])).toEqual([]);
});
