import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { type ArgoView, configMap, deployment, type TestApp, useArgoWorld } from "./argo-world.ts";
import { hookJob } from "./hook-jobs.ts";

const world = useArgoWorld();
const { signal } = new AbortController();

async function job(app: TestApp, name: string): Promise<Resource | null> {
  return world.client.get({ apiVersion: "batch/v1", kind: "Job", namespace: app.namespace, name }, { signal });
}

/** `PHASE kind/name: hookPhase` of every row, in the order of the status. */
function steps({ results }: ArgoView): string[] {
  return results.map((row) => `${String(row["syncPhase"])} ${String(row["name"])}: ${String(row["hookPhase"])}`);
}

/** Lets the pods of a Job that hangs complete. */
async function release(app: TestApp, name: string): Promise<void> {
  const lookup = await world.client.kind({ group: "", kind: "Pod" }, { signal });
  if (lookup.known !== "yes") throw new Error("There are no pods");
  const pods = await world.client.list(
    lookup.info,
    { namespace: app.namespace, labelSelector: `batch.kubernetes.io/job-name=${name}` },
    { signal },
  );
  for (const pod of pods)
    await app.edit("Pod", pod.metadata.name, {
      metadata: { annotations: { "holdfast.dev/test-behaviour": null } },
    });
}

describe.concurrent("hooks", () => {
  test("run around a sync, once, and are told of in its result", async () => {
    const app = world.app("around");
    const commit = await app.commit({
      "pre.yaml": hookJob("pre", { hook: "PreSync" }),
      "web.yaml": deployment("web"),
      "a.yaml": configMap("a", "1", { "argocd.argoproj.io/sync-wave": "1" }),
      "post.yaml": hookJob("post", { hook: "PostSync", policy: "HookSucceeded", generated: true }),
      "fail.yaml": hookJob("fail", { hook: "SyncFail" }),
    });
    await app.create();
    const done = await app.until("it is synced", ({ phase }) => phase === "Succeeded");
    expect(done).toMatchObject({ sync: "Synced", revision: commit, health: "Healthy" });
    expect(done.message).toBe("successfully synced (no more tasks)");
    const started = Date.parse(String((done.status["operationState"] as { startedAt: string }).startedAt)) / 1000;
    const post = `post-${commit.slice(0, 7)}-postsync-${started}`;
    expect(steps(done)).toEqual([
      "PreSync pre: Succeeded",
      "Sync web: Succeeded",
      "Sync a: Succeeded",
      `PostSync ${post}: Succeeded`,
    ]);
    expect(done.results[0]).toMatchObject({
      group: "batch",
      kind: "Job",
      hookType: "PreSync",
      status: "Synced",
      message: "Reached expected number of succeeded pods",
      namespace: app.namespace,
    });
    const pre = await job(app, "pre");
    expect(pre?.metadata.finalizers ?? []).toEqual([]);
    expect(await job(app, post)).toBeNull();
    expect(await job(app, "fail")).toBeNull();
    expect(done.rows.map((row) => [row["name"], row["hook"] ?? false, row["status"] ?? ""])).toEqual([
      ["a", false, "Synced"],
      ["web", false, "Synced"],
      ["pre", true, ""],
    ]);

    await app.edit("ConfigMap", "a", { data: { value: "by hand" } });
    await app.until("the edit is healed", ({ object }) => JSON.stringify(object).includes("autoHealAttemptsCount"));
    expect((await job(app, "pre"))?.metadata.uid).toBe(pre?.metadata.uid);

    const next = await app.commit({ "a.yaml": configMap("a", "2") });
    await app.refresh();
    await app.until("it is synced again", ({ history }) => history.at(-1)?.["revision"] === next);
    const again = await job(app, "pre");
    expect(again?.metadata.uid).not.toBe(pre?.metadata.uid);
  });

  test("hold back what comes after them, and say so", async () => {
    const app = world.app("held-back");
    const commit = await app.commit({
      "pre.yaml": hookJob("pre", { hook: "PreSync", behaviour: "hang" }),
      "a.yaml": configMap("a"),
    });
    await app.create();
    const waiting = await app.until("it waits", ({ message }) => message.startsWith("waiting"));
    expect(waiting).toMatchObject({ phase: "Running", message: "waiting for completion of hook batch/Job/pre" });
    expect(steps(waiting)).toEqual(["PreSync pre: Running"]);
    expect(await app.config("a")).toBeNull();
    expect((await job(app, "pre"))?.metadata.finalizers).toEqual(["argocd.argoproj.io/hook-finalizer"]);
    await release(app, "pre");
    await app.settled(commit);
    expect(await app.config("a")).toEqual({ value: "1" });
  });

  test("that fail fail the sync, and then those run that are for this", async () => {
    const app = world.app("failing");
    await app.commit({
      "pre.yaml": hookJob("pre", { hook: "PreSync", behaviour: "crash", policy: "HookFailed" }),
      "a.yaml": configMap("a"),
      "post.yaml": hookJob("post", { hook: "PostSync" }),
      "fail.yaml": hookJob("fail", { hook: "SyncFail" }),
    });
    await app.create({ spec: { syncPolicy: { automated: {}, retry: { limit: 0 } } } });
    const failed = await app.until("it failed", ({ phase }) => phase === "Failed");
    expect(steps(failed)).toEqual(["PreSync pre: Failed", "SyncFail fail: Succeeded"]);
    expect(failed.message).toContain("one or more synchronization tasks completed unsuccessfully, reason: hook Job/");
    expect(await job(app, "pre")).toBeNull();
    expect(await job(app, "post")).toBeNull();
    expect((await job(app, "fail"))?.metadata.finalizers ?? []).toEqual([]);
    expect(await app.config("a")).toBeNull();
  });

  test("are deleted while they run when a person ends the sync", async () => {
    const app = world.app("ended-hook");
    await app.commit({ "pre.yaml": hookJob("pre", { hook: "PreSync", behaviour: "hang" }), "a.yaml": configMap("a") });
    await app.create();
    await app.until("it waits", ({ message }) => message.startsWith("waiting"));
    await app.patch({ status: { operationState: { phase: "Terminating" } } });
    const ended = await app.until("it ended", ({ phase }) => phase === "Failed");
    expect(ended.message).toBe("Operation terminated");
    expect(await job(app, "pre")).toBeNull();
    expect(await app.config("a")).toBeNull();
  });

  test("that run keep a newer commit waiting", async () => {
    const app = world.app("newer");
    const first = await app.commit({
      "pre.yaml": hookJob("pre", { hook: "PreSync", behaviour: "hang" }),
      "a.yaml": configMap("a", "1"),
    });
    await app.create();
    await app.until("it waits", ({ message }) => message.startsWith("waiting"));
    const { uid } = (await job(app, "pre"))?.metadata ?? {};
    const second = await app.commit({ "a.yaml": configMap("a", "2"), "pre.yaml": hookJob("pre", { hook: "PreSync" }) });
    await app.refresh();
    await app.until("the newer commit is known", ({ revision }) => revision === second);
    expect((await job(app, "pre"))?.metadata.uid).toBe(uid);
    await release(app, "pre");
    const done = await app.until("it is synced", ({ history }) => history.at(-1)?.["revision"] === second);
    expect(await app.config("a")).toEqual({ value: "2" });
    expect((await job(app, "pre"))?.metadata.uid).not.toBe(uid);
    expect(done.history.map(({ revision }) => revision)).not.toContain(first);
  });

  test("of Helm run as their counterparts, by weight, and its tests not at all", async () => {
    const app = world.app("helm-hooks");
    const helm = (name: string, event: string, weight: string) =>
      hookJob(name, { hook: "", annotations: { "helm.sh/hook": event, "helm.sh/hook-weight": weight } });
    const commit = await app.commit({
      "one.yaml": helm("second", "pre-install,pre-upgrade", "5"),
      "two.yaml": helm("first", "pre-install", "-5"),
      "three.yaml": helm("last", "post-install", "0"),
      "four.yaml": helm("tested", "test", "0"),
      "a.yaml": configMap("a"),
    });
    await app.create();
    const done = await app.until("it is synced", ({ history }) => history.at(-1)?.["revision"] === commit);
    expect(steps(done)).toEqual([
      "PreSync first: Succeeded",
      "PreSync second: Succeeded",
      "Sync a: Succeeded",
      "PostSync last: Succeeded",
    ]);
    expect(await job(app, "tested")).toBeNull();
  });

  test("that never end are ended by the limit that the app sets for its syncs", async () => {
    const app = world.app("endless");
    await app.commit({
      "pre.yaml": hookJob("pre", { hook: "PreSync", behaviour: "hang" }),
      "a.yaml": configMap("a"),
      "fail.yaml": hookJob("fail", { hook: "SyncFail" }),
    });
    await app.create({
      metadata: { annotations: { "holdfast.dev/sync-timeout": "2s" } },
      spec: { syncPolicy: { automated: {}, retry: { limit: 0 } } },
    });
    const failed = await app.until("it failed", ({ phase }) => phase === "Failed");
    expect(failed.message).toContain("reason: timeout waiting for: [Job/in-endless/pre");
    expect(steps(failed)).toEqual(["PreSync pre: Running", "SyncFail fail: Succeeded"]);
    expect(await job(app, "pre")).toBeNull();
    expect(await app.config("a")).toBeNull();
  });

  test("go with the app", async () => {
    const app = world.app("leaving");
    const commit = await app.commit({ "pre.yaml": hookJob("pre", { hook: "PreSync" }), "a.yaml": configMap("a") });
    await app.create({ metadata: { finalizers: ["resources-finalizer.argocd.argoproj.io/background"] } });
    await app.settled(commit);
    expect(await job(app, "pre")).not.toBeNull();
    await app.delete();
    expect(await job(app, "pre")).toBeNull();
  });

  test("run before and after the objects of a deleted app go, the highest wave of which goes first", async ({
    expect,
  }) => {
    const app = world.app("deleted");
    const cascade = "resources-finalizer.argocd.argoproj.io";
    const commit = await app.commit({
      "pre.yaml": hookJob("pre", { hook: "PreDelete", behaviour: "hang" }),
      "a.yaml": configMap("a"),
      "b.yaml": configMap("b", "1", { "argocd.argoproj.io/sync-wave": "1" }),
      "post.yaml": hookJob("post", { hook: "PostDelete", policy: "HookSucceeded", behaviour: "hang" }),
    });
    await app.create({ metadata: { finalizers: [cascade] } });
    await app.settled(commit);
    const kept = await app.until(
      "it is kept for its hooks",
      ({ object }) => (object.metadata.finalizers ?? []).length > 1,
    );
    expect(kept.object.metadata.finalizers).toEqual([
      cascade,
      "pre-delete-finalizer.argocd.argoproj.io",
      "pre-delete-finalizer.argocd.argoproj.io/cleanup",
      "post-delete-finalizer.argocd.argoproj.io",
      "post-delete-finalizer.argocd.argoproj.io/cleanup",
    ]);
    await app.edit("ConfigMap", "b", { metadata: { finalizers: ["example.test/hold"] } });
    const gone = app.delete();
    await expect.poll(() => job(app, "pre")).not.toBeNull();
    expect(await app.config("a")).toEqual({ value: "1" });
    const { uid } = (await job(app, "pre"))?.metadata ?? {};
    await expect.poll(() => release(app, "pre").then(() => app.config("b"))).toBeDefined();
    const leaving = async () => (await app.object("ConfigMap", "b"))?.metadata.deletionTimestamp;
    await expect.poll(leaving).toBeDefined();
    expect((await job(app, "pre"))?.metadata.uid ?? uid).toBe(uid);
    expect(await app.config("a")).toEqual({ value: "1" });
    expect(await job(app, "post")).toBeNull();
    await app.edit("ConfigMap", "b", { metadata: { finalizers: null } });
    await expect.poll(() => job(app, "post")).not.toBeNull();
    expect(await app.config("a")).toBeNull();
    await release(app, "post");
    await gone;
    expect(await job(app, "post")).toBeNull();
    expect(await job(app, "pre")).toBeNull();
  });

  test("that fail before a deletion hold it up, and it is said how to do without them", async () => {
    const app = world.app("held-deletion");
    const commit = await app.commit({
      "pre.yaml": hookJob("pre", { hook: "PreDelete", behaviour: "crash" }),
      "a.yaml": configMap("a"),
    });
    await app.create({ metadata: { finalizers: ["resources-finalizer.argocd.argoproj.io/background"] } });
    await app.settled(commit);
    await app.until("it is kept for its hooks", ({ object }) => (object.metadata.finalizers ?? []).length > 1);
    const gone = app.delete();
    const held = await app.until("it is held", ({ conditions }) => conditions.length > 0);
    expect(held.conditions.join()).toMatch(
      /^DeletionError: Job.* failed as a hook: .*; remove the finalizer pre-delete-finalizer.argocd.argoproj.io to delete/,
    );
    expect(await app.config("a")).toEqual({ value: "1" });
    await app.patch({ metadata: { finalizers: ["resources-finalizer.argocd.argoproj.io/background"] } });
    await gone;
    expect(await app.config("a")).toBeNull();
  });

  test("do not run for some objects only, nor with the apply strategy", async () => {
    const app = world.app("partial");
    await app.commit({
      "pre.yaml": hookJob("pre", { hook: "PreSync" }),
      "a.yaml": configMap("a"),
      "b.yaml": configMap("b"),
    });
    await app.create({ spec: { syncPolicy: {} } });
    await app.until("it was compared", ({ sync }) => sync === "OutOfSync");
    const some = await app.operate({ resources: [{ kind: "ConfigMap", name: "a" }] });
    expect(steps(some)).toEqual(["Sync a: Running"]);
    const plain = await app.operate({ syncStrategy: { apply: {} } });
    expect(plain.phase).toBe("Succeeded");
    expect(await job(app, "pre")).toBeNull();
    const whole = await app.operate({});
    expect(steps(whole)).toContain("PreSync pre: Succeeded");
  });

  test("with a moment that does not exist are refused by name, and nothing is applied", async () => {
    const app = world.app("unknown-hook");
    await app.commit({ "pre.yaml": hookJob("pre", { hook: "BeforeSync" }), "a.yaml": configMap("a") });
    await app.create();
    const refused = await app.until("it is refused", ({ conditions }) => conditions.length > 0);
    expect(refused.conditions.join()).toContain('there is no hook "BeforeSync"; there are PreSync, Sync, PostSync');
    expect(await app.config("a")).toBeNull();
  });
});
