import { usualSettings } from "#core/app/settings.ts";
import { describe, expect, test } from "vitest";
import type { Lookup } from "#core/app/dialect.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { argoDialect } from "./argo-dialect.ts";
import { application, nothing, parsed, projectLookup } from "./testdata/build-app.ts";

const CLUSTER = new Set(["Namespace", "ClusterRole"]);

function prepare(resources: Resource[], spec: Record<string, unknown> = {}, lookup: Lookup = nothing) {
  return argoDialect.prepare(resources, {
    app: parsed(application(spec), lookup),
    scopeOf: ({ kind }) => (kind === "Thing" ? "unknown" : CLUSTER.has(kind) ? "cluster" : "namespaced"),
    lookup,
    settings: usualSettings("argocd"),
  });
}

function object(kind: string, name: string, metadata: Record<string, unknown> = {}): Resource {
  return { apiVersion: "v1", kind, metadata: { name, ...metadata } };
}

test("prepare() gives namespaced objects the destination's namespace and takes it from others", () => {
  const { resources, refusals } = prepare([
    object("ConfigMap", "a"),
    object("ConfigMap", "b", { namespace: "other" }),
    object("ClusterRole", "c", { namespace: "other" }),
    object("Thing", "d"),
  ]);
  expect(refusals).toEqual([]);
  expect(resources.map(keyOf)).toEqual(["/ConfigMap/shop/a", "/ConfigMap/other/b", "/ClusterRole//c", "/Thing/shop/d"]);
});

test("prepare() refuses a namespaced object that nobody gives a namespace", () => {
  const { refusals } = prepare([object("ConfigMap", "a")], {
    destination: { server: "https://kubernetes.default.svc" },
  });
  expect(refusals.map(({ message }) => message)).toEqual(["Namespace for a /v1, Kind=ConfigMap is missing."]);
});

describe("prepare() and hooks", () => {
  test("lets them through, without a name where one is generated", () => {
    const annotations = { "argocd.argoproj.io/hook": "PreSync" };
    const nameless = object("ConfigMap", "", { annotations });
    const { refusals } = prepare([
      object("ConfigMap", "a", { annotations }),
      { ...nameless, metadata: { ...nameless.metadata, generateName: "b-" } },
    ]);
    expect(refusals).toEqual([]);
  });
  test("refuses a moment that does not exist, and names it", () => {
    const { refusals } = prepare([object("ConfigMap", "a", { annotations: { "argocd.argoproj.io/hook": "Typo" } })]);
    expect(refusals.map(({ message }) => message)).toEqual([
      'ConfigMap shop/a: annotation argocd.argoproj.io/hook: there is no hook "Typo"; ' +
        "there are PreSync, Sync, PostSync, SyncFail, PreDelete, PostDelete and Skip",
    ]);
  });
  test("leaves those out that are of an excluded kind, which no project would judge", () => {
    const annotations = { "argocd.argoproj.io/hook": "PreSync" };
    const { resources, warnings } = prepare([object("Event", "a", { annotations }), object("Event", "b")]);
    expect(resources.map(keyOf)).toEqual(["/Event/shop/b"]);
    expect(warnings.map(({ kind }) => kind)).toEqual(["excluded", "excluded"]);
  });
  test("warns of a policy and of a wave that mean nothing", () => {
    const annotations = {
      "argocd.argoproj.io/hook": "PreSync",
      "argocd.argoproj.io/hook-delete-policy": "Never",
      "argocd.argoproj.io/sync-wave": "first",
    };
    const { refusals, warnings } = prepare([object("ConfigMap", "a", { annotations })]);
    expect(refusals).toEqual([]);
    expect(warnings.map(({ message }) => message)).toEqual([
      'ConfigMap shop/a: annotation argocd.argoproj.io/hook-delete-policy: there is no policy "Never"',
      'ConfigMap shop/a: annotation argocd.argoproj.io/sync-wave: "first" is not a whole number; wave 0 is used',
    ]);
  });
  for (const annotations of [{ "argocd.argoproj.io/hook": "Skip" }, { "helm.sh/hook": "crd-install" }]) {
    test(`${JSON.stringify(annotations)} is none`, () => {
      expect(prepare([object("ConfigMap", "a", { annotations })]).refusals).toEqual([]);
    });
  }
});

test("prepare() holds every object to the project in the vendor's words", () => {
  const lookup = projectLookup("narrow", {
    sourceRepos: ["*"],
    destinations: [{ server: "*", namespace: "shop" }],
    namespaceResourceBlacklist: [{ group: "", kind: "Secret" }],
  });
  const { refusals } = prepare(
    [
      object("Secret", "a"),
      { ...object("ClusterRole", "b"), apiVersion: "rbac.authorization.k8s.io/v1" },
      object("ConfigMap", "c", { namespace: "kube-system" }),
      object("ConfigMap", "d"),
    ],
    { project: "narrow" },
    lookup,
  );
  expect(refusals.map(({ message }) => message)).toEqual([
    "resource :Secret is not permitted in project narrow: spec.namespaceResourceBlacklist[0] denies it",
    "resource rbac.authorization.k8s.io:ClusterRole is not permitted in project narrow: no entry of spec.clusterResourceWhitelist matches",
    "namespace kube-system is not permitted in project 'narrow': no entry of spec.destinations matches",
  ]);
});

describe("prepare() makes the namespace that CreateNamespace asks for", () => {
  const spec = { syncPolicy: { syncOptions: ["CreateNamespace=true"] } };
  test("first of all, created only and never deleted or counted", () => {
    const { resources } = prepare([object("ConfigMap", "a")], spec);
    const [namespace] = resources;
    if (!namespace) throw new Error("no object");
    const app = parsed(application(spec));
    expect(keyOf(namespace)).toBe("/Namespace//shop");
    const marked = argoDialect.rules.mark(namespace, app);
    expect(argoDialect.rules.ownerOf(marked)).toBeNull();
    expect(argoDialect.rules.optionsOf(marked, null, app)).toMatchObject({
      apply: "if-absent",
      prune: false,
      deleteWithApp: false,
      counted: false,
    });
    expect(argoDialect.rules.stageOf(marked, app, resources).phase).toBe(-2);
  });
  test("not when the source declares it", () => {
    expect(prepare([object("Namespace", "shop")], spec).resources).toHaveLength(1);
  });
  test("not when nobody asks, nor where the project allows none", () => {
    expect(prepare([object("ConfigMap", "a")]).resources).toHaveLength(1);
    const lookup = projectLookup("narrow", { sourceRepos: ["*"], destinations: [{ server: "*", namespace: "*" }] });
    expect(prepare([object("ConfigMap", "a")], { ...spec, project: "narrow" }, lookup).resources).toHaveLength(1);
  });
});

test("prepare() warns of options without effect", () => {
  const annotated = (value: string) =>
    object("ConfigMap", "a", { annotations: { "argocd.argoproj.io/sync-options": value } });
  const typo = prepare([annotated("Purne=false")]);
  expect(typo.warnings[0]?.message).toContain('ConfigMap shop/a: sync option "Purne=false"');
  expect(typo.refusals).toEqual([]);
  const whole = prepare([object("ConfigMap", "a")], {
    syncPolicy: { syncOptions: ["Validate=false", "Valid=true", "ServerSideApply=false"] },
  });
  expect(whole.warnings.map(({ message }) => message)).toEqual([
    'sync option "Valid=true" in spec.syncPolicy.syncOptions has no effect',
    "sync option ServerSideApply=false in spec.syncPolicy.syncOptions: objects are always applied by the server",
  ]);
});
