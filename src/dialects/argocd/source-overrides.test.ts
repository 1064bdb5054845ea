import { describe, expect, test } from "vitest";
import { overriddenSource, overrideFiles } from "./source-overrides.ts";

const fields = {
  repoURL: "https://git.example/shop",
  path: "deploy",
  targetRevision: "main",
  kustomize: { namePrefix: "a-", images: ["web:1"] },
};

test("override files are for every app at the path, then for one", () => {
  expect(overrideFiles("deploy/web", "shop")).toEqual([
    "deploy/web/.argocd-source.yaml",
    "deploy/web/.argocd-source-shop.yaml",
  ]);
  expect(overrideFiles("", "team_shop")).toEqual([".argocd-source.yaml", ".argocd-source-team_shop.yaml"]);
});

describe("overriddenSource()", () => {
  test("merges maps, replaces lists and removes what is null, one file after the other", () => {
    const merged = overriddenSource(fields, [
      ["a.yaml", "kustomize:\n  images: [web:2]\n  nameSuffix: -b\n"],
      ["b.yaml", "kustomize:\n  images: [web:3]\n  namePrefix: null\n"],
    ]);
    expect(merged).toEqual({ ok: true, value: { ...fields, kustomize: { images: ["web:3"], nameSuffix: "-b" } } });
  });

  test("leaves the place of a source alone", () => {
    const text = "repoURL: https://evil.example/x\npath: other\ntargetRevision: v1\nchart: x\n";
    expect(overriddenSource(fields, [["a.yaml", text]])).toEqual({ ok: true, value: fields });
  });

  test("takes an empty file for nothing", () => {
    expect(overriddenSource(fields, [["a.yaml", "# nothing\n"]])).toEqual({ ok: true, value: fields });
  });

  const refusals: [string, string, RegExp][] = [
    ["no YAML", "a: [1", /^a\.yaml: .*line 1/],
    ["no map", "- a\n", /^a\.yaml: it is no map$/],
    ["a wrong type", "kustomize: {images: web}\n", /^a\.yaml\.kustomize\.images must be array$/],
    ["what grows without end", `a: &a [x]\n${"b: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"}`, /^a\.yaml: /],
  ];
  for (const [name, text, want] of refusals) {
    test(`refuses ${name} by the file's name`, () => {
      const merged = overriddenSource(fields, [["a.yaml", text]]);
      expect(merged.ok ? "" : merged.error).toMatch(want);
    });
  }
});
