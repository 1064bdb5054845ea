import { usualSettings } from "#core/app/settings.ts";
import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { argoDialect } from "./argo-dialect.ts";
import { application, parsed } from "./testdata/build-app.ts";
import { commit, objectReport, report, result, sync, written } from "./testdata/build-report.ts";
import { captured } from "./testdata/read-testdata.ts";
import { conditionText, object, settled, statusOf } from "./testdata/settled.ts";

const SHA = "48a197c61fc580e12fc2102643046d5f5de060b1";

/** An Application as its users wrote it. */
function fresh(name: string): Resource {
  const { status: _status, operation: _operation, ...rest } = captured(name);
  return rest;
}

describe("reportApp() writes what the vendor's controller wrote", () => {
  test("for a synced kustomization", () => {
    const first = object("v1", "ConfigMap", "p-gen-h29d89cmmt");
    const second = object("v1", "ConfigMap", "p-kust");
    const told = report({
      revision: commit(SHA),
      renderer: "kustomize",
      objects: [objectReport(second), objectReport(first)],
      sync: sync({
        revision: commit(SHA),
        finishedAt: Date.parse("2026-11-21T10:18:42Z"),
        results: [result(first, "created"), result(second, "created")],
      }),
      now: Date.parse("2026-11-21T10:18:42Z"),
    });
    const { object: next } = settled(fresh("kust"), told);
    const { sourceHydrator: _unused, ...want } = statusOf(captured("kust"));
    expect(next["status"]).toEqual(want);
  });

  test("for a manual sync, whose operation goes", () => {
    const dep = object("v1", "ConfigMap", "dep");
    const before = {
      ...captured("manual-out-of-sync"),
      operation: { initiatedBy: { username: "alice" }, retry: {}, sync: { revision: "main" } },
    } as Resource;
    const told = report({
      revision: commit(SHA),
      objects: [objectReport(dep)],
      sync: sync({
        revision: commit(SHA),
        startedAt: Date.parse("2026-11-21T10:19:36Z"),
        finishedAt: Date.parse("2026-11-21T10:19:37Z"),
        request: parsed(before).request,
        results: [result(dep, "created")],
      }),
      now: Date.parse("2026-11-21T10:19:37Z"),
    });
    const { object: next, events } = settled(before, told);
    const { summary: _none, ...status } = statusOf(next);
    expect(status).toEqual({ ...statusOf(captured("manual-synced")), sourceType: "Directory" });
    expect(next).not.toHaveProperty("operation");
    expect(events).toEqual([
      "Normal ResourceUpdated Updated sync status: OutOfSync -> Synced",
      "Normal ResourceUpdated Updated health status: Missing -> Healthy",
      `Normal OperationCompleted Sync operation to ${SHA} succeeded`,
    ]);
  });

  test("for an app that waits for a person", () => {
    const told = report({
      revision: commit(SHA),
      phase: { kind: "out-of-sync" },
      objects: [objectReport(object("v1", "ConfigMap", "dep"), "missing")],
      now: Date.parse("2026-11-21T10:18:42Z"),
    });
    const { object: next } = settled(fresh("manual-out-of-sync"), told);
    const want = statusOf(captured("manual-out-of-sync"));
    expect(next["status"]).toEqual({ ...want, summary: {}, reconciledAt: "2026-11-21T10:18:42Z" });
  });

  test("for a path that does not exist", () => {
    const told = report({
      revision: commit(SHA),
      renderer: null,
      phase: { kind: "render-failed", code: "path", message: "path not found" },
      now: Date.parse("2026-11-21T10:18:42Z"),
    });
    const { object: next } = settled(fresh("missing-path"), told);
    const want = statusOf(captured("missing-path"));
    expect(statusOf(next)["conditions"]).toMatchObject([{ type: "ComparisonError", message: conditionText(want) }]);
    expect(next["status"]).toMatchObject({ sync: want["sync"], health: { status: "Healthy" } });
  });

  test("for a project that does not exist", () => {
    const start = fresh("no-project");
    const refusal = argoDialect.parseApp(start, () => null, usualSettings("argocd"));
    if (refusal.ok) throw new Error("was accepted");
    const told = report({
      phase: { kind: "invalid", problems: refusal.error },
      now: Date.parse("2026-11-21T10:18:41Z"),
    });
    expect(settled(start, told).object["status"]).toEqual(statusOf(captured("no-project")));
  });

  test("for objects that the project forbids, while it retries", () => {
    const secret = object("v1", "Secret", "gb");
    const role = object("rbac.authorization.k8s.io/v1", "ClusterRole", "web:reader", { namespace: "" });
    const others = ["ConfigMap", "Service"].map((kind) => object("v1", kind, "gb"));
    const deployment = object("apps/v1", "Deployment", "gb");
    const want = statusOf(captured("not-permitted"));
    const messages = [
      "resource :Secret is not permitted in project narrow",
      "resource rbac.authorization.k8s.io:ClusterRole is not permitted in project narrow",
    ];
    const start = {
      ...fresh("not-permitted"),
      spec: { ...(fresh("not-permitted")["spec"] as object), project: "default" },
    };
    const told = report({
      revision: commit(SHA),
      phase: {
        kind: "sync-failed",
        step: "preflight",
        message: messages.join("\n"),
        retryAt: Date.parse("2026-11-21T10:19:52Z"),
      },
      objects: [...others, secret, deployment, role].map((each) => objectReport(each, "missing")),
      sync: sync({
        revision: commit(SHA),
        finishedAt: Date.parse("2026-11-21T10:19:12Z"),
        outcome: "failed",
        retries: 2,
        message: messages.join("\n"),
        results: [result(secret, "failed", messages[0]), result(role, "failed", messages[1])],
      }),
    });
    const status = statusOf(settled(start, told).object);
    const operation = (state: Record<string, unknown>) => {
      const { syncResult, ...rest } = state as { syncResult: { resources: { hookPhase?: string }[] } };
      return { ...rest, results: syncResult.resources.map(({ hookPhase: _phase, ...row }) => row) };
    };
    expect(operation(status["operationState"] ?? {})).toEqual(operation(want["operationState"] ?? {}));
    expect(status["resources"]).toEqual(want["resources"]);
    expect(status["health"]).toMatchObject({ status: "Missing" });
    expect(status["sync"]).toMatchObject({ status: "OutOfSync" });
    expect(status["conditions"]).toBeUndefined();
  });

  test("for a kind that the cluster does not serve, after its last retry", () => {
    const thing = object("example.com/v1", "Nothing", "x");
    const message =
      "failed to discover server resources for group version example.com/v1: the server could not find the requested resource";
    const told = report({
      revision: commit(SHA),
      phase: { kind: "sync-failed", step: "preflight", message, retryAt: null },
      objects: [objectReport(thing, "missing")],
      sync: sync({
        revision: commit(SHA),
        outcome: "failed",
        retries: 1,
        message,
        results: [result(thing, "failed", message)],
      }),
    });
    const { object: next, events } = settled(fresh("missing-crd"), told);
    const want = statusOf(captured("missing-crd"));
    expect(conditionText(statusOf(next))).toBe(conditionText(want));
    expect(statusOf(next)["operationState"]).toMatchObject({
      phase: "Failed",
      message: want["operationState"]?.["message"],
      retryCount: 1,
      operation: want["operationState"]?.["operation"],
    });
    expect(events).toContain(
      `Warning OperationCompleted Sync operation to ${SHA} failed: one or more synchronization tasks are not valid: ${message} (retried 1 times).`,
    );
  });
});

describe("restore()", () => {
  test("reads what the vendor's controller left, and reporting it changes nothing of the operation", () => {
    const start = captured("guestbook");
    const restored = argoDialect.restore(start);
    expect(restored.applied?.text).toBe(SHA);
    expect(restored.inventory).toHaveLength(5);
    expect(restored.inventory[4]).toEqual({
      id: { group: "rbac.authorization.k8s.io", kind: "ClusterRole", namespace: "", name: "web:reader" },
      version: "v1",
    });
    expect(restored.sync).toMatchObject({ outcome: "succeeded", healAttempts: 1, request: null });
    expect(restored.sync?.results[0]?.key).toBe("rbac.authorization.k8s.io/ClusterRole//web:reader");
    const write = written(start, report({ revision: commit(SHA), sync: restored.sync }));
    expect(write.status["operationState"]).toEqual(statusOf(start)["operationState"]);
    expect(write.status["history"]).toEqual(statusOf(start)["history"]);
  });
  test("knows the source that its status repeats without the password of the address", () => {
    const source = { repoURL: "https://ada:hunter2@git.example/shop.git", path: "deploy", targetRevision: "main" };
    const { object: before } = settled(application({ source }), report({ revision: commit(SHA) }));
    expect(JSON.stringify(before["status"])).not.toContain("hunter2");
    expect(argoDialect.restore(before).isCurrent).toBe(true);
    const moved = { ...before, spec: { ...(before["spec"] as object), source: { ...source, path: "other" } } };
    expect(argoDialect.restore(moved).isCurrent).toBe(false);
  });
  test("takes a sync that waits for its retry for failed, without the words about the retry", () => {
    const { sync: restored } = argoDialect.restore(captured("not-permitted"));
    expect(restored).toMatchObject({ outcome: "failed", retries: 2 });
    expect(restored?.message).toMatch(/in project narrow$/);
  });
  test("knows nothing of an app without a status, or with a senseless one", () => {
    const none = { applied: null, attempted: null, inventory: [], sync: null };
    expect(argoDialect.restore(application())).toMatchObject(none);
    const status = { resources: "x", operationState: { phase: 3 }, history: [{ id: "a" }] };
    expect(argoDialect.restore(application({}, { status }))).toMatchObject(none);
  });
});
