import { usualSettings } from "#core/app/settings.ts";
import { describe, expect, test } from "vitest";
import type { App } from "#core/app/app.ts";
import type { PrepareContext } from "#core/app/dialect.ts";
import type { Resource } from "#core/resource/resource.ts";
import { fluxDialect } from "./flux-dialect.ts";
import { parseKustomization } from "./parse-kustomization.ts";
import { captured } from "./testdata/captured.ts";
import { revision } from "./testdata/reports.ts";

const { rules } = fluxDialect;
const ok = app(captured("kustomization-ok"));

describe("order", () => {
  test("definitions, then classes, then the rest, each in upstream's order of kinds", () => {
    const objects = [
      object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
      object("example.com/v1", "Widget"),
      object("apps/v1", "Deployment"),
      object("v1", "Service"),
      object("v1", "ServiceAccount"),
      object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
      object("storage.k8s.io/v1", "StorageClass"),
      object("rbac.authorization.k8s.io/v1", "ClusterRole"),
      object("v1", "Namespace"),
      object("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ];
    const phase = (resource: Resource) => rules.stageOf(resource, ok, objects).phase;
    const sorted = objects.toSorted((a, b) => phase(a) - phase(b) || rules.rankOf(a) - rules.rankOf(b));
    expect(sorted).toEqual(objects.toReversed());
    expect(sorted.map(phase)).toEqual([1, 1, 1, 2, 4, 4, 4, 4, 4, 4]);
  });

  test("a stage of definitions waits for its APIs, one of classes for health, the rest for nothing", () => {
    const gate = (apiVersion: string, kind: string) => rules.gateAfter(rules.stageOf(object(apiVersion, kind), ok, []));
    expect(gate("v1", "Namespace")).toBe("established");
    expect(gate("networking.k8s.io/v1", "IngressClass")).toBe("healthy");
    expect(gate("v1", "ConfigMap")).toBe("none");
  });
});

describe("optionsOf()", () => {
  const cases = [
    { name: "nothing", set: {}, live: null, want: { apply: "apply", prune: true, force: false, counted: true } },
    { name: "ssa: merge in any case", set: { ssa: "mErGe" }, live: null, want: { apply: "merge" } },
    {
      name: "ssa: IfNotPresent, absent",
      set: { ssa: "IfNotPresent" },
      live: null,
      want: { apply: "if-absent", counted: true },
    },
    {
      name: "ssa: IfNotPresent, present",
      set: { ssa: "IfNotPresent" },
      live: {},
      want: { apply: "if-absent", counted: false },
    },
    { name: "ssa: Ignore", set: { ssa: "Ignore" }, live: {}, want: { apply: "ignore", prune: false, counted: false } },
    {
      name: "reconcile: disabled on the live object",
      set: {},
      live: { reconcile: "Disabled" },
      want: { apply: "ignore", deleteWithApp: false },
    },
    {
      name: "prune: disabled on the live object",
      set: {},
      live: { prune: "disabled" },
      want: { apply: "apply", prune: false, deleteWithApp: false },
    },
    { name: "force: enabled", set: { force: "Enabled" }, live: {}, want: { force: true } },
    { name: "another value", set: { force: "yes", prune: "enabled" }, live: {}, want: { force: false, prune: true } },
  ];
  for (const { name, set, live, want } of cases) {
    for (const place of ["labels", "annotations"] as const) {
      test(`${name}, as ${place}`, () => {
        const present = live === null ? null : steered(live, place);
        expect(rules.optionsOf(steered(set, place), present, ok)).toMatchObject(want);
      });
    }
  }

  test("a forced app forces every object", () => {
    const forced = { ...ok, policy: { ...ok.policy, force: true } };
    expect(rules.optionsOf(steered({}, "labels"), null, forced).force).toBe(true);
  });
});

describe("ownership", () => {
  test("objects carry the labels that Flux gives them, and belong to the app they name", () => {
    const marked = rules.mark(object("v1", "ConfigMap"), ok);
    expect(marked.metadata.labels).toEqual({
      "kustomize.toolkit.fluxcd.io/name": "ok",
      "kustomize.toolkit.fluxcd.io/namespace": "cap-flux",
    });
    expect(rules.ownerOf(marked)).toBe(ok.key);
    expect(rules.ownerOf(captured("object-deployment-web"))).toBe(ok.key);
    expect(rules.ownerOf(object("v1", "ConfigMap"))).toBeNull();
  });
});

describe("prepare()", () => {
  const context: PrepareContext = {
    app: ok,
    scopeOf: ({ kind }) => (kind === "Namespace" ? "cluster" : kind === "Widget" ? "unknown" : "namespaced"),
    lookup: () => null,
    settings: usualSettings("flux-system"),
  };
  const prepare = (...resources: readonly Resource[]) => fluxDialect.prepare(resources, context);

  test("adds the common metadata over what is there", () => {
    const config = object("v1", "ConfigMap", { namespace: "a", labels: { team: "b", app: "web" } });
    expect(prepare(config).resources[0]?.metadata.labels).toEqual({ team: "a", app: "web" });
  });

  test("refuses a namespaced object without a namespace, and waits for kinds that are unknown", () => {
    const { refusals } = prepare(object("v1", "ConfigMap"), object("example.com/v1", "Widget"));
    expect(refusals.map(({ message }) => message)).toEqual([
      "ConfigMap/x namespace not specified: the server could not find the requested resource",
    ]);
  });

  test("drops the namespace of cluster-scoped objects", () => {
    expect(prepare(object("v1", "Namespace", { namespace: "a" })).resources[0]?.metadata.namespace).toBeUndefined();
  });

  test("refuses a Secret that is still encrypted, unless told that it stays so", () => {
    const secret = { ...object("v1", "Secret", { namespace: "a" }), sops: { mac: "x" } };
    expect(prepare(secret).refusals.map(({ message }) => message)).toEqual([
      "Secret/a/x is SOPS encrypted, configuring decryption is required for this secret to be reconciled",
    ]);
    const annotations = { "kustomize.toolkit.fluxcd.io/decrypt": "Disabled" };
    expect(prepare({ ...secret, metadata: { ...secret.metadata, annotations } }).refusals).toEqual([]);
    expect(prepare({ ...secret, kind: "ConfigMap" }).refusals).toEqual([]);
  });
});

describe("dependencyProblem()", () => {
  const dependent = app(captured("kustomization-dep"));
  const key = ok.key;
  const problem = (dependency: Resource | null, text = revision.text) =>
    fluxDialect.dependencyProblem(dependent, dependency, key, { ...revision, text });

  test("a ready dependency at our revision is none", () => {
    expect(problem(captured("kustomization-ok"))).toBeNull();
  });

  test("one that does not exist, is not observed or not ready is", () => {
    expect(problem(null)).toBe(
      "dependency 'cap-flux/ok' not found: kustomizations.kustomize.toolkit.fluxcd.io \"ok\" not found",
    );
    const ready = captured("kustomization-ok");
    const edited = { ...ready, metadata: { ...ready.metadata, generation: 2 } };
    for (const dependency of [edited, captured("kustomization-bad-yaml"), { ...ready, status: {} }]) {
      expect(problem(dependency)).toBe("dependency 'cap-flux/ok' is not ready");
    }
  });

  test("one behind our revision is, but only when it follows our source", () => {
    const ready = captured("kustomization-ok");
    expect(problem(ready, "main@sha1:1111")).toBe("dependency 'cap-flux/ok' revision is not up to date");
    const spec = { ...(ready["spec"] as object), sourceRef: { kind: "GitRepository", name: "other" } };
    expect(problem({ ...ready, spec }, "main@sha1:1111")).toBeNull();
  });
});

describe("restore()", () => {
  test("reads back revisions and the inventory, RBAC names included", () => {
    const restored = fluxDialect.restore(captured("kustomization-ok"));
    expect(restored).toMatchObject({
      applied: { text: revision.text, commit: revision.commit },
      isCurrent: true,
    });
    expect(restored.inventory).toHaveLength(5);
    expect(restored.inventory[0]).toEqual({
      id: { group: "rbac.authorization.k8s.io", kind: "ClusterRole", namespace: "", name: "web:reader" },
      version: "v1",
    });
    expect(restored.inventory[4]?.id).toEqual({
      group: "apps",
      kind: "Deployment",
      namespace: "cap-target",
      name: "web",
    });
  });

  test("an object without a status has nothing to tell, and neither has nonsense", () => {
    for (const status of [
      undefined,
      { inventory: { entries: [1, { id: "a_b" }, { id: "___" }] }, lastAppliedRevision: 4 },
    ]) {
      expect(fluxDialect.restore({ ...captured("kustomization-ok"), status })).toEqual({
        applied: null,
        attempted: null,
        handledToken: null,
        inventory: [],
        release: null,
        sync: null,
        isCurrent: false,
      });
    }
  });
});

function app(resource: Resource): App {
  const parsed = parseKustomization(resource, usualSettings("flux-system"));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

function object(apiVersion: string, kind: string, metadata: object = {}): Resource {
  return { apiVersion, kind, metadata: { name: "x", ...metadata } };
}

function steered(options: object, place: "labels" | "annotations"): Resource {
  const set = Object.entries(options).map(([name, value]) => [`kustomize.toolkit.fluxcd.io/${name}`, value as string]);
  return object("v1", "ConfigMap", { namespace: "a", [place]: Object.fromEntries(set) as object });
}
