import { describe, expect, test } from "vitest";
import {
  conditionOf,
  conditionsOf,
  configMap,
  deployment,
  type FluxStatus,
  type Space,
  useFluxWorld,
  withoutDurations,
} from "./flux-world.ts";
import { eventually } from "../support/eventually.ts";

const world = useFluxWorld({ withNodes: true });

/** Waits until the Kustomization reports something. */
async function reports(space: Space, what: string, holds: (status: FluxStatus) => boolean): Promise<FluxStatus> {
  return eventually(what, async () => {
    const status = await space.status();
    return holds(status) && status;
  });
}

describe.concurrent("waiting", () => {
  test("with wait every object must be healthy before the app is ready", async () => {
    const space = await world().space("wait");
    const commit = await space.commit({ "app/web.yaml": deployment("web", { replicas: 1 }) });
    await space.kustomization({ wait: true });
    const status = await space.applied(commit);
    const web = await world().get(space.at("apps/v1", "Deployment", "web"));
    expect(web?.["status"]).toMatchObject({ readyReplicas: 1 });
    expect(conditionsOf(status)).toEqual([
      {
        type: "Ready",
        status: "True",
        reason: "ReconciliationSucceeded",
        message: `Applied revision: main@sha1:${commit}`,
        observedGeneration: 1,
      },
      {
        type: "Healthy",
        status: "True",
        reason: "Succeeded",
        message: "Health check passed in <time>",
        observedGeneration: 1,
      },
    ]);
  });

  test("while it waits the conditions say so, and a newer commit ends the wait", async () => {
    const space = await world().space("waiting");
    const first = await space.commit({ "app/web.yaml": deployment("web", { replicas: 1, hangs: true }) });
    await space.kustomization({ wait: true, timeout: "2m" });
    const waiting = await reports(space, "it waits", (one) => conditionOf(one, "Healthy")?.status === "Unknown");
    const message = `Running health checks for revision main@sha1:${first} with a timeout of 2m0s`;
    expect(conditionOf(waiting, "Reconciling")).toMatchObject({ status: "True", reason: "Progressing", message });
    expect(conditionOf(waiting, "Ready")).toMatchObject({ status: "Unknown", reason: "Progressing" });
    expect(waiting.lastAppliedRevision).toBeUndefined();
    const second = await space.commit({ "app/web.yaml": deployment("web", { replicas: 1 }) });
    await space.applied(second);
  });

  test("an object that fails ends the wait at once, in the words of Flux", async () => {
    const space = await world().space("failing");
    const commit = await space.commit({
      "app/web.yaml": deployment("web", { replicas: 1, hangs: true, deadline: 1 }),
    });
    await space.kustomization({ wait: true, timeout: "5m" });
    const words = "failed early due to stalled resources: [Deployment/failing/web status: 'Failed']";
    const failed = await space.says(words);
    expect(withoutDurations(failed.message)).toBe(`health check failed after <time>: ${words}`);
    const status = await space.status();
    expect(conditionsOf(status)).toEqual([
      {
        type: "Reconciling",
        status: "True",
        reason: "ProgressingWithRetry",
        message: `Running health checks for revision main@sha1:${commit} with a timeout of 5m0s`,
        observedGeneration: 1,
      },
      {
        type: "Ready",
        status: "False",
        reason: "HealthCheckFailed",
        message: `health check failed after <time>: ${words}`,
        observedGeneration: 1,
      },
      { type: "Healthy", status: "False", reason: "HealthCheckFailed", message: words, observedGeneration: 1 },
    ]);
    expect(status.observedGeneration).toBe(-1);
    expect(status.lastAttemptedRevision).toBe(`main@sha1:${commit}`);
    expect(status.lastAppliedRevision).toBeUndefined();
    expect(status.inventory?.entries).toEqual([{ id: "failing_web_apps_Deployment", v: "v1" }]);
    expect(status.history).toMatchObject([{ lastReconciledStatus: "HealthCheckFailed" }]);
  });

  test("a wait ends at the timeout, of which thirty seconds is the shortest", async () => {
    const space = await world().space("endless");
    await space.commit({ "app/web.yaml": deployment("web", { replicas: 1, hangs: true }) });
    const started = performance.now();
    await space.kustomization({ wait: true, timeout: "1s" });
    const words = "timeout waiting for: [Deployment/endless/web status: 'InProgress']";
    const failed = await space.says(words);
    expect(performance.now() - started).toBeGreaterThan(29_000);
    expect(failed).toMatchObject({ status: "False", reason: "HealthCheckFailed" });
  });

  test("healthChecks wait for the named objects only, and wait makes them superfluous", async () => {
    const space = await world().space("checks");
    const files = {
      "app/good.yaml": deployment("good", { replicas: 1 }),
      "app/slow.yaml": deployment("slow", { replicas: 1, hangs: true }),
    };
    const commit = await space.commit(files);
    const check = (name: string) => ({ apiVersion: "apps/v1", kind: "Deployment", namespace: "checks", name });
    await space.kustomization({ healthChecks: [check("good")] });
    const status = await space.applied(commit);
    expect(conditionOf(status, "Healthy")?.status).toBe("True");
    await space.kustomization({ healthChecks: [check("good")], wait: true });
    await reports(space, "it waits for all", (one) => conditionOf(one, "Healthy")?.status === "Unknown");
    await space.kustomization({ healthChecks: [check("slow")] });
    await reports(space, "it waits for the other", (one) => conditionOf(one, "Ready")?.status === "Unknown");
    await space.kustomization();
    expect(conditionOf(await space.applied(commit), "Healthy")).toBeUndefined();
  });

  test("dependsOn waits until the other app is ready, also one of another namespace", async () => {
    const base = await world().space("base");
    const space = await world().space("dependent");
    const commit = await space.commit({ "app/a.yaml": configMap("a") });
    await space.kustomization({ dependsOn: [{ name: "base", namespace: "base" }] });
    const words = `dependency 'base/base' not found: kustomizations.kustomize.toolkit.fluxcd.io "base" not found`;
    const missing = await space.says(words);
    expect(missing).toMatchObject({ status: "False", reason: "DependencyNotReady", message: words });
    const [event] = await eventually("the event is written", async () => {
      const events = await world().events({ kind: "Kustomization", namespace: "dependent", name: "dependent" });
      return events.length > 0 && events;
    });
    expect(event).toMatchObject({
      type: "Normal",
      reason: "DependencyNotReady",
      message: "Dependencies do not meet ready condition, retrying in 30s",
    });

    await base.commit({ "app/web.yaml": deployment("web", { replicas: 1, hangs: true }) });
    await base.kustomization({ wait: true });
    await space.says("dependency 'base/base' is not ready");
    expect(await world().get(space.configMap("a"))).toBeNull();
    const done = await base.commit({ "app/web.yaml": deployment("web", { replicas: 1 }) });
    await base.applied(done);
    await space.applied(commit);
  });

  test("of two apps of one source the dependent one applies a commit after the other", async () => {
    const space = await world().space("chain");
    const commit = await space.commit({ "app/a.yaml": configMap("a"), "next/b.yaml": configMap("b") });
    await space.kustomization();
    await space.kustomization({ path: "./next", dependsOn: [{ name: "chain" }] }, "next");
    await space.applied(commit, "next");
    await space.kustomization({ path: "./absent" });
    await space.says("kustomization path not found");
    const later = await space.commit({ "next/b.yaml": configMap("b", { value: "2" }) });
    await space.says("is not ready", { ref: space.kustomizationRef("next") });
    const repaired = await space.commit({ "absent/a.yaml": configMap("a") });
    await space.applied(repaired);
    await space.applied(repaired, "next");
    expect(later).not.toBe(repaired);
  });
});
