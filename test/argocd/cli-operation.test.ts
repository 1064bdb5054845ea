import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type Ended, runCli } from "../support/cli-program.ts";
import { temporaryDirectory } from "../support/control-plane.ts";
import { settingsOf, startEngine } from "../support/engine.ts";
import { configMap, type TestApp, useArgoWorld } from "./argo-world.ts";
import { hookJob } from "./hook-jobs.ts";

const run: { dataDir?: string } = {};
beforeAll(async () => {
  run.dataDir = await temporaryDirectory();
});
const world = useArgoWorld({ run });
let home: string;

beforeAll(async () => {
  home = await temporaryDirectory();
});

function holdfast(...args: readonly string[]): Promise<Ended> {
  return runCli({ home, kubeconfig: world.plane.kubeconfigPath }, args);
}

async function manual(name: string, files: Record<string, string>): Promise<{ app: TestApp; commit: string }> {
  const app = world.app(name);
  const commit = await app.commit(files);
  await app.create({ spec: { syncPolicy: {} } });
  await app.until("it was compared", ({ sync }) => sync === "OutOfSync");
  return { app, commit };
}

test("sync orders what its options say: a dry run, some objects, another revision", async () => {
  const { app, commit } = await manual("ordered", { "a.yaml": configMap("a"), "b.yaml": configMap("b") });
  const tried = await holdfast("sync", "app/ordered", "--dry-run");
  expect(tried).toMatchObject({ code: 0 });
  expect(tried.out).toMatch(/Synced +ConfigMap\/a +configmap\/a created \(dry run\)/);
  expect(await app.config("a")).toBeNull();

  const some = await holdfast(
    "sync",
    "ordered",
    "--resource",
    ":ConfigMap:a",
    "--strategy",
    "apply",
    "--retry-limit",
    "2",
  );
  expect(some).toMatchObject({ code: 0 });
  const done = await app.until("it is done", ({ phase, results }) => phase === "Succeeded" && results.length === 1);
  expect(done.status["operationState"]).toMatchObject({
    operation: {
      retry: { limit: 2 },
      sync: { resources: [{ kind: "ConfigMap", name: "a" }], syncStrategy: { apply: {} } },
    },
  });
  expect(await app.config("b")).toBeNull();

  await app.commit({ "b.yaml": configMap("b", "2") });
  expect(await holdfast("sync", "ordered", "--revision", commit, "--wait")).toMatchObject({ code: 0 });
  await app.until("it is out of sync again", ({ phase, sync }) => phase === "Succeeded" && sync === "OutOfSync");
  expect(await app.config("b")).toEqual({ value: "1" });
  expect(await holdfast("sync", "ordered", "--wait")).toMatchObject({ code: 0 });
  expect((await holdfast("wait", "ordered")).out).toMatch(/^app\/argocd\/ordered is Ready/);
  const refused = await holdfast("sync", "ordered", "--resource", "Deployment/web");
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.err).toContain("apps:Deployment:web");
}, 240_000);

test("sync --local applies a directory here in place of the repository", async () => {
  const { app, commit } = await manual("locally", { "a.yaml": configMap("a") });
  const checkout = await temporaryDirectory();
  await mkdir(join(checkout, "app"));
  await writeFile(join(checkout, "app", "a.yaml"), configMap("a", "here"));
  expect(await holdfast("sync", "locally", "--local", checkout, "--wait")).toMatchObject({ code: 0 });
  expect(await app.config("a")).toEqual({ value: "here" });
  const { history } = await app.until("it is told", ({ sync }) => sync === "OutOfSync");
  expect((await holdfast("rollback", "locally", "--id", String(history.at(-1)?.["id"]))).err).toContain("were given");
  await app.patch({ spec: { syncPolicy: { automated: {} } } });
  await app.settled(commit);
  const refused = await holdfast("sync", "locally", "--local", checkout);
  expect(refused).toMatchObject({ code: 5 });
  expect(refused.err).toContain("auto-sync would undo it");
  const tried = await holdfast("sync", "locally", "--local", checkout, "--dry-run");
  expect(tried.out).toContain("configmap/a configured (dry run)");
  expect(await app.config("a")).toEqual({ value: "1" });
}, 240_000);

test("terminate ends a sync with its running hook", async () => {
  const { app } = await manual("ended", {
    "pre.yaml": hookJob("pre", { hook: "PreSync", behaviour: "hang" }),
    "a.yaml": configMap("a"),
  });
  expect(await holdfast("terminate", "ended")).toMatchObject({ code: 5 });
  expect(await holdfast("sync", "ended", "--async")).toMatchObject({ code: 0 });
  await app.until("it runs", ({ phase }) => phase === "Running");
  expect(await holdfast("terminate", "ended")).toMatchObject({ code: 0 });
  const ended = await app.until("it ended", ({ phase }) => phase === "Failed");
  expect(ended.message).toBe("Operation terminated");
}, 240_000);

test("rollback --id syncs an entry of the history again, and is refused while auto-sync would undo it", async () => {
  const { app, commit } = await manual("back", { "a.yaml": configMap("a") });
  await holdfast("sync", "back", "--wait");
  const second = await app.commit({ "a.yaml": configMap("a", "2") });
  await holdfast("sync", "back", "--wait");
  await app.settled(second);
  const rolled = await holdfast("rollback", "back", "--id", "0");
  expect(rolled).toMatchObject({ code: 0 });
  expect(await app.config("a")).toEqual({ value: "1" });
  const back = await app.until("it is told", ({ sync }) => sync === "OutOfSync");
  expect(back.history.at(-1)).toMatchObject({ revision: commit });
  expect((await holdfast("rollback", "back", "--id", "9")).err).toContain("There are 0, 1, 2.");

  await app.patch({ spec: { syncPolicy: { automated: {} } } });
  await app.settled(second);
  const refused = await holdfast("rollback", "back", "--id", "0");
  expect(refused).toMatchObject({ code: 5 });
  expect(refused.err).toContain("rollback cannot be performed when auto-sync is enabled");
  expect(refused.err).toContain("holdfast rollback app/argocd/back");
}, 240_000);

test("rollback --id works while Git is away, from what was fetched or else from the render that was kept", async () => {
  const files = { "a.yaml": configMap("a"), "pre.yaml": hookJob("pre", { hook: "PreSync" }) };
  const { app, commit } = await manual("away", files);
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "door" }, stringData: { key: "open sesame" } };
  const { app: guarded } = await manual("guarded", { "a.yaml": configMap("a"), "s.yaml": JSON.stringify(secret) });
  for (const one of [app, guarded]) {
    await holdfast("sync", one.name, "--wait");
    const second = await one.commit({ "a.yaml": configMap("a", "2") });
    await holdfast("sync", one.name, "--wait");
    await one.settled(second);
  }

  world.git.behaviour.redirectTo = "http://127.0.0.1:1";
  expect(await holdfast("rollback", "away", "--id", "0")).toMatchObject({ code: 0 });
  expect(await app.config("a")).toEqual({ value: "1" });
  expect(await holdfast("rollback", "away", "--id", "1")).toMatchObject({ code: 0 });
  expect(await app.config("a")).toEqual({ value: "2" });

  await world.engine.stop();
  const { dataDir = "" } = run;
  for (const name of await readdir(dataDir)) if (name !== "renders") await rm(join(dataDir, name), { recursive: true });
  const again = await startEngine(settingsOf(world.plane), { dataDir });
  try {
    expect(await holdfast("rollback", "away", "--id", "0")).toMatchObject({ code: 0 });
    expect(await app.config("a")).toEqual({ value: "1" });
    const { history } = await app.until("it is recorded", (one) => one.history.length === 5);
    expect(history.at(-1)).toMatchObject({ id: 4, revision: commit, source: { repoURL: app.url } });

    const refused = await holdfast("rollback", "guarded", "--id", "0");
    expect(refused).toMatchObject({ code: 6 });
    expect(refused.err).toContain("no render of it is kept: it declares Secret/door, and values of Secrets");
    expect(await guarded.config("a")).toEqual({ value: "2" });
  } finally {
    delete world.git.behaviour.redirectTo;
    await again.stop();
  }
}, 240_000);
