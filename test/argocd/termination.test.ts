import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { settingsOf, startEngine } from "../support/engine.ts";
import { type ArgoView, configMap, deployment, type TestApp, useArgoWorld, viewOf } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });

/** As upstream's own command line does it. */
async function terminate(app: TestApp): Promise<void> {
  await app.patch({ status: { operationState: { phase: "Terminating" } } });
}

describe.concurrent("an operation that a person ends", () => {
  test("while it waits does nothing more, and is not begun again by itself", async () => {
    const app = world.app("ended");
    const later = configMap("b", "1", { "argocd.argoproj.io/sync-wave": "1" });
    await app.commit({ "web.yaml": deployment("web", { hangs: true }), "b.yaml": later });
    await app.create();
    await app.until("it waits", ({ phase }) => phase === "Running");
    await terminate(app);
    const ended = await app.until("it ended", ({ phase }) => phase === "Failed");
    expect(ended.message).toBe("Operation terminated");
    await pause(1_000);
    expect(viewOf(app.now()).phase).toBe("Failed");
    expect(await app.config("b")).toBeNull();

    const next = await app.commit({ "web.yaml": deployment("web", { replicas: 0 }) });
    await app.refresh();
    await app.settled(next);
    expect(await app.config("b")).toEqual({ value: "1" });
  });

  test("between two attempts is not tried again", async () => {
    const app = world.app("given-up");
    const retry = { limit: 5, backoff: { duration: "2s", factor: 1, maxDuration: "2s" } };
    await app.commit({ "web.yaml": deployment("web", { replicas: -1 }) });
    await app.create({ spec: { syncPolicy: { automated: {}, retry } } });
    const waiting = await app.until("it waits for a retry", ({ retries }) => (retries ?? 0) > 0);
    expect(waiting.phase).toBe("Running");
    await terminate(app);
    const ended = await app.until("it ended", ({ phase }) => phase === "Failed");
    await pause(3_000);
    expect(viewOf(app.now())).toMatchObject({ phase: "Failed", retries: ended.retries });
  });
});

test("a restart goes on counting attempts, and does not try again what was given up", async () => {
  const app = world.app("counted");
  const retry = { limit: 2, backoff: { duration: "3s", factor: 1, maxDuration: "3s" } };
  await app.commit({ "a.yaml": configMap("a") });
  await app.create({ bare: true, spec: { syncPolicy: { automated: {}, retry } } });
  const startedAt = ({ status }: ArgoView) => (status["operationState"] as { startedAt?: string }).startedAt;
  const waiting = await app.until("it will try again", ({ retries }) => retries === 1);
  await world.engine.stop();
  const second = await startEngine(settingsOf(world.plane));
  const failed = await app.until("it gives up", ({ phase }) => phase === "Failed");
  expect(failed.message).toMatch(/ \(retried 2 times\)\.$/);
  expect(startedAt(failed)).toBe(startedAt(waiting));
  await second.stop();
  const third = await startEngine(settingsOf(world.plane));
  try {
    const after = await app.refresh();
    expect(after.status["operationState"]).toEqual(failed.status["operationState"]);
    const next = await app.commit({ "a.yaml": configMap("a", "2") });
    await app.refresh();
    const tried = await app.until(
      "the next commit is tried",
      ({ revision, retries }) => revision === next && retries < 2,
    );
    expect(startedAt(tried)).not.toBe(startedAt(failed));
  } finally {
    await third.stop();
  }
});
