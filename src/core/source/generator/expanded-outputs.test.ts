import { describe, expect, test } from "vitest";
import { memoryTree } from "../memory-tree.ts";
import type { InputContent } from "./generator.ts";
import type { GeneratorRef } from "./generator-ref.ts";
import { expandedOutputs } from "./expanded-outputs.ts";

function inputs(paths: readonly string[]): ReadonlyMap<string, InputContent> {
  const tree = memoryTree(Object.fromEntries(paths.map((path) => [path, ""])));
  return new Map([["repo", { tree, revision: { text: "v1", commit: "1", refName: null } }]]);
}

function generator(value: string, name: string): GeneratorRef {
  const copies = [{ from: "@repo/apps/{app}/**", to: "@artifact/{app}/", exclude: [], strategy: "overwrite" as const }];
  return {
    kind: "generator",
    value,
    inputs: [],
    recorded: {},
    outputs: [{ name, revisionOf: null, originOf: null, copies }],
  };
}

describe("expandedOutputs()", () => {
  test("without a pattern gives what is declared", () => {
    const found = expandedOutputs(generator("", "one"), inputs([]));
    expect(found).toMatchObject({ ok: true, value: [{ name: "one", labels: {} }] });
  });

  test("fills every folder's names in: small letters in names and labels, the folder's own in paths", () => {
    const found = expandedOutputs(
      generator("@repo/apps/{app}", "x-{app}"),
      inputs(["apps/One/a", "apps/two/a", "apps/file"]),
    );
    expect(
      found.ok && found.value.map(({ name, labels, copies }) => [name, labels, copies[0]?.from, copies[0]?.to]),
    ).toEqual([
      ["x-one", { app: "one" }, "@repo/apps/One/**", "@artifact/One/"],
      ["x-two", { app: "two" }, "@repo/apps/two/**", "@artifact/two/"],
    ]);
  });

  test("names may be parts of a folder's name, in several folders", () => {
    const pattern = "@repo/apps/{app}/env-{env}";
    const found = expandedOutputs(
      generator(pattern, "{app}-{env}"),
      inputs(["apps/web/env-dev/a", "apps/web/other/a"]),
    );
    expect(found.ok && found.value.map(({ name }) => name)).toEqual(["web-dev"]);
  });

  test.each([
    ["two folders of one name", ["apps/One/a", "apps/one/a"], "x-{app}", "both resolve to artifact name"],
    ["what is no label", ["apps/.x/a"], "x-{app}", "is no label value"],
    ["what is no name", ["apps/a/a"], "{app}..x", "is no name of an object"],
  ])("refuses %s", (_what, paths, name, says) => {
    const found = expandedOutputs(generator("@repo/apps/{app}", name), inputs(paths));
    expect(found.ok ? "" : found.error).toContain(says);
  });

  test("refuses more than a thousand, and is not slowed down by names side by side", () => {
    const many = Array.from({ length: 1_001 }, (_, at) => `apps/a${at}/x`);
    const found = expandedOutputs(generator("@repo/apps/{app}", "x-{app}"), inputs(many));
    expect(found.ok ? "" : found.error).toContain("more than 1000 artifacts");
    const slow = `@repo/apps/${Array.from({ length: 60 }, (_, at) => `{a${at}}`).join("")}!`;
    const started = performance.now();
    expandedOutputs({ ...generator(slow, "x"), outputs: [] }, inputs([`apps/${"a".repeat(250)}/x`]));
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
