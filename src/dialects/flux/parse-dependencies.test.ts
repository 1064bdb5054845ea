import { describe, expect, test } from "vitest";
import { usualSettings } from "#core/app/settings.ts";
import type { Problem } from "#core/result.ts";
import { dependenciesOf, type DependencyEntry } from "./parse-dependencies.ts";

const settings = usualSettings("control");

function parsed(entry: DependencyEntry, ownNamespaceOnly = false) {
  const problems: Problem[] = [];
  const own = { short: "ks", namespace: "a", settings: { ...settings, ownNamespaceOnly } };
  return { dependencies: dependenciesOf([entry], own, problems), problems };
}

describe("dependenciesOf()", () => {
  test("means the own kind and namespace where none is given, and takes the other kind of app for an app", () => {
    expect(parsed({ name: "x" }).dependencies).toEqual([{ on: "app", key: "ks/a/x", readyExpression: null }]);
    const release = { apiVersion: "helm.toolkit.fluxcd.io/v2", kind: "HelmRelease", name: "x", namespace: "b" };
    expect(parsed({ ...release, readyExpr: "true" }).dependencies).toEqual([
      { on: "app", key: "hr/b/x", readyExpression: "true" },
    ]);
  });

  test("takes any other kind for an object, which needs its API version", () => {
    const claim = { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "x" };
    expect(parsed(claim).dependencies).toEqual([{ on: "object", ...claim, namespace: "a", readyExpression: null }]);
    expect(parsed({ kind: "Deployment", name: "x" }).problems).toEqual([
      { path: "spec.dependsOn[0].apiVersion", message: "is needed with kind Deployment" },
    ]);
  });

  test("looks into no other namespace where that is blocked, but for apps", () => {
    const map = { apiVersion: "v1", kind: "ConfigMap", name: "x", namespace: "b" };
    expect(parsed(map, true).problems[0]?.message).toBe(
      "can't access 'ConfigMap/b/x', cross-namespace references have been blocked",
    );
    expect(parsed({ name: "x", namespace: "b" }, true).problems).toEqual([]);
  });
});
