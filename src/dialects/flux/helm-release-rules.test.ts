import { describe, expect, test } from "vitest";
import type { App } from "#core/app/app.ts";
import type { PrepareContext } from "#core/app/dialect.ts";
import { usualSettings } from "#core/app/settings.ts";
import { noReleaseMemory } from "#core/release/release-memory.ts";
import type { Resource } from "#core/resource/resource.ts";
import { fluxHelmDialect } from "./flux-helm-dialect.ts";
import { captured } from "./testdata/captured.ts";

const { rules } = fluxHelmDialect;
const settings = usualSettings("flux-system");
const good = app(captured("helmrelease-good-upgraded"));

describe("order", () => {
  test("everything in one stage, in the order of kinds in which Helm installs", () => {
    const kinds = ["Widget", "Job", "Deployment", "Service", "ClusterRole", "ConfigMap", "Secret", "Namespace"];
    const objects = kinds.map((kind) => object(kind));
    expect(new Set(objects.map((one) => JSON.stringify(rules.stageOf(one, good, objects)))).size).toBe(1);
    expect(rules.gateAfter(rules.stageOf(objects[0]!, good, objects))).toBe("none");
    expect(objects.toSorted((a, b) => rules.rankOf(a) - rules.rankOf(b)).map(({ kind }) => kind)).toEqual(
      kinds.toReversed(),
    );
  });
});

describe("ownership", () => {
  test("objects get the marks that Flux and Helm give them, and belong to the release they name", () => {
    const live = captured("object-deployment-good");
    const { labels = {}, annotations = {} } = rules.mark(object("Deployment"), good).metadata;
    const { "deployment.kubernetes.io/revision": _revision, ...marks } = live.metadata.annotations ?? {};
    expect(labels).toEqual(live.metadata.labels);
    expect(annotations).toEqual(marks);
    expect(rules.ownerOf(live)).toBe(good.key);
    expect(rules.ownerOf(object("Deployment"))).toBeNull();
    expect(rules.selector).toBe("helm.toolkit.fluxcd.io/name");
  });

  test("writes as the manager that the captured objects name, for objects and status", () => {
    const writers = (name: string) => (captured(name).metadata.managedFields ?? []).map(({ manager }) => manager);
    expect(writers("object-deployment-good")).toContain(rules.manager);
    expect(writers("helmrelease-good-upgraded")).toContain(rules.statusManager);
    expect(rules.migrate.map(({ manager, operation }) => `${manager} ${operation}`)).toEqual([
      "helm Apply",
      "helm Update",
      "helm-controller Update",
    ]);
  });
});

describe("optionsOf()", () => {
  const annotated = (annotations: Record<string, string>) => object("ConfigMap", { annotations });

  test("an object is deleted with its release unless its policy keeps it", () => {
    const keep = annotated({ "helm.sh/resource-policy": " Keep" });
    expect(rules.optionsOf(object("ConfigMap"), null, good)).toMatchObject({
      apply: "apply",
      prune: true,
      deleteWithApp: true,
      force: false,
      counted: true,
      ignoredPaths: [],
      leaveIgnored: false,
    });
    for (const [resource, live] of [
      [keep, null],
      [object("ConfigMap"), keep],
    ] as const) {
      expect(rules.optionsOf(resource, live, good)).toMatchObject({ prune: false, deleteWithApp: false });
    }
    const other = annotated({ "helm.sh/resource-policy": "delete" });
    expect(rules.optionsOf(other, null, good).prune).toBe(true);
  });

  test("an object that opts out does not count for drift, by label or annotation, in Git or on the cluster", () => {
    const out = { "helm.toolkit.fluxcd.io/driftDetection": "disabled" };
    for (const opted of [object("ConfigMap", { labels: out }), annotated(out)]) {
      expect(rules.optionsOf(opted, null, good).counted).toBe(false);
      expect(rules.optionsOf(object("ConfigMap"), opted, good).counted).toBe(false);
    }
    expect(
      rules.optionsOf(annotated({ "helm.toolkit.fluxcd.io/driftDetection": "Disabled" }), null, good).counted,
    ).toBe(true);
  });

  test("the spec names fields that are left alone, of the objects that it selects", () => {
    const release = captured("helmrelease-good-upgraded");
    const ignore = [{ paths: ["/spec/replicas"], target: { kind: "Deployment" } }, { paths: ["/metadata/labels/x"] }];
    const spec = { ...(release["spec"] as object), driftDetection: { mode: "enabled", ignore } };
    const ignoring = app({ ...release, spec });
    expect(rules.optionsOf(object("Deployment"), null, ignoring)).toMatchObject({
      ignoredPaths: ["/spec/replicas", "/metadata/labels/x"],
      leaveIgnored: true,
    });
    expect(rules.optionsOf(object("ConfigMap"), null, ignoring).ignoredPaths).toEqual(["/metadata/labels/x"]);
  });
});

describe("prepare()", () => {
  const context: PrepareContext = {
    app: good,
    scopeOf: ({ kind }) => (kind === "ClusterRole" ? "cluster" : kind === "Widget" ? "unknown" : "namespaced"),
    lookup: () => null,
    settings,
  };

  test("objects that name no namespace go into that of the release, and nothing is refused", () => {
    const objects = [
      object("ConfigMap"),
      object("ConfigMap", { namespace: "own" }),
      object("Widget"),
      object("Widget", { namespace: "own" }),
      object("ClusterRole"),
      object("ClusterRole", { namespace: "own" }),
    ];
    const { resources, refusals } = fluxHelmDialect.prepare(objects, context);
    expect(resources.map(({ metadata }) => metadata.namespace)).toEqual([
      "cap-target",
      "own",
      "cap-target",
      "own",
      undefined,
      undefined,
    ]);
    expect(refusals).toEqual([]);
  });
});

describe("dependencyProblem()", () => {
  const ready = captured("helmrelease-good-upgraded");
  const problem = (dependency: Resource | null) =>
    fluxHelmDialect.dependencyProblem(good, dependency, good.key, { text: "1.0.0", commit: "", refName: null });

  test("a ready release is none, another one is", () => {
    expect(problem(ready)).toBeNull();
    expect(problem(null)).toBe(
      "unable to get 'cap-flux/good' dependency: helmreleases.helm.toolkit.fluxcd.io \"good\" not found",
    );
    const says = "dependency 'cap-flux/good' is not ready";
    expect(problem({ ...ready, metadata: { ...ready.metadata, generation: 3 } })).toBe(says);
    expect(problem(captured("helmrelease-rel"))).toBe(says);
    expect(problem({ ...ready, status: undefined })).toBe(says);
  });
});

describe("restore()", () => {
  test("reads what upstream wrote", () => {
    const { release, handledToken, isCurrent, inventory, applied } = fluxHelmDialect.restore(
      captured("helmrelease-rel"),
    );
    const revision = { text: "1.0.0", commit: "", refName: null };
    expect({ handledToken, isCurrent, applied }).toEqual({ handledToken: null, isCurrent: true, applied: revision });
    expect(fluxHelmDialect.restore(captured("helmrelease-fails"))).toMatchObject({
      applied: null,
      attempted: revision,
    });
    expect(inventory.map(({ id }) => id.kind)).toEqual(["ServiceAccount", "ConfigMap", "Service", "Deployment"]);
    expect(release).toMatchObject({
      failures: 1,
      installFailures: 1,
      upgradeFailures: 0,
      lastAction: "install",
      lastActionMs: 10_577,
      storageNamespace: "cap-flux",
      postRenderersDigest: "",
      attempted: { generation: 1, chartVersion: "1.0.0", ociDigest: "" },
      history: [
        {
          action: "install",
          name: "rel",
          version: 1,
          status: "deployed",
          appVersion: "",
          deleted: "",
          firstDeployed: "2026-11-21T10:15:11Z",
          tests: {
            "rel-test": { started: "2026-11-21T10:15:21Z", completed: "2026-11-21T10:16:21Z", phase: "Failed" },
          },
        },
      ],
    });
  });

  test("tells a release without tests from one that was not tested", () => {
    const tests = (testHooks: unknown) => {
      const status = { history: [{ version: 1, ...(testHooks !== undefined && { testHooks }) }] };
      return fluxHelmDialect.restore({ ...captured("helmrelease-rel"), status }).release?.history[0]?.tests;
    };
    expect(tests({})).toEqual({});
    expect(tests(undefined)).toBeUndefined();
  });

  test("an object without a status has nothing to tell, and neither has nonsense", () => {
    for (const status of [
      undefined,
      { history: 1, failures: "x", lastAttemptedReleaseAction: "explode", lastAttemptedRevision: "1" },
    ]) {
      const { release } = fluxHelmDialect.restore({ ...captured("helmrelease-rel"), status });
      expect(release).toEqual(noReleaseMemory);
    }
  });
});

test("no kind is a source", () => {
  expect(fluxHelmDialect.sourceKinds).toEqual([]);
  expect(fluxHelmDialect.parseSource(captured("gitrepository-repo"), () => null).ok).toBe(false);
});

function app(resource: Resource): App {
  const parsed = fluxHelmDialect.parseApp(resource, () => null, settings);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

function object(kind: string, metadata: object = {}): Resource {
  return { apiVersion: "v1", kind, metadata: { name: "x", ...metadata } };
}
