import { describe, expect, test } from "vitest";
import type { AppReport } from "#core/app/app-report.ts";
import type { Resource } from "#core/resource/resource.ts";
import { application, parsed } from "./testdata/build-app.ts";
import { commit, objectReport, report, result, sync, written } from "./testdata/build-report.ts";
import { captured } from "./testdata/read-testdata.ts";
import { conditionText, object, settled, statusOf } from "./testdata/settled.ts";

const auto = { syncPolicy: { automated: { prune: true, selfHeal: true } } };
const configMap = object("v1", "ConfigMap", "a");

describe("reportApp() tells the events of an automated sync", () => {
  const running = report({
    phase: { kind: "syncing", step: "apply" },
    objects: [objectReport(configMap, "missing")],
    sync: sync({ outcome: "running", finishedAt: null }),
  });
  const done = report({
    objects: [objectReport(configMap)],
    sync: sync({ results: [result(configMap, "created")] }),
  });
  test("step by step", () => {
    const first = settled(application(auto), running);
    expect(first.events).toEqual([
      "Normal ResourceUpdated Updated sync status:  -> OutOfSync",
      "Normal ResourceUpdated Updated health status:  -> Missing",
      "Normal OperationStarted Initiated automated sync to 'c1'",
    ]);
    const second = settled(first.object, done);
    expect(second.events).toEqual([
      "Normal ResourceUpdated Updated sync status: OutOfSync -> Synced",
      "Normal ResourceUpdated Updated health status: Missing -> Healthy",
      "Normal OperationCompleted Sync operation to c1 succeeded",
    ]);
  });
  test("with the destination for readers", () => {
    expect(written(application(auto), done).events[0]?.annotations).toEqual({
      "dest-namespace": "shop",
      "dest-server": "https://kubernetes.default.svc",
    });
  });
});

describe("reportApp() lists what a sync left on the cluster", () => {
  const left = [objectReport(configMap), objectReport(object("v1", "ConfigMap", "old"), "extra")];
  const rows = (spec: Record<string, unknown>, told: Partial<AppReport> = {}) => {
    const done = report({ objects: left, sync: sync({ results: [result(configMap, "changed")] }), ...told });
    const { operationState } = settled(application(spec), done).object["status"] as {
      operationState: { syncResult: { resources: { name: string; status: string; message: string }[] } };
    };
    return operationState.syncResult.resources.map(({ name, status, message }) => `${name} ${status}: ${message}`);
  };
  const changed = "a Synced: configmap/a configured";
  test("with the reason why it stayed", () => {
    expect(rows({ syncPolicy: { automated: {} } })).toEqual([changed, "old PruneSkipped: ignored (requires pruning)"]);
    expect(rows(auto)).toEqual([changed, "old PruneSkipped: ignored (no prune)"]);
    const held = [{ kind: "held" as const, message: "too many" }];
    expect(rows(auto, { notices: held })).toEqual([changed, "old PruneSkipped: held back until it is approved"]);
  });
  test("except when it was about some objects only", () => {
    const healing = sync({ healAttempts: 1, results: [result(configMap, "changed")] });
    expect(rows(auto, { sync: healing })).toEqual([changed]);
  });
});

describe("reportApp() keeps an idle app quiet", () => {
  test("a commit that changes nothing moves the revision only", () => {
    const told = report({
      objects: [objectReport(configMap)],
      sync: sync({ results: [result(configMap, "created")] }),
    });
    const { object: before } = settled(application(auto), told);
    const { object: next, events } = settled(
      before,
      report({
        revision: commit("c2"),
        objects: [objectReport(configMap)],
        sync: sync({ revision: commit("c2"), startedAt: told.now + 1_000, results: [result(configMap, "unchanged")] }),
        now: told.now + 2_000,
      }),
    );
    expect(events).toEqual([]);
    expect(statusOf(next)["sync"]).toMatchObject({ revision: "c2", status: "Synced" });
    expect(statusOf(next)["operationState"]).toEqual(statusOf(before)["operationState"]);
    expect(statusOf(next)["history"]).toEqual(statusOf(before)["history"]);
  });
  test("a shadowed, skipped or new app is not touched", () => {
    const start = captured("guestbook");
    const phases: AppReport["phase"][] = [
      { kind: "shadow", rival: "Argo CD", wouldWrite: 3 },
      { kind: "suspended" },
      { kind: "new" },
    ];
    for (const phase of phases) {
      const write = written(start, report({ phase }));
      expect(write).toEqual({ status: start["status"], patch: null, events: [] });
    }
  });
});

describe("reportApp() keeps the history", () => {
  function sequence(count: number, spec: Record<string, unknown>): Resource {
    let current = application({ ...auto, ...spec });
    for (let at = 0; at < count; at++) {
      const now = Date.parse("2026-01-01T00:00:00Z") + at * 60_000;
      const told = report({
        revision: commit(`c${at}`),
        objects: [objectReport(configMap)],
        sync: sync({
          revision: commit(`c${at}`),
          startedAt: now,
          finishedAt: now,
          results: [result(configMap, "changed")],
        }),
        now,
      });
      current = settled(current, told).object;
    }
    return current;
  }
  const ids = (resource: Resource) =>
    (statusOf(resource)["history"] as unknown as { id: number }[] | undefined)?.map(({ id }) => id);
  test("of the last ten complete syncs", () => {
    expect(ids(sequence(12, {}))).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });
  test("of as many as the spec says", () => {
    expect(ids(sequence(3, { revisionHistoryLimit: 2 }))).toEqual([1, 2]);
    expect(ids(sequence(3, { revisionHistoryLimit: 0 }))).toBeUndefined();
  });
  test("not of healing, which is a partial sync", () => {
    const told = report({
      objects: [objectReport(configMap)],
      sync: sync({ healAttempts: 2, results: [result(configMap, "changed")] }),
    });
    const { object: next, events } = settled(application(auto), told);
    expect(ids(next)).toBeUndefined();
    expect(events).toContain("Normal OperationCompleted Partial sync operation to c1 succeeded");
    expect(statusOf(next)["operationState"]).toMatchObject({
      operation: { sync: { autoHealAttemptsCount: 2, resources: [{ kind: "ConfigMap", name: "a" }] } },
    });
  });
  test("of syncs that begin within one second", () => {
    const told = (sha: string, parts: Parameters<typeof sync>[0]) =>
      report({
        revision: commit(sha),
        objects: [objectReport(configMap)],
        sync: sync({ revision: commit(sha), results: [result(configMap, "changed")], ...parts }),
      });
    const first = settled(application(auto), told("c1", {})).object;
    const healed = settled(first, told("c1", { healAttempts: 1 })).object;
    expect(statusOf(healed)["operationState"]).toMatchObject({ operation: { sync: { autoHealAttemptsCount: 1 } } });
    const second = settled(healed, told("c2", {})).object;
    expect(ids(second)).toEqual([0, 1]);
    expect(statusOf(second)["operationState"]).toMatchObject({ syncResult: { revision: "c2" } });
  });
  test("not of failures and dry runs", () => {
    const failed = report({
      phase: { kind: "sync-failed", step: "apply", message: "no", retryAt: null },
      objects: [objectReport(configMap, "missing")],
      sync: sync({ outcome: "failed", message: "no", results: [result(configMap, "failed", "no")] }),
    });
    expect(ids(settled(application(auto), failed).object)).toBeUndefined();
  });
});

describe("reportApp() sees an order through", () => {
  const operation = { sync: { revision: "v2" }, initiatedBy: { username: "alice" } };
  const start = application({}, { operation });
  const { request } = parsed(start);
  test("marked while it runs, so that it keeps its token, and gone when it is over", () => {
    const running = settled(
      start,
      report({
        phase: { kind: "syncing", step: "apply" },
        sync: sync({ outcome: "running", finishedAt: null, request }),
      }),
    );
    expect(running.object["operation"]).toEqual(operation);
    expect(parsed(running.object).request?.token).toBe(request?.token);
    expect(statusOf(running.object)["operationState"]).toMatchObject({ phase: "Running", operation });
    const done = settled(
      running.object,
      report({ objects: [objectReport(configMap)], sync: sync({ request, results: [result(configMap, "created")] }) }),
    );
    expect(done.object).not.toHaveProperty("operation");
    expect(done.object.metadata.annotations).toEqual({});
    expect(statusOf(done.object)["history"]).toMatchObject([{ id: 0, initiatedBy: { username: "alice" } }]);
  });
  test("also when a newer sync took over", () => {
    const running = settled(
      start,
      report({
        phase: { kind: "syncing", step: "apply" },
        sync: sync({ outcome: "running", finishedAt: null, request }),
      }),
    );
    const later = sync({ startedAt: Date.parse("2026-11-21T10:20:00Z"), results: [result(configMap, "changed")] });
    const next = settled(running.object, report({ objects: [objectReport(configMap)], sync: later }));
    expect(next.object).not.toHaveProperty("operation");
  });
  test("an order that cannot be carried out ends at once and says why", () => {
    const bad = application({}, { operation: { sync: { manifests: ["x"] } } });
    const { object: next } = settled(bad, report({ objects: [objectReport(configMap)] }));
    expect(next).not.toHaveProperty("operation");
    expect(statusOf(next)["operationState"]).toMatchObject({
      phase: "Error",
      message: "operation.sync.manifests[0]: is no JSON",
    });
  });
  test("as does one on an app that cannot be used", () => {
    const invalid = application({ project: "nothing" }, { operation });
    const problems = [
      { path: "spec.project", message: "Application referencing project nothing which does not exist" },
    ];
    const { object: next } = settled(invalid, report({ phase: { kind: "invalid", problems } }));
    expect(next).not.toHaveProperty("operation");
    expect(statusOf(next)["operationState"]).toMatchObject({
      phase: "Error",
      message: "InvalidSpecError: Application referencing project nothing which does not exist",
    });
  });
});

test("reportApp() removes the refresh annotation once it was handled, and only then", () => {
  const annotations = { "argocd.argoproj.io/refresh": "hard", other: "kept" };
  const start = application(auto, { metadata: { annotations } });
  const told = report({ objects: [objectReport(configMap)] });
  expect(written(start, told).patch).toBeNull();
  const handled = report({ ...told, handledToken: parsed(start).refreshToken });
  const { object: next } = settled(start, handled);
  expect(next.metadata.annotations).toEqual({ other: "kept" });
  const asked = application(auto, { metadata: { annotations }, status: next["status"] });
  expect(parsed(asked).refreshToken).not.toBe(parsed(start).refreshToken);
});

describe("reportApp() refuses a whole render", () => {
  const message = "ConfigMap shop/a is a hook (helm.sh/hook: test); hooks are not supported yet";
  test("as a sync that failed", () => {
    const told = report({ phase: { kind: "sync-failed", step: "preflight", message, retryAt: null } });
    const { object: next, events } = settled(application(auto), told);
    expect(statusOf(next)).toMatchObject({
      sync: { status: "OutOfSync" },
      health: { status: "Missing" },
      operationState: { phase: "Failed", message: `one or more synchronization tasks are not valid: ${message}` },
    });
    expect(conditionText(statusOf(next))).toContain(message);
    expect(events.filter((event) => event.includes("OperationCompleted"))).toHaveLength(1);
  });
  test("and says so where nobody asked for a sync", () => {
    const told = report({ phase: { kind: "sync-failed", step: "preflight", message, retryAt: null } });
    const { object: next } = settled(application(), told);
    expect(conditionText(statusOf(next))).toContain(message);
    expect(statusOf(next)["operationState"]).toBeUndefined();
  });
});

describe("reportApp() judges the app as a whole", () => {
  const paused = object("apps/v1", "Deployment", "web", { spec: { paused: true } });
  const rolling = object("apps/v1", "Deployment", "api", { spec: { replicas: 1 } });
  const progressing = { ...objectReport(rolling), health: { status: "Progressing", message: "" } } as const;
  const lost = object("v1", "PersistentVolumeClaim", "data", { status: { phase: "Lost" } });
  const ignored = object("v1", "PersistentVolumeClaim", "data", {
    status: { phase: "Lost" },
    annotations: { "argocd.argoproj.io/ignore-healthcheck": "true" },
  });
  const extraneous = object("v1", "ConfigMap", "b", {
    annotations: { "argocd.argoproj.io/compare-options": "IgnoreExtraneous" },
  });
  const skipped = object("v1", "ConfigMap", "s", { annotations: { "argocd.argoproj.io/hook": "Skip" } });
  const cases: { name: string; objects: AppReport["objects"]; sync: string; health: string; message?: string }[] = [
    { name: "nothing at all", objects: [], sync: "Synced", health: "Healthy" },
    { name: "nothing live", objects: [objectReport(configMap, "missing")], sync: "OutOfSync", health: "Missing" },
    {
      name: "one missing of two",
      objects: [objectReport(configMap), objectReport(paused, "missing")],
      sync: "OutOfSync",
      health: "Healthy",
    },
    {
      name: "one suspended",
      objects: [objectReport(paused), objectReport(configMap)],
      sync: "Synced",
      health: "Suspended",
      message: "Caused by apps/Deployment:cap-argo/web",
    },
    {
      name: "the worst of several",
      objects: [objectReport(paused), progressing, objectReport(lost)],
      sync: "Synced",
      health: "Degraded",
      message: "Caused by PersistentVolumeClaim:cap-argo/data",
    },
    { name: "an object whose health is ignored", objects: [objectReport(ignored)], sync: "Synced", health: "Healthy" },
    { name: "an object to prune", objects: [objectReport(configMap, "extra")], sync: "OutOfSync", health: "Healthy" },
    {
      name: "an extra object that nobody minds",
      objects: [objectReport(extraneous, "extra")],
      sync: "Synced",
      health: "Healthy",
    },
    {
      name: "a skipped object",
      objects: [objectReport(skipped, "different"), objectReport(configMap)],
      sync: "Synced",
      health: "Healthy",
    },
    {
      name: "an object that nobody can read",
      objects: [objectReport(configMap, "unknown")],
      sync: "Unknown",
      health: "Missing",
    },
  ];
  for (const { name, objects, sync: wantSync, health, message } of cases) {
    test(name, () => {
      const status = statusOf(settled(application(auto), report({ objects })).object);
      expect(status["sync"]?.["status"]).toBe(wantSync);
      expect(status["health"]?.["status"]).toBe(health);
      expect(status["health"]?.["message"]).toBe(message);
    });
  }
});

test("reportApp() lists objects with what matters of each", () => {
  const wave = object("v1", "ConfigMap", "w", { annotations: { "argocd.argoproj.io/sync-wave": "1" } });
  const deployment = object("apps/v1", "Deployment", "web", {
    spec: {
      template: {
        spec: { initContainers: [{ image: "init:1" }], containers: [{ image: "web:2" }, { image: "init:1" }] },
      },
    },
  });
  const namespace = object("v1", "Namespace", "shop", {
    namespace: "",
    annotations: { "holdfast.dev/created-for": "shop" },
  });
  const objects = [
    objectReport(deployment),
    objectReport(wave),
    objectReport(configMap, "extra"),
    objectReport(namespace),
  ];
  const status = statusOf(settled(application(auto), report({ objects })).object);
  expect(status["resources"]).toEqual([
    { kind: "ConfigMap", name: "a", namespace: "cap-argo", requiresPruning: true, status: "OutOfSync", version: "v1" },
    { kind: "ConfigMap", name: "w", namespace: "cap-argo", status: "Synced", syncWave: 1, version: "v1" },
    { group: "apps", kind: "Deployment", name: "web", namespace: "cap-argo", status: "Synced", version: "v1" },
  ]);
  expect(status["summary"]).toEqual({ images: ["init:1", "web:2"] });
});

test("reportApp() keeps what it knew of objects while their manifests cannot be had", () => {
  const { object: before } = settled(application(auto), report({ objects: [objectReport(configMap)] }));
  const failing = report({ phase: { kind: "source-failed", missing: false, message: "connection refused" } });
  const status = statusOf(settled(before, failing).object);
  expect(status["resources"]).toMatchObject([{ name: "a", status: "Unknown" }]);
  expect(status["sync"]).toMatchObject({ status: "Unknown", revision: "main" });
  expect(conditionText(status)).toContain("connection refused");
});

test("reportApp() says which deletions are held and how to let them happen", () => {
  const told = report({
    objects: [objectReport(configMap, "extra")],
    notices: [
      { kind: "held", message: "the change would delete every object of the app (1 of 1)" },
      { kind: "shared", message: "ClusterRole/web:reader is part of applications argocd/a and b" },
      { kind: "fight", message: "Deployment/shop/web: /spec/replicas reverted again and again" },
    ],
  });
  const conditions = statusOf(settled(application(auto), told).object)["conditions"];
  expect(conditions).toMatchObject([
    { type: "SharedResourceWarning" },
    {
      type: "SyncError",
      message:
        "Deletions are held back (ConfigMap/cap-argo/a): the change would delete every object of the app (1 of 1). To let them happen: holdfast approve app/shop -n argocd",
    },
    { type: "SyncError", message: "Deployment/shop/web: /spec/replicas reverted again and again" },
  ]);
});
