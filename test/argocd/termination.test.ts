import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { configMap, deployment, type TestApp, useArgoWorld, viewOf } from "./argo-world.ts";

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
