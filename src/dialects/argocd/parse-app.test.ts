import { usualSettings } from "#core/app/settings.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { argoDialect } from "./argo-dialect.ts";
import { detailsOf } from "./argo-details.ts";
import { application, nothing, parsed, problemsOf, projectLookup } from "./testdata/build-app.ts";
import { captured } from "./testdata/read-testdata.ts";

const source = { repoURL: "https://git.example/shop.git", path: "deploy", targetRevision: "main" };
const server = "https://kubernetes.default.svc";

test("parseApp() reads what the vendor's users write", () => {
  const app = parsed(captured("guestbook"));
  expect(app.key).toBe("app/argocd/guestbook");
  expect(app.sources[0]).toMatchObject({
    source: "git:http://127.0.0.1:28080/capt.git#main",
    path: "argo/guestbook",
    render: { kind: "detect", directory: { recurse: false, include: "", exclude: "" } },
    inline: { ref: { kind: "auto", value: "main" }, secrets: {}, ignore: undefined },
  });
  expect(app.target).toEqual({ cluster: "in-cluster", kubeconfig: null, namespace: "cap-argo", impersonate: null });
  expect(app.policy).toMatchObject({
    mode: "auto",
    prune: true,
    selfHeal: true,
    allowEmpty: false,
    wait: "none",
    onDelete: "prune-and-wait",
    propagation: "Foreground",
    retry: { limit: 5, baseMs: 5_000, factor: 2, maxMs: 180_000 },
  });
  expect(app.finalizer).toEqual({ name: "resources-finalizer.argocd.argoproj.io", present: true, ensure: false });
});

test("parseApp() shares one source between apps of one repository and ref, whatever their names and paths", () => {
  const one = parsed(application({}, { metadata: { name: "a" } })).sources[0]?.inline;
  const other = parsed(application({ source: { ...source, path: "x" } }, { metadata: { name: "b" } })).sources[0]
    ?.inline;
  expect(other).toEqual(one);
  expect(one?.intervalMs).toBeGreaterThanOrEqual(120_000);
  expect(one?.intervalMs).toBeLessThan(180_000);
});

describe("parseApp() normalises the path", () => {
  const cases = [
    { path: ".", want: "" },
    { path: "./a//b/", want: "a/b" },
    { path: "a/../b", want: "b" },
  ];
  for (const { path, want } of cases) {
    test(path, () => expect(parsed(application({ source: { ...source, path } })).sources[0]?.path).toBe(want));
  }
});

describe("parseApp() chooses how to render", () => {
  const overrides = {
    namePrefix: "p-",
    images: [{ name: "web", newName: "registry.example:5000/web", newTag: "2", digest: "sha256:ab" }],
    imageMerge: "replace",
    replicas: [{ name: "web", count: 3 }],
    labels: { pairs: { a: "b" }, force: false, includeSelectors: false, includeTemplates: true },
    annotations: { pairs: { c: "d" }, force: true },
  };
  const kustomize = {
    namePrefix: "p-",
    images: ["web=registry.example:5000/web:2@sha256:ab"],
    replicas: [{ name: "web", count: "3" }],
    commonLabels: { a: "b" },
    labelWithoutSelector: true,
    labelIncludeTemplates: true,
    commonAnnotations: { c: "d" },
    forceCommonAnnotations: true,
  };
  const cases = [
    { name: "an empty directory block", block: { directory: {} }, want: { kind: "directory", recurse: false } },
    {
      name: "a directory block",
      block: { directory: { recurse: true, include: "*.yaml" } },
      want: { kind: "directory", recurse: true, include: "*.yaml", exclude: "" },
    },
    {
      name: "a directory block with Jsonnet",
      block: {
        directory: {
          disableExtensionFilter: true,
          jsonnet: {
            extVars: [{ name: "a", value: "1", code: true }],
            tlas: [{ name: "b", value: "2" }],
            libs: ["/x/../l"],
          },
        },
      },
      want: {
        anyName: true,
        jsonnet: {
          extVars: [{ name: "a", value: "1", code: true }],
          tlas: [{ name: "b", value: "2", code: false }],
          libs: ["l"],
        },
      },
    },
    { name: "a kustomize block", block: { kustomize }, want: { kind: "kustomize", generate: false, overrides } },
  ];
  for (const { name, block, want } of cases) {
    test(name, () => {
      expect(parsed(application({ source: { ...source, ...block } })).sources[0]?.render).toMatchObject(want);
    });
  }
});

describe("parseApp() refuses in the vendor's words", () => {
  const cases: { name: string; spec: Record<string, unknown>; want: string }[] = [
    {
      name: "both names of a cluster",
      spec: { destination: { server, name: "in-cluster" } },
      want: `application destination can't have both name and server defined: in-cluster ${server}`,
    },
    {
      name: "a library of Jsonnet outside of the repository",
      spec: { source: { ...source, directory: { jsonnet: { libs: ["../l"] } } } },
      want: 'spec.source.directory.jsonnet.libs: "../l" leaves the repository',
    },
    { name: "no cluster", spec: { destination: {} }, want: "Destination server missing from app spec" },
    {
      name: "an unknown cluster",
      spec: { destination: { name: "east" } },
      want: "there are no clusters with this name: east",
    },
    {
      name: "an unknown project",
      spec: { project: "nothing" },
      want: "Application referencing project nothing which does not exist",
    },
    {
      name: "a source without a path",
      spec: { source: { repoURL: "https://git.example/shop.git" } },
      want: "spec.source.repoURL and either spec.source.path or spec.source.chart are required",
    },
    { name: "an absolute path", spec: { source: { ...source, path: "/etc" } }, want: "/etc: app path is absolute" },
    {
      name: "a path leaving the root",
      spec: { source: { ...source, path: "a/../.." } },
      want: "a/../..: app path outside root",
    },
    {
      name: "two kinds of source",
      spec: { source: { ...source, kustomize: {}, directory: {} } },
      want: "multiple application sources defined: Kustomize,Directory",
    },
    {
      name: "a bad duration",
      spec: { syncPolicy: { retry: { backoff: { duration: "soon" } } } },
      want: 'spec.syncPolicy.retry.backoff.duration: "soon" is not a duration',
    },
    {
      name: "a wrong type",
      spec: { syncPolicy: { automated: { prune: "yes" } } },
      want: "spec.syncPolicy.automated.prune must be boolean",
    },
  ];
  for (const { name, spec, want } of cases) {
    test(name, () => expect(problemsOf(application(spec))).toContain(want));
  }
});

describe("parseApp() refuses what is not supported yet by the name of its field", () => {
  const cases: [string, Record<string, unknown>][] = [
    ["spec.sourceHydrator", { sourceHydrator: { drySource: source, syncSource: { targetBranch: "b", path: "pp" } } }],
  ];
  for (const [field, spec] of cases) {
    test(field, () => expect(problemsOf(application(spec))).toContain(`${field} is not supported yet`));
  }
  test("limits of the project that would otherwise be ignored", () => {
    const lookup = projectLookup("team", { sourceRepos: ["*"], signatureKeys: [{ keyID: "ada" }] });
    expect(problemsOf(application({ project: "team" }), lookup)).toEqual([
      "AppProject team: spec.signatureKeys[0] names no key by its ID",
    ]);
  });
});

describe("parseApp() holds apps to their project", () => {
  const lookup = projectLookup("narrow", {
    sourceRepos: ["https://git.example/*"],
    destinations: [{ server: "*", namespace: "team-*" }],
  });
  test("what it allows is used", () => {
    const destination = { server, namespace: "team-a" };
    expect(problemsOf(application({ project: "narrow", destination }), lookup)).toEqual([]);
  });
  test("repository and destination are refused together", () => {
    const spec = { project: "narrow", source: { ...source, repoURL: "https://other.example/x" } };
    expect(problemsOf(application(spec), lookup)).toEqual([
      "application repo https://other.example/x is not permitted in project 'narrow': no entry of spec.sourceRepos matches",
      `application destination server '${server}' and namespace 'shop' do not match any of the allowed destinations in project 'narrow': no entry of spec.destinations matches`,
    ]);
  });
  test("apps outside the control namespace need its consent", () => {
    const object = application({}, { metadata: { namespace: "elsewhere" } });
    expect(problemsOf(object)).toEqual([
      "application 'shop' is in namespace 'elsewhere', where none may be: application.namespaces of argocd-cmd-params-cm does not name it",
      "application 'shop' in namespace 'elsewhere' is not permitted to use project 'default': no entry of spec.sourceNamespaces matches",
    ]);
  });
});

describe("parseApp() reads the order to sync", () => {
  const operation = { sync: { revision: "main", prune: true, dryRun: true }, initiatedBy: { username: "alice" } };

  test("as a request of its own", () => {
    expect(parsed(application({}, { operation })).request).toMatchObject({
      revision: null,
      prune: true,
      dryRun: true,
      only: null,
      initiatedBy: "alice",
      retry: { limit: 0 },
    });
  });

  test("for chosen objects, with and without the namespace", () => {
    const resources = [
      { kind: "ConfigMap", name: "a" },
      { group: "apps", kind: "Deployment", name: "b", namespace: "n" },
    ];
    const request = parsed(application({}, { operation: { sync: { revision: "v1", resources } } })).request;
    expect(request).toMatchObject({
      revision: "v1",
      only: [
        { group: "", kind: "ConfigMap", name: "a", namespace: null },
        { group: "apps", kind: "Deployment", name: "b", namespace: "n" },
      ],
    });
  });

  test("under one token until the last one is over, and a new one then", () => {
    const token = (status: unknown) => parsed(application({}, { operation, status })).request?.token;
    const before = { operationState: { startedAt: "2026-01-01T00:00:00Z" } };
    expect(token(before)).toBe(token({ ...before, reconciledAt: "2026-01-02T00:00:00Z" }));
    expect(token({ operationState: { startedAt: "2026-01-03T00:00:00Z" } })).not.toBe(token(before));
  });

  test("and a bad one leaves the app alone", () => {
    const app = parsed(application({}, { operation: { sync: { manifests: ["x"] } } }));
    expect(app.request).toBeNull();
    expect(detailsOf(app).operationProblem).toBe("operation.sync.manifests[0]: is no JSON");
  });
});

describe("parseApp() decides what deleting the app does by its finalizers", () => {
  const finalizer = "resources-finalizer.argocd.argoproj.io";
  const cases = [
    { finalizers: [], want: { onDelete: "orphan", present: false } },
    { finalizers: [finalizer], want: { onDelete: "prune-and-wait", present: true } },
    { finalizers: [`${finalizer}/foreground`], want: { onDelete: "prune-and-wait", present: true } },
    { finalizers: ["other", `${finalizer}/background`], want: { onDelete: "prune", present: true } },
  ];
  for (const { finalizers, want } of cases) {
    test(finalizers.join() || "none", () => {
      const app = parsed(application({}, { metadata: { finalizers } }));
      expect({ onDelete: app.policy.onDelete, present: app.finalizer.present }).toEqual(want);
    });
  }
});

test("parseApp() asks for deletions as PrunePropagationPolicy says, and the app's own finalizer when the app goes", () => {
  const finalizers = ["resources-finalizer.argocd.argoproj.io/background"];
  const asked = (policy: string, metadata = {}) =>
    parsed(application({ syncPolicy: { syncOptions: [`PrunePropagationPolicy=${policy}`] } }, { metadata })).policy
      .propagation;
  expect(["foreground", "background", "orphan", "other"].map((policy) => asked(policy, { finalizers }))).toEqual([
    "Foreground",
    "Background",
    "Orphan",
    "Foreground",
  ]);
  expect(asked("orphan", { finalizers, deletionTimestamp: "2026-01-01T00:00:00Z" })).toBe("Background");
});

test("parseApp() leaves an app that is fenced off alone, unless the fence is ours", () => {
  const annotations = { "argocd.argoproj.io/skip-reconcile": "true" };
  expect(parsed(application({}, { metadata: { annotations } })).suspended).toBe(true);
  const adopted = { ...annotations, "holdfast.dev/adopted": "" };
  expect(parsed(application({}, { metadata: { annotations: adopted } })).suspended).toBe(false);
});

test("parseApp() starts a new sync for what decides the outcome, not for how it is driven", () => {
  const digest = (spec: Record<string, unknown>) => parsed(application(spec)).specDigest;
  expect(digest({ syncPolicy: { automated: {} } })).toBe(digest({}));
  expect(digest({ source: { ...source, path: "other" } })).not.toBe(digest({}));
});

test("parseApp() refuses more jq expressions than anybody writes", () => {
  const many = [{ kind: "X", jqPathExpressions: Array.from({ length: 1_001 }, (_, at) => `.a${at}`) }];
  expect(problemsOf(application({ ignoreDifferences: many }))).toEqual([
    "spec.ignoreDifferences: there are more than 1000 jqPathExpressions",
  ]);
});

test("parseApp() and restore() never throw on arbitrary JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (spec, operation, status) => {
      const object = { apiVersion: "v1", kind: "Application", metadata: { name: "x" }, spec, operation, status };
      argoDialect.parseApp(object, nothing, usualSettings("argocd"));
      argoDialect.restore(object);
    }),
  );
});

test("parseApp() never throws on a spec with one field of any shape", () => {
  const fields = ["source", "destination", "syncPolicy", "ignoreDifferences", "project", "info", "sources"];
  fc.assert(
    fc.property(fc.constantFrom(...fields), fc.jsonValue(), fc.jsonValue(), (field, value, project) => {
      const lookup = projectLookup("default", project as Record<string, unknown>);
      argoDialect.parseApp(application({ [field]: value }), lookup, usualSettings("argocd"));
    }),
  );
});
