import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import { ignoredPathsOf, parseIgnoreRules } from "./ignore-rules.ts";

const web: Resource = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "shop", labels: { tier: "front" }, annotations: { scaled: "yes" } },
};
const paths = ["/spec/replicas"];

describe("ignoredPathsOf()", () => {
  const targets: readonly (readonly [target: Record<string, string> | undefined, matches: boolean])[] = [
    [undefined, true],
    [{}, true],
    [{ kind: "Deployment" }, true],
    [{ kind: "Deploy" }, false],
    [{ kind: "Deployment|StatefulSet", group: "apps", version: "v1" }, true],
    [{ name: "w.*", namespace: "shop" }, true],
    [{ name: "eb" }, false],
    [{ namespace: "other" }, false],
    [{ labelSelector: "tier in (front, back)" }, true],
    [{ labelSelector: "tier=back" }, false],
    [{ annotationSelector: "scaled=yes" }, true],
    [{ kind: "Deployment", annotationSelector: "!scaled" }, false],
  ];
  for (const [target, matches] of targets) {
    test(`${JSON.stringify(target)} ${matches ? "concerns" : "does not concern"} the object`, () => {
      const rules = parseIgnoreRules([{ paths, ...(target && { target }) }], []);
      expect(ignoredPathsOf(rules, web)).toEqual(matches ? paths : []);
    });
  }

  test("the paths of several rules add up", () => {
    expect(ignoredPathsOf(parseIgnoreRules([{ paths }, { paths: ["/data/a"] }], []), web)).toEqual([
      ...paths,
      "/data/a",
    ]);
  });
});

test("parseIgnoreRules() names what cannot be used", () => {
  const rules = [
    { paths: ["spec/replicas"], target: { name: "(" } },
    { paths, target: { labelSelector: "a b", kind: "x".repeat(2_000) } },
  ];
  const problems: Problem[] = [];
  parseIgnoreRules(rules, problems);
  expect(problems.map(({ path }) => path)).toEqual([
    "spec.ignore[0].paths[0]",
    "spec.ignore[0].target.name",
    "spec.ignore[1].target.kind",
    "spec.ignore[1].target.labelSelector",
  ]);
});
