import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type ArgoView, configMap, deployment, type TestApp, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });
const files = { "a.yaml": configMap("a"), "b.yaml": configMap("b") };

/** An app that syncs on order only. */
async function manual(name: string): Promise<{ app: TestApp; commit: string }> {
  const app = world.app(name);
  const commit = await app.commit(files);
  await app.create({ spec: { syncPolicy: {} } });
  await app.until("it was compared", ({ sync }) => sync === "OutOfSync");
  return { app, commit };
}

/** Objects of one kind are written at the same time, in no order. */
function byName(rows: ArgoView["results"]): ArgoView["results"] {
  return rows.toSorted((a, b) => String(a["name"]).localeCompare(String(b["name"])));
}

describe.concurrent("an order", () => {
  test("syncs an app that does not sync by itself, and is recorded with who gave it", async () => {
    const { app, commit } = await manual("ordered");
    const done = await app.operate({ revision: commit }, { info: [{ name: "Reason", value: "first" }] });
    expect(done).toMatchObject({ phase: "Succeeded", message: "successfully synced (all tasks run)" });
    expect(done.status["operationState"]).toMatchObject({
      operation: { initiatedBy: { username: "ada" }, sync: { revision: commit } },
      syncResult: { revision: commit },
    });
    expect(byName(done.results)).toMatchObject([
      { kind: "ConfigMap", name: "a", status: "Synced", message: "configmap/a created", syncPhase: "Sync" },
      { kind: "ConfigMap", name: "b", status: "Synced", message: "configmap/b created", syncPhase: "Sync" },
    ]);
    const { history } = await app.settled(commit);
    expect(history).toMatchObject([{ id: 0, revision: commit, initiatedBy: { username: "ada" } }]);
    const annotations = app.now().metadata.annotations ?? {};
    expect(Object.keys(annotations).filter((name) => name.startsWith("holdfast.dev/"))).toEqual([]);
  });

  test("that is given again is done again", async () => {
    const { app, commit } = await manual("repeated");
    await app.operate({ revision: commit });
    await app.settled(commit);
    // Times are kept to the second, and two syncs that began within one are the same to history.
    await pause(1_000);
    await app.edit("ConfigMap", "a", { data: { value: "by hand" } });
    await app.until("the edit is told", ({ sync }) => sync === "OutOfSync");
    await app.operate({ revision: commit });
    const { history } = await app.settled(commit);
    expect(await app.config("a")).toEqual({ value: "1" });
    expect(history.map(({ id }) => id)).toEqual([0, 1]);
  });

  test("deletes only when it asks for it", async () => {
    const { app, commit } = await manual("pruning");
    await app.operate({ revision: commit });
    await app.settled(commit);
    const second = await app.commit({ "b.yaml": null });
    await app.refresh();
    const kept = await app.operate({});
    expect(kept).toMatchObject({ phase: "Succeeded", sync: "OutOfSync" });
    expect(await app.config("b")).toEqual({ value: "1" });
    const pruned = await app.operate({ prune: true });
    expect(pruned.results).toContainEqual(expect.objectContaining({ name: "b", status: "Pruned", message: "pruned" }));
    await app.settled(second);
    expect(await app.config("b")).toBeNull();
  });

  test("may name another revision, and then the app is OutOfSync with what it tracks", async () => {
    const { app, commit } = await manual("rolled-back");
    await world.git.git(app.name, "tag", "v1", commit);
    const second = await app.commit({ "a.yaml": configMap("a", "2") });
    await app.refresh();
    await app.operate({ revision: second });
    await app.settled(second);
    for (const revision of ["v1", commit]) {
      await app.operate({ revision });
      const back = await app.until("it is compared", ({ sync }) => sync === "OutOfSync");
      expect(await app.config("a")).toEqual({ value: "1" });
      expect(back.history.at(-1)).toMatchObject({ revision: commit });
      expect(back.revision).toBe(second);
      await app.operate({ revision: second });
      await app.settled(second);
      expect(await app.config("a")).toEqual({ value: "2" });
    }
  });

  test("may name some objects: the others wait, and history leaves it out", async () => {
    const { app, commit } = await manual("selective");
    const done = await app.operate({ revision: commit, resources: [{ kind: "ConfigMap", name: "a" }] });
    expect(done).toMatchObject({ phase: "Succeeded", history: [] });
    expect(done.results.map(({ name }) => name)).toEqual(["a"]);
    expect(await app.config("a")).toEqual({ value: "1" });
    expect(await app.config("b")).toBeNull();
    const after = await app.until("it is compared", ({ rows }) => rows[0]?.["status"] === "Synced");
    expect(after.rows).toMatchObject([
      { name: "a", status: "Synced" },
      { name: "b", status: "OutOfSync" },
    ]);
    expect(after.sync).toBe("OutOfSync");
  });

  test("may name an object without its namespace, wherever that is", async () => {
    const app = world.app("selective-anywhere");
    const at = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "far", namespace: "default" } };
    const commit = await app.commit({ "a.yaml": configMap("a"), "far.yaml": JSON.stringify(at) });
    await app.create({ spec: { syncPolicy: {} } });
    await app.until("it was compared", ({ sync }) => sync === "OutOfSync");
    const done = await app.operate({ revision: commit, resources: [{ kind: "ConfigMap", name: "far" }] });
    expect(done.results.map(({ name, namespace }) => `${String(namespace)}/${String(name)}`)).toEqual(["default/far"]);
    expect(await app.object("ConfigMap", "far", "default")).not.toBeNull();
    expect(await app.config("a")).toBeNull();
  });

  test("may be a dry run, which writes nothing", async () => {
    const { app, commit } = await manual("dry");
    const done = await app.operate({ revision: commit, dryRun: true });
    expect(done).toMatchObject({ phase: "Succeeded", sync: "OutOfSync", history: [] });
    expect(byName(done.results)).toMatchObject([
      { name: "a", message: "configmap/a created (dry run)" },
      { name: "b", message: "configmap/b created (dry run)" },
    ]);
    expect(await app.config("a")).toBeNull();
  });

  test("that fails ends as failed, and its own retry is followed", async () => {
    const app = world.app("failing");
    const commit = await app.commit({ "a.yaml": configMap("a"), "web.yaml": deployment("web", { replicas: -1 }) });
    await app.create({ spec: { syncPolicy: {} } });
    await app.until("it was compared", ({ sync }) => sync === "OutOfSync");
    const failed = await app.operate({ revision: commit });
    expect(failed.phase).toBe("Failed");
    expect(failed.message).toContain("Deployment/in-failing/web");
    expect(failed.results).toContainEqual(expect.objectContaining({ kind: "Deployment", status: "SyncFailed" }));
    expect(failed.history).toEqual([]);
    const again = await app.operate(
      { revision: commit },
      { retry: { limit: 1, backoff: { duration: "1s", factor: 1, maxDuration: "1s" } } },
    );
    expect(again).toMatchObject({ phase: "Failed", retries: 1 });
    expect(again.message).toMatch(/\(retried 1 times\)\.$/);
  });

  test("for a revision that does not exist ends in an error that names it", async () => {
    const { app } = await manual("unknown-revision");
    const failed = await app.operate({ revision: "v9.9.9" });
    expect(failed.phase).toBe("Error");
    expect(failed.message).toContain("v9.9.9");
    expect(await app.config("a")).toBeNull();
  });

  test("may bring its objects, and then the app is OutOfSync with what it tracks", async () => {
    const { app, commit } = await manual("given");
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "door" }, stringData: { key: "open sesame" } };
    const manifests = [configMap("a", "given"), JSON.stringify(secret)];
    const done = await app.operate({ manifests });
    expect(done).toMatchObject({ phase: "Succeeded", message: "successfully synced (all tasks run)" });
    expect(byName(done.results)).toMatchObject([{ name: "a" }, { name: "door" }]);
    expect(JSON.stringify(done.object)).not.toContain("sesame");
    expect(await app.config("a")).toEqual({ value: "given" });
    expect(await app.config("b")).toBeNull();
    const after = await app.until("it is compared", ({ rows }) => rows.some(({ name }) => name === "b"));
    expect(after).toMatchObject({ sync: "OutOfSync", revision: commit });
    await app.operate({ revision: commit, prune: true });
    await app.settled(commit);
    expect(await app.config("a")).toEqual({ value: "1" });
    expect(await app.object("Secret", "door")).toBeNull();
  });

  test("that brings objects is refused where syncs are automatic, unless it is a dry run", async () => {
    const app = world.app("given-auto");
    const commit = await app.commit(files);
    await app.create();
    await app.settled(commit);
    const refused = await app.operate({ manifests: [configMap("a", "given")] });
    expect(refused).toMatchObject({
      phase: "Error",
      message: "cannot use local sync when Automatic Sync Policy is enabled unless for dry run",
    });
    const tried = await app.operate({ manifests: [configMap("a", "given")], dryRun: true });
    expect(tried).toMatchObject({ phase: "Succeeded" });
    expect(tried.results).toContainEqual(expect.objectContaining({ message: "configmap/a configured (dry run)" }));
    const broken = await app.operate({ manifests: ["{}"], dryRun: true });
    expect(broken.message).toMatch(/^operation\.sync\.manifests\[0\]: is no object/);
    await app.settled(commit);
    expect(await app.config("a")).toEqual({ value: "1" });
  });

  test("on an app that cannot be used ends in an error that says why", async () => {
    const app = world.app("unusable");
    await app.commit(files);
    await app.create({ spec: { project: "nothing" } });
    await app.until("it is refused", ({ conditions }) => conditions.length > 0);
    const answer = await app.operate({});
    expect(answer).toMatchObject({
      phase: "Error",
      message: "InvalidSpecError: Application referencing project nothing which does not exist",
    });
  });
});
