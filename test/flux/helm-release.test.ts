import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChartServer } from "../support/chart-server.ts";
import { eventually } from "../support/eventually.ts";
import { conditionOf, dataOf, useFluxWorld } from "./flux-world.ts";
import { configTemplate, HelmSpace, jobTemplate, stateOf } from "./helm-space.ts";

const world = useFluxWorld({ withNodes: true });
let server: ChartServer;

const base = { "values.yaml": "color: blue\n", "templates/a.yaml": configTemplate("a") };
const crd = (scope: string) => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${scope}s.helm.example}
spec:
  group: helm.example
  scope: Namespaced
  names: {plural: ${scope}s, singular: ${scope}, kind: ${scope[0]?.toUpperCase()}${scope.slice(1)}}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`;

beforeAll(async () => {
  server = await new ChartServer().start();
  server.publish("web", "1.0.0", { files: base });
  server.publish("web", "1.1.0", { files: { ...base, "templates/more.yaml": configTemplate("more") } });
  server.publish("hooked", "1.0.0", {
    files: {
      ...base,
      "templates/first.yaml": jobTemplate("first", {
        "helm.sh/hook": "pre-install,pre-upgrade",
        "helm.sh/hook-weight": "-5",
      }),
      "templates/second.yaml": configTemplate(
        "second",
        "x",
        "{helm.sh/hook: pre-install, helm.sh/hook-delete-policy: hook-succeeded}",
      ),
      "templates/last.yaml": jobTemplate("last", { "helm.sh/hook": "post-install" }),
      "templates/check.yaml": jobTemplate("check", { "helm.sh/hook": "test" }),
    },
  });
  server.publish("defining", "1.0.0", {
    files: {
      "crds/gadget.yaml": crd("gadget"),
      "templates/gadget.yaml": "apiVersion: helm.example/v1\nkind: Gadget\nmetadata: {name: one}\n",
    },
  });
  server.publish("crashing", "1.0.0", {
    files: { ...base, "templates/j.yaml": jobTemplate("j", { "helm.sh/hook": "pre-install" }, "crash") },
  });
  server.publish("crashing", "2.0.0", {
    files: { ...base, "templates/j.yaml": jobTemplate("j", { "helm.sh/hook": "pre-upgrade" }, "crash") },
  });
  for (const name of ["hanging", "slow"]) {
    server.publish(name, "1.0.0", { files: base });
    server.publish(name, "2.0.0", { files: { ...base, "templates/j.yaml": jobTemplate("j", {}, "hang") } });
  }
  server.publish("untested", "1.0.0", {
    files: { ...base, "templates/t.yaml": jobTemplate("t", { "helm.sh/hook": "test" }, "crash") },
  });
});
afterAll(() => server.stop());

const helmSpace = async (name: string) => new HelmSpace(world(), await world().space(name), server.url);

describe.concurrent("HelmRelease", () => {
  test("a chart is installed, upgraded with other values and another version, and removed", async () => {
    const helm = await helmSpace("helm-life");
    const { space } = helm;
    await helm.release("web", "1.0.0");
    const first = await helm.ready(1);
    expect(conditionOf(first, "Released")?.message).toBe(
      "Helm install succeeded for release helm-life/helm-life.v1 with chart web@1.0.0",
    );
    const made = await world().get(space.configMap("helm-life-a"));
    expect(dataOf(made)).toEqual({ color: "blue" });
    expect(made?.metadata).toMatchObject({
      labels: { "app.kubernetes.io/managed-by": "Helm", "helm.toolkit.fluxcd.io/name": "helm-life" },
      annotations: { "meta.helm.sh/release-name": "helm-life", "meta.helm.sh/release-namespace": "helm-life" },
    });
    await helm.release("web", "1.0.0", { values: { color: "red" } });
    await helm.ready(2);
    await space.holds("helm-life-a", { color: "red" });
    await helm.release("web", "1.1.0");
    const last = await helm.ready(3);
    expect(last.history?.map(({ version, status, chartVersion }) => [version, status, chartVersion])).toEqual([
      [3, "deployed", "1.1.0"],
      [2, "superseded", "1.0.0"],
    ]);
    await space.holds("helm-life-more", { color: "red" });
    await helm.release("web", "1.0.0");
    await helm.ready(4);
    await space.gone(space.configMap("helm-life-more"));
    await helm.remove();
    await space.gone(space.configMap("helm-life-a"));
    await space.gone(space.at("v1", "Secret", "sh.helm.release.v1.helm-life.v4"));
    await space.gone(space.at("source.toolkit.fluxcd.io/v1", "HelmChart", "helm-life-helm-life"));
  });

  test("hooks run by weight, are waited for, and go as their policy says; tests run when asked for", async () => {
    const helm = await helmSpace("helm-hooks");
    const { space } = helm;
    await helm.release("hooked", "1.0.0", { test: { enable: true } });
    const status = await helm.ready(1);
    expect(conditionOf(status, "TestSuccess")?.message).toBe(
      "Helm test succeeded for release helm-hooks/helm-hooks.v1 with chart hooked@1.0.0: 1 test hook completed successfully",
    );
    expect(status.history?.[0]?.testHooks).toMatchObject({ "helm-hooks-check": { phase: "Succeeded" } });
    const job = (name: string) => world().get(space.at("batch/v1", "Job", `helm-hooks-${name}`));
    const [first, last, a] = await Promise.all([
      job("first"),
      job("last"),
      world().get(space.configMap("helm-hooks-a")),
    ]);
    const at = (object: typeof first) => Number(object?.metadata.resourceVersion);
    expect(stateOf(first?.["status"] as never, "Complete")).toBe("True");
    expect(stateOf(last?.["status"] as never, "Complete")).toBe("True");
    expect(at(first)).toBeLessThan(at(a));
    expect(Date.parse(last?.metadata.creationTimestamp ?? "")).toBeGreaterThanOrEqual(
      Date.parse(a?.metadata.creationTimestamp ?? ""),
    );
    await space.gone(space.configMap("helm-hooks-second"));
    await helm.release("hooked", "1.0.0", { values: { color: "red" } });
    await helm.ready(2);
    const again = await job("first");
    expect(again?.metadata.uid).not.toBe(first?.metadata.uid);
    await helm.remove();
  });

  test("definitions of crds/ are there before what needs them, and stay when the release goes", async () => {
    const helm = await helmSpace("helm-crds");
    await helm.release("defining", "1.0.0");
    await helm.ready(1);
    const gadget = helm.space.at("helm.example/v1", "Gadget", "one");
    world().client.invalidateDiscovery();
    expect(await world().get(gadget)).not.toBeNull();
    await helm.remove();
    await helm.space.gone(gadget);
    const definition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      name: "gadgets.helm.example",
    };
    expect(await world().get(definition)).not.toBeNull();
  });

  test("a failed installation stalls where there are no retries, and a new spec starts over", async () => {
    const helm = await helmSpace("helm-fails");
    await helm.release("crashing", "1.0.0");
    const stalled = await helm.status("stalled", (status) => stateOf(status, "Stalled") === "True");
    expect(conditionOf(stalled, "Stalled")).toMatchObject({
      reason: "RetriesExceeded",
      message: "Failed to install after 1 attempt(s)",
    });
    expect(conditionOf(stalled, "Ready")).toMatchObject({ status: "False", reason: "InstallFailed" });
    expect(conditionOf(stalled, "Ready")?.message).toContain(
      "Helm install failed for release helm-fails/helm-fails with chart crashing@1.0.0: ",
    );
    expect(conditionOf(stalled, "Ready")?.message).toContain("BackoffLimitExceeded");
    // A chart of another name is another release: the failed one is removed first.
    await helm.release("web", "1.0.0");
    expect((await helm.ready(1)).failures ?? 0).toBe(0);
  });

  test("a failed installation is removed as often as it is tried, and then no more", async () => {
    const helm = await helmSpace("helm-removed");
    await helm.release("crashing", "1.0.0", { install: { remediation: { retries: 1, remediateLastFailure: true } } });
    const removed = await helm.status("stalled", (status) => stateOf(status, "Stalled") === "True");
    expect(conditionOf(removed, "Stalled")?.message).toBe("Failed to install after 2 attempt(s)");
    expect(removed.installFailures).toBe(2);
    expect(conditionOf(removed, "Remediated")).toMatchObject({ status: "True", reason: "UninstallSucceeded" });
    expect(await world().get(helm.space.configMap("helm-removed-a"))).toBeNull();
    expect(await world().get(helm.space.at("v1", "Secret", "sh.helm.release.v1.helm-removed.v1"))).toBeNull();
  });

  test("a failed upgrade is rolled back, and what was there before is there again", async () => {
    const helm = await helmSpace("helm-back");
    await helm.release("hanging", "1.0.0");
    await helm.ready(1);
    const upgrade = { remediation: { retries: 0, remediateLastFailure: true } };
    await helm.release("hanging", "2.0.0", { timeout: "2s", values: { color: "red" }, upgrade });
    const back = await helm.status("rolled back", (status) => stateOf(status, "Stalled") === "True");
    expect(conditionOf(back, "Remediated")?.message).toBe(
      "Helm rollback to previous release helm-back/helm-back.v1 with chart hanging@1.0.0 succeeded",
    );
    expect(conditionOf(back, "Released")?.message).toContain(
      "timeout waiting for: [Job/helm-back/helm-back-j status: ",
    );
    await helm.space.holds("helm-back-a", { color: "blue" });
    await helm.space.gone(helm.space.at("batch/v1", "Job", "helm-back-j"));
    expect(back.history?.map(({ version, status }) => [version, status]).slice(0, 2)).toEqual([
      [3, "deployed"],
      [2, "failed"],
    ]);
  });

  test("what left a release that has stalled goes as soon as all readers of its chart have read", async () => {
    const other = await helmSpace("helm-unread");
    await other.release("slow", "9.0.0");
    const helm = await helmSpace("helm-late");
    await helm.release("slow", "1.0.0");
    await helm.ready(1);
    const upgrade = { remediation: { retries: 0, remediateLastFailure: true } };
    await helm.release("slow", "2.0.0", { timeout: "1s", upgrade });
    await helm.status("rolled back", (status) => stateOf(status, "Stalled") === "True");
    const job = helm.space.at("batch/v1", "Job", "helm-late-j");
    expect(await world().get(job)).not.toBeNull();
    await other.release("slow", "1.0.0");
    await helm.space.gone(job);
  });

  test("a failed upgrade that cleans up leaves nothing behind of what it created", async () => {
    const helm = await helmSpace("helm-cleans");
    await helm.release("hanging", "1.0.0");
    await helm.ready(1);
    await helm.release("hanging", "2.0.0", { timeout: "1s", upgrade: { cleanupOnFail: true } });
    await helm.status("stalled", (status) => stateOf(status, "Stalled") === "True");
    await helm.space.gone(helm.space.at("batch/v1", "Job", "helm-cleans-j"));
    expect(await world().get(helm.space.configMap("helm-cleans-a"))).not.toBeNull();
  });

  test("failed tests fail the release unless they are ignored", async () => {
    const helm = await helmSpace("helm-tests");
    await helm.release("untested", "1.0.0", { test: { enable: true } });
    const failed = await helm.status("failed", (status) => stateOf(status, "TestSuccess") === "False");
    expect(conditionOf(failed, "Ready")?.reason).toBe("TestFailed");
    await helm.release("untested", "1.0.0", { test: { enable: true, ignoreFailures: true } });
    await helm.status("ready", (status) => stateOf(status, "Ready") === "True");
  });

  test("drift is corrected at once where that is enabled, told where it is a warning, and ignored by rule", async () => {
    const helm = await helmSpace("helm-drift");
    const map = helm.space.configMap("helm-drift-a");
    const ignore = [{ paths: ["/data/own"] }];
    await helm.release("web", "1.0.0", { driftDetection: { mode: "enabled", ignore } });
    await helm.ready(1);
    await world().patch(map, { data: { color: "green", own: "kept" } });
    await helm.space.holds("helm-drift-a", { color: "blue", own: "kept" });
    await eventually("the correction is told", async () => {
      const reasons = (await world().events({ ...helm.ref, namespace: helm.name })).map((event) => event["reason"]);
      return reasons.includes("DriftDetected") && reasons.includes("DriftCorrected");
    });
    await world().delete(map);
    await helm.space.holds("helm-drift-a", { color: "blue" });
    await helm.release("web", "1.0.0", { driftDetection: { mode: "warn" } });
    await helm.ready(1);
    await world().patch(map, { data: { color: "green" } });
    const told = await helm.status("drifted", (status) => stateOf(status, "Drifted") === "True");
    expect(conditionOf(told, "Drifted")?.message).toContain("ConfigMap/helm-drift/helm-drift-a");
    expect(stateOf(told, "Ready")).toBe("True");
    expect(dataOf(await world().get(map))).toEqual({ color: "green" });
  });

  test("an action that another process left half done is unlocked, and a forced upgrade upgrades what is in sync", async () => {
    const helm = await helmSpace("helm-locked");
    await helm.release("web", "1.0.0");
    await helm.ready(1);
    const secret = helm.space.at("v1", "Secret", "sh.helm.release.v1.helm-locked.v1");
    const leaveHalfDone = () => world().patch(secret, { metadata: { labels: { status: "pending-upgrade" } } });
    const statusOf = async () => (await world().get(secret))?.metadata.labels?.["status"];
    await leaveHalfDone();
    await eventually("the same revision is finished", async () => (await statusOf()) === "deployed");
    await world().patch(helm.ref, { spec: { suspend: true } });
    await leaveHalfDone();
    await helm.release("web", "1.0.0", { suspend: false, values: { color: "red" } });
    await helm.ready(2);
    expect(await statusOf()).toBe("failed");
    const token = new Date().toISOString();
    const annotations = { "reconcile.fluxcd.io/requestedAt": token, "reconcile.fluxcd.io/forceAt": token };
    await world().patch(helm.ref, { metadata: { annotations } });
    const forced = await helm.ready(3);
    expect(forced.lastHandledReconcileAt).toBe(token);
  });

  test("a release under another name takes the place of the first one", async () => {
    const helm = await helmSpace("helm-moved");
    await helm.release("web", "1.0.0");
    await helm.ready(1);
    await helm.release("web", "1.0.0", { releaseName: "other" });
    await eventually("the new release is there", () => world().get(helm.space.configMap("other-a")));
    await helm.ready(1);
    await helm.space.gone(helm.space.configMap("helm-moved-a"));
    await helm.space.gone(helm.space.at("v1", "Secret", "sh.helm.release.v1.helm-moved.v1"));
  });

  test("values come from ConfigMaps and Secrets, and their change is an upgrade", async () => {
    const helm = await helmSpace("helm-values");
    const metadata = { name: "colors", namespace: helm.name };
    const colors = (color: string) =>
      world().apply({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { "values.yaml": `color: ${color}\n` } });
    await colors("pink");
    await helm.release("web", "1.0.0", { valuesFrom: [{ kind: "ConfigMap", name: "colors" }] });
    await helm.ready(1);
    await helm.space.holds("helm-values-a", { color: "pink" });
    await colors("grey");
    await helm.ready(2);
    await helm.space.holds("helm-values-a", { color: "grey" });
  });
});
