import { usualSettings } from "#core/app/settings.ts";
import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { argoDialect, argoDialectIn } from "./argo-dialect.ts";
import { application, parsed } from "./testdata/build-app.ts";
import { parseSettings, usualArgoSettings } from "./settings.ts";

const { rules } = argoDialect;

function resource(apiVersion: string, kind: string, name: string, more: Record<string, unknown> = {}): Resource {
  const { annotations, namespace, ...rest } = more;
  const metadata = { name, ...(namespace ? { namespace } : {}), ...(annotations ? { annotations } : {}) };
  return { apiVersion, kind, metadata, ...rest } as Resource;
}

const sync = (value: string) => ({ "argocd.argoproj.io/sync-options": value });
const app = parsed(application());

describe("mark() and ownerOf()", () => {
  test("write and read the vendor's tracking id", () => {
    const marked = rules.mark(resource("apps/v1", "Deployment", "web", { namespace: "shop" }), app);
    expect(marked.metadata.annotations).toEqual({
      "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web",
    });
    expect(marked.metadata.labels).toEqual({ "holdfast.dev/app": "shop" });
    expect(rules.ownerOf(marked)).toBe("app/argocd/shop");
  });
  test("track cluster-scoped objects under the app's namespace", () => {
    const marked = rules.mark(resource("rbac.authorization.k8s.io/v1", "ClusterRole", "web:reader"), app);
    const id = marked.metadata.annotations?.["argocd.argoproj.io/tracking-id"];
    expect(id).toBe("shop:rbac.authorization.k8s.io/ClusterRole:shop/web:reader");
    expect(rules.ownerOf(marked)).toBe("app/argocd/shop");
  });
  test("do not believe an id that was copied from another object", () => {
    const marked = rules.mark(resource("v1", "ConfigMap", "a", { namespace: "shop" }), app);
    expect(rules.ownerOf({ ...marked, metadata: { ...marked.metadata, name: "copy" } })).toBeNull();
    expect(rules.ownerOf({ ...marked, metadata: { ...marked.metadata, namespace: "other" } })).toBeNull();
    expect(rules.ownerOf({ ...marked, kind: "Secret" })).toBeNull();
  });
  test("name the namespace of apps outside the control namespace", () => {
    const object = application({}, { metadata: { namespace: "argocd" } });
    const elsewhere = argoDialectIn("control", {
      ...usualArgoSettings,
      access: { ...usualArgoSettings.access, namespaces: ["/^argo/"] },
    });
    const result = elsewhere.parseApp(
      object,
      (_kind, _namespace, name) => (name === "default" ? project : null),
      usualSettings("control"),
    );
    if (!result.ok) throw new Error(result.error[0]?.message);
    const marked = elsewhere.rules.mark(resource("v1", "ConfigMap", "a", { namespace: "shop" }), result.value);
    const id = marked.metadata.annotations?.["argocd.argoproj.io/tracking-id"];
    expect(id).toBe("argocd_shop:/ConfigMap:shop/a");
    expect(elsewhere.rules.ownerOf(marked)).toBe("app/argocd/shop");
  });
  test("keep the label of a long name valid and distinct", () => {
    const labelOf = (name: string) => {
      const marked = rules.mark(resource("v1", "ConfigMap", "a"), parsed(application({}, { metadata: { name } })));
      return marked.metadata.labels?.["holdfast.dev/app"] ?? "";
    };
    const [one, two] = [labelOf(`${"x".repeat(80)}1`), labelOf(`${"x".repeat(80)}2`)];
    expect(one).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
    expect(one.length).toBeLessThanOrEqual(63);
    expect(one).not.toBe(two);
  });
});

const project = resource("argoproj.io/v1alpha1", "AppProject", "default", {
  spec: {
    sourceRepos: ["*"],
    sourceNamespaces: ["argo*"],
    destinations: [{ server: "*", namespace: "*" }],
  },
});

describe("optionsOf() lets the object's own annotation win over the app's option", () => {
  const cases = [
    { app: [], own: "", want: { prune: true, deleteWithApp: true, replace: false, force: false } },
    { app: ["Prune=false", "Delete=false"], own: "", want: { prune: false, deleteWithApp: false } },
    { app: ["Prune=false"], own: "Prune=true", want: { prune: true } },
    { app: [], own: "Prune=false, Delete=false", want: { prune: false, deleteWithApp: false } },
    { app: ["Replace=true"], own: "", want: { replace: true } },
    { app: ["Replace=true"], own: "Replace=false", want: { replace: false } },
    { app: [], own: "Force=true,Replace=true", want: { force: true, replace: true } },
    { app: ["RespectIgnoreDifferences=true"], own: "", want: { leaveIgnored: true } },
  ];
  for (const { app: options, own, want } of cases) {
    test(`${options.join()} / ${own}`, () => {
      const object = resource("v1", "ConfigMap", "a", { annotations: sync(own) });
      const owner = parsed(application({ syncPolicy: { syncOptions: options } }));
      expect(rules.optionsOf(object, null, owner)).toMatchObject(want);
    });
  }
  test("what the live object forbids stays forbidden", () => {
    const live = resource("v1", "ConfigMap", "a", { annotations: sync("Prune=false") });
    expect(rules.optionsOf(resource("v1", "ConfigMap", "a"), live, app).prune).toBe(false);
  });
  test("Helm's keep outlives the app but not the source", () => {
    const object = resource("v1", "ConfigMap", "a", { annotations: { "helm.sh/resource-policy": "keep" } });
    expect(rules.optionsOf(object, null, app)).toMatchObject({ prune: true, deleteWithApp: false });
  });
  test("a skipped object is never touched, pruned or counted", () => {
    const object = resource("v1", "ConfigMap", "a", { annotations: { "argocd.argoproj.io/hook": "Skip" } });
    expect(rules.optionsOf(object, null, app)).toMatchObject({ apply: "ignore", prune: false, counted: false });
  });
  test("IgnoreExtraneous counts while the object is declared only", () => {
    const annotations = { "argocd.argoproj.io/compare-options": "IgnoreExtraneous" };
    const object = resource("v1", "ConfigMap", "a", { annotations });
    expect(rules.optionsOf(object, null, app).counted).toBe(true);
    expect(rules.optionsOf(object, object, app).counted).toBe(false);
  });
  test("ignored paths follow group, kind, name and namespace", () => {
    const owner = parsed(
      application({
        ignoreDifferences: [
          { group: "apps", kind: "*", jsonPointers: ["/spec/replicas"] },
          { group: "*", kind: "Deployment", name: "web", namespace: "shop", jsonPointers: ["/spec/paused"] },
          { kind: "ConfigMap", jsonPointers: ["/data"] },
        ],
      }),
    );
    const paths = (object: Resource) => rules.optionsOf(object, null, owner).ignoredPaths;
    expect(paths(resource("apps/v1", "Deployment", "web", { namespace: "shop" }))).toEqual([
      "/spec/replicas",
      "/spec/paused",
    ]);
    expect(paths(resource("apps/v1", "Deployment", "api", { namespace: "shop" }))).toEqual(["/spec/replicas"]);
    expect(paths(resource("v1", "ConfigMap", "a"))).toEqual(["/data"]);
    expect(paths(resource("v1", "Secret", "a"))).toEqual([]);
  });
  test("rules of aggregated roles are ignored where the installation says so", () => {
    const told = parseSettings(
      { "argocd-cm": { "resource.compareoptions": "ignoreAggregatedRoles: true" } },
      usualArgoSettings,
    );
    const ignored = (one: typeof argoDialect, more: object) =>
      one.rules.optionsOf(resource("rbac.authorization.k8s.io/v1", "ClusterRole", "a", { ...more }), null, app)
        .ignoredPaths;
    const aggregated = { aggregationRule: { clusterRoleSelectors: [] } };
    expect(ignored(argoDialectIn("argocd", told.settings), aggregated)).toEqual(["/rules"]);
    expect(ignored(argoDialectIn("argocd", told.settings), {})).toEqual([]);
    expect(ignored(argoDialect, aggregated)).toEqual([]);
  });
});

describe("stageOf()", () => {
  const wave = (value: string) => ({ "argocd.argoproj.io/sync-wave": value });
  const stage = (object: Resource, all: Resource[] = []) => rules.stageOf(object, app, [object, ...all]);
  test("orders by wave", () => {
    expect(stage(resource("v1", "ConfigMap", "a", { annotations: wave("-3") }))).toMatchObject({ phase: 0, wave: -3 });
    expect(stage(resource("v1", "ConfigMap", "a", { annotations: wave("x") })).wave).toBe(0);
  });
  test("moves a namespace before the first object in it", () => {
    const namespace = resource("v1", "Namespace", "shop", { annotations: wave("5") });
    const inside = resource("v1", "ConfigMap", "a", { namespace: "shop", annotations: wave("-2") });
    expect(stage(namespace, [inside])).toEqual({ phase: 0, wave: -2, rank: 0 });
    expect(stage(namespace, [resource("v1", "ConfigMap", "a", { namespace: "other" })]).wave).toBe(5);
  });
  test("moves a definition before its first instance and waits until it is served", () => {
    const spec = { group: "example.com", names: { kind: "Thing" } };
    const definition = resource("apiextensions.k8s.io/v1", "CustomResourceDefinition", "things.example.com", { spec });
    const instance = resource("example.com/v1", "Thing", "x", { annotations: wave("-1") });
    const key = stage(definition, [instance]);
    expect(key.wave).toBe(-1);
    expect(rules.gateAfter(key)).toBe("established");
    expect(key.rank).toBeLessThan(stage(instance).rank);
  });
  test("asks for health between waves", () => {
    expect(rules.gateAfter(stage(resource("v1", "ConfigMap", "a")))).toBe("healthy");
  });
});

test("rankOf() follows the vendor's kind order, unknown kinds last", () => {
  const kinds = ["Thing", "Ingress", "Deployment", "Service", "Secret", "ServiceAccount", "Namespace", "ConfigMap"];
  const sorted = kinds.toSorted((a, b) => rules.rankOf(resource("v1", a, "x")) - rules.rankOf(resource("v1", b, "x")));
  expect(sorted).toEqual([
    "Namespace",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "Service",
    "Deployment",
    "Ingress",
    "Thing",
  ]);
});
