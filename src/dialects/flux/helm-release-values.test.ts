import { describe, expect, test } from "vitest";
import { type App, type Reference, type ReferencedData, referenceKey } from "#core/app/app.ts";
import type { RenderSpec } from "#core/app/render-spec.ts";
import { usualSettings } from "#core/app/settings.ts";
import type { Result } from "#core/result.ts";
import { fluxHelmDialect } from "./flux-helm-dialect.ts";

const held: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "ConfigMap/shop/base": { "values.yaml": "a: 1", prod: "a: 2" },
  "Secret/shop/token": { token: "{x,y}", quoted: "'007'", "": "" },
};

describe("completeRender()", () => {
  test("documents in their order, then the release's own values, then values at their paths", () => {
    const parts = partsOf({
      values: { a: null },
      valuesFrom: [
        { kind: "Secret", name: "token", valuesKey: "token", targetPath: "auth.token", literal: true },
        { kind: "ConfigMap", name: "base" },
        { kind: "Secret", name: "token", valuesKey: "quoted", targetPath: "auth.pin" },
        { kind: "ConfigMap", name: "base", valuesKey: "prod" },
      ],
    });
    expect(parts).toEqual([
      { name: "ConfigMap/base", yaml: "a: 1" },
      { name: "ConfigMap/base", yaml: "a: 2" },
      { name: "spec.values", object: { a: null } },
      { name: "Secret/token", set: { path: "auth.token", value: "{x,y}", as: "file" } },
      { name: "Secret/token", set: { path: "auth.pin", value: "007", as: "string" } },
    ]);
  });

  test("what is optional may be missing, object or entry", () => {
    const optional = true;
    const valuesFrom = [
      { kind: "ConfigMap", name: "none", optional },
      { kind: "ConfigMap", name: "base", valuesKey: "none", optional },
      { kind: "ConfigMap", name: "base", valuesKey: "constructor", optional },
    ];
    expect(partsOf({ valuesFrom })).toEqual([{ name: "spec.values", object: {} }]);
  });

  const refusals = [
    {
      from: { kind: "Secret", name: "none" },
      says: `could not resolve Secret chart values reference 'shop/none' with key 'values.yaml': secrets "none" not found`,
    },
    {
      from: { kind: "ConfigMap", name: "none", valuesKey: "k" },
      says: `could not resolve ConfigMap chart values reference 'shop/none' with key 'k': configmaps "none" not found`,
    },
    {
      from: { kind: "Secret", name: "token" },
      says: "could not resolve Secret chart values reference 'shop/token' with key 'values.yaml': key not found",
    },
  ];
  for (const { from, says } of refusals) {
    test(says, () => {
      expect(completed({ valuesFrom: [from] })).toEqual({ ok: false, error: says });
    });
  }

  test("what else is rendered stays as it is", () => {
    const other: RenderSpec = { kind: "directory", recurse: true, include: "", exclude: "" };
    expect(fluxHelmDialect.completeRender(app({}), other, find)).toEqual({ ok: true, value: other });
  });
});

function partsOf(spec: object): unknown {
  const result = completed(spec);
  if (!result.ok || result.value.kind !== "chart") throw new Error(JSON.stringify(result));
  return result.value.values;
}

function completed(spec: object): Result<RenderSpec, string> {
  const parsed = app(spec);
  return fluxHelmDialect.completeRender(parsed, parsed.sources[0]!.render, find);
}

function find(reference: Reference): ReferencedData | null {
  const text = held[referenceKey(reference)];
  return text ? { text, base64: {} } : null;
}

function app(spec: object): App {
  const metadata = { name: "web", namespace: "shop", generation: 1 };
  const chartRef = { kind: "HelmChart", name: "podinfo" };
  const parsed = fluxHelmDialect.parseApp(
    {
      apiVersion: "helm.toolkit.fluxcd.io/v2",
      kind: "HelmRelease",
      metadata,
      spec: { interval: "1m", chartRef, ...spec },
    },
    () => null,
    usualSettings("flux-system"),
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}
