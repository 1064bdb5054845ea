import { describe, expect, test } from "vitest";
import { type ArgoView, configMap, deployment, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });
const automated = (fields: Record<string, unknown>) => ({ syncPolicy: { automated: fields } });
const two = { "a.yaml": configMap("a"), "b.yaml": configMap("b") };

describe.concurrent("what is automated", () => {
  for (const [name, syncPolicy] of [
    ["no-policy", {}],
    ["disabled", { automated: { enabled: false, prune: true, selfHeal: true } }],
  ] as const) {
    test(`nothing is synced by itself: ${name}`, async () => {
      const app = world.app(`manual-${name}`);
      const commit = await app.commit(two);
      await app.create({ spec: { syncPolicy } });
      const view = await app.until("it was compared", ({ sync }) => sync === "OutOfSync");
      expect(view).toMatchObject({ health: "Missing", revision: commit, phase: "", conditions: [], history: [] });
      expect(view.rows).toMatchObject([
        { name: "a", status: "OutOfSync" },
        { name: "b", status: "OutOfSync" },
      ]);
      expect(await app.config("a")).toBeNull();
    });
  }

  test("without prune an object that left stays, and the app is OutOfSync until prune is on", async () => {
    const app = world.app("no-prune");
    await app.settled(await created(app, { prune: false, selfHeal: true }));
    const second = await app.commit({ "b.yaml": null });
    await app.refresh();
    const view = await app.until("it is compared", ({ revision }) => revision === second);
    expect(view.sync).toBe("OutOfSync");
    expect(view.rows).toMatchObject([
      { name: "a", status: "Synced" },
      { name: "b", status: "OutOfSync", requiresPruning: true },
    ]);
    expect(await app.config("b")).toEqual({ value: "1" });
    await app.patch({ spec: automated({ prune: true }) });
    await app.settled(second);
    expect(await app.config("b")).toBeNull();
  });

  test("without selfHeal an edit is told and left, also by a refresh, until selfHeal is on", async () => {
    const app = world.app("no-heal");
    const commit = await created(app, { prune: true, selfHeal: false });
    await app.settled(commit);
    await app.edit("ConfigMap", "a", { data: { value: "by hand" } });
    const drifted = await app.until("the edit is told", ({ sync }) => sync === "OutOfSync");
    expect(drifted.rows).toMatchObject([
      { name: "a", status: "OutOfSync" },
      { name: "b", status: "Synced" },
    ]);
    await app.refresh("hard");
    expect(await app.config("a")).toEqual({ value: "by hand" });
    await app.patch({ spec: automated({ selfHeal: true }) });
    await app.settled(commit);
    expect(await app.config("a")).toEqual({ value: "1" });
  });

  test("without selfHeal a commit is synced all the same", async () => {
    const app = world.app("no-heal-commit");
    await app.settled(await created(app, { prune: true }));
    const second = await app.commit({ "a.yaml": configMap("a", "2") });
    await app.refresh();
    await app.settled(second);
    expect(await app.config("a")).toEqual({ value: "2" });
  });

  test("healing is a partial sync that history leaves out", async () => {
    const app = world.app("healed");
    const commit = await created(app, { selfHeal: true });
    const before = await app.settled(commit);
    await app.edit("ConfigMap", "a", { data: { value: "by hand" } });
    const healed = await app.until("the healing is told", ({ status }) => {
      const { operation } = (status["operationState"] ?? {}) as { operation?: { sync?: Record<string, unknown> } };
      return operation?.sync?.["autoHealAttemptsCount"] === 1;
    });
    expect(healed.status["operationState"]).toMatchObject({
      phase: "Succeeded",
      operation: { initiatedBy: { automated: true }, sync: { resources: [{ kind: "ConfigMap", name: "a" }] } },
    });
    expect(healed.history).toEqual(before.history);
    expect(await app.config("a")).toEqual({ value: "1" });
  });

  test("an app becomes empty only where allowEmpty says so", async () => {
    const app = world.app("empty");
    await app.settled(await created(app, { prune: true, allowEmpty: false }));
    const second = await app.commit({ "a.yaml": null, "b.yaml": null, ".keep": "" });
    await app.refresh();
    const held = await app.until("it is held", ({ conditions }) => conditions.length > 0);
    expect(held.conditions.join()).toMatch(/^SyncError: .*holdfast approve/);
    expect(await app.config("a")).toEqual({ value: "1" });
    await app.patch({ spec: automated({ prune: true, allowEmpty: true }) });
    const done = await app.settled(second);
    expect(done.rows).toEqual([]);
    expect(await app.config("a")).toBeNull();
  });

  test("a skipped app is left alone until the annotation goes", async () => {
    const app = world.app("skipped");
    const commit = await app.commit(two);
    const skip = { "argocd.argoproj.io/skip-reconcile": "true" };
    await app.create({ metadata: { annotations: skip } });
    const witness = world.app("skipped-witness");
    await witness.settled(await created(witness, {}));
    expect(app.now()["status"]).toBeUndefined();
    await app.patch({ metadata: { annotations: { "argocd.argoproj.io/skip-reconcile": null } } });
    await app.settled(commit);
  });

  async function created(app: ReturnType<typeof world.app>, policy: Record<string, unknown>): Promise<string> {
    const commit = await app.commit(two);
    await app.create({ spec: automated(policy) });
    return commit;
  }
});

describe.concurrent("a sync that fails", () => {
  const retry = (limit: number) => ({
    syncPolicy: { automated: {}, retry: { limit, backoff: { duration: "1s", factor: 1, maxDuration: "2s" } } },
  });

  test("is tried again as often as the spec says, and says so", async () => {
    const app = world.app("retried");
    const commit = await app.commit(two);
    await app.create({ bare: true, spec: retry(2) });
    const waiting = await app.until("it will try again", ({ phase, retries }) => phase === "Running" && retries === 1);
    expect(waiting.message).toMatch(/namespaces "in-retried" not found.*\. Retrying attempt #1 at \d+:\d\d[AP]M\.$/);
    const failed = await app.until("it gives up", ({ phase }) => phase === "Failed");
    expect(failed).toMatchObject({ sync: "OutOfSync", health: "Missing", retries: 2 });
    expect(failed.message).toMatch(/ \(retried 2 times\)\.$/);
    expect(failed.conditions).toEqual([`SyncError: Failed last sync attempt to [${commit}]: ${failed.message}`]);
    expect(failed.results).toContainEqual(expect.objectContaining({ name: "a", status: "SyncFailed" }));
    expect(failed.history).toEqual([]);
  });

  test("succeeds once the cause is gone", async () => {
    const app = world.app("recovered");
    const commit = await app.commit(two);
    await app.create({ bare: true, spec: retry(-1) });
    await app.until("it will try again", ({ retries }) => retries > 0);
    await world.client.apply(
      { apiVersion: "v1", kind: "Namespace", metadata: { name: app.namespace } },
      { manager: "test", signal: new AbortController().signal },
    );
    expect((await app.settled(commit)).conditions).toEqual([]);
  });

  test("is not tried again without retries, but a new commit is", async () => {
    const app = world.app("unretried");
    const broken = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "b" }, data: { value: 5 } });
    const first = await app.commit({ "a.yaml": configMap("a"), "b.yaml": broken });
    await app.create({ spec: retry(0) });
    const failed = await app.until("it fails", ({ phase }) => phase === "Failed");
    expect(failed.conditions.join()).toContain(`SyncError: Failed last sync attempt to [${first}]`);
    expect(failed.message).toContain("ConfigMap/in-unretried/b dry-run failed: data.value: must be a string");
    expect(await app.config("a")).toBeNull();
    const second = await app.commit({ "b.yaml": configMap("b") });
    await app.refresh();
    expect((await app.settled(second)).conditions).toEqual([]);
  });

  test("holds on to its commit where retries are not to refresh, and then takes the newest", async () => {
    const app = world.app("unrefreshed");
    const first = await app.commit(two);
    const held = { limit: 2, backoff: { duration: "4s", factor: 1, maxDuration: "4s" }, refresh: false };
    await app.create({ bare: true, spec: { syncPolicy: { automated: {}, retry: held } } });
    await app.until("it will try again", ({ retries }) => retries === 1);
    const second = await app.commit({ "a.yaml": configMap("a", "2") });
    const attempted = ({ status }: ArgoView) =>
      (status["operationState"] as { syncResult?: { revision?: string } } | undefined)?.syncResult?.revision;
    const told = await app.refresh();
    expect([told.revision, attempted(told)]).toEqual([second, first]);
    await app.until("it gives up", (view) => attempted(view) === first && view.message.includes("(retried 2 times)"));
    await world.client.apply(
      { apiVersion: "v1", kind: "Namespace", metadata: { name: app.namespace } },
      { manager: "test", signal: new AbortController().signal },
    );
    await app.settled(second);
  });

  test("is tried again with the newest commit where the order says so", async () => {
    const app = world.app("refreshed");
    const broken = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "b" }, data: { value: 5 } });
    const first = await app.commit({ "a.yaml": configMap("a"), "b.yaml": broken });
    const second = await app.commit({ "b.yaml": configMap("b") });
    await app.create({ spec: { syncPolicy: {} } });
    await app.until("it was compared", ({ revision }) => revision === second);
    const { retry: usual } = retry(2).syncPolicy;
    const done = await app.operate({ revision: first }, { retry: { ...usual, refresh: true } });
    expect(done).toMatchObject({ phase: "Succeeded", retries: 1 });
    await app.settled(second);
  });
});

test("an app that asks for it goes back from a commit that is not healthy in time, until the next one", async () => {
  const app = world.app("back-by-itself");
  const files = (value: string, replicas: number) => ({
    "a.yaml": configMap("a", value),
    "web.yaml": deployment("web", { replicas }),
  });
  const good = await app.commit(files("1", 0));
  await app.create({ metadata: { annotations: { "holdfast.dev/rollback-after": "10s" } } });
  const noted = ({ object }: ArgoView, name: string) => object.metadata.annotations?.[`holdfast.dev/${name}`];
  await app.until("it is known as healthy", (view) => noted(view, "healthy-revision") === good);

  // Without nodes no pod becomes ready.
  const bad = await app.commit(files("2", 1));
  await app.refresh();
  await app.until(
    "it is applied",
    ({ revision, phase, health }) => revision === bad && phase === "Succeeded" && health === "Progressing",
  );
  expect(await app.config("a")).toEqual({ value: "2" });
  const back = await app.until("it went back", ({ health, object }) => {
    return health === "Healthy" && object.metadata.annotations?.["holdfast.dev/rolled-back-from"] === bad;
  });
  expect(await app.config("a")).toEqual({ value: "1" });
  expect(back).toMatchObject({ sync: "OutOfSync", revision: bad });
  expect(back.conditions.join()).toContain(`SyncError: Rolled back from ${bad} to ${good}`);
  expect(world.events.get(app.name)?.map(({ reason }) => reason)).toContain("RolledBack");
  expect((await app.refresh("hard")).sync).toBe("OutOfSync");

  const next = await app.commit(files("3", 0));
  await app.refresh();
  const done = await app.settled(next);
  expect(done.conditions).toEqual([]);
  expect(
    noted(await app.until("it is known", (view) => noted(view, "healthy-revision") === next), "rolled-back-from"),
  ).toBeUndefined();
}, 120_000);
