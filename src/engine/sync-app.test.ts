import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AppKey } from "#core/app/app.ts";
import type { AppWork } from "./app-state.ts";
import { compareApp } from "./compare-app.ts";
import { syncApp } from "./sync-app.ts";
import { settled, TestEngine } from "./testing/engine.ts";
import { configMap } from "./testing/fake-objects.ts";

const X = configMap("x", { a: "1" });
const Y = configMap("y", { a: "1" });

let engine: TestEngine;
let work: AppWork;
beforeEach(async () => {
  engine = new TestEngine();
  work = await engine.work("shop", [X, Y]);
});
afterEach(() => engine.stop());

/** Looks at the app at a revision; returns what the last sync was and did. */
async function look(revision: string): Promise<string> {
  work.state.dirty = "all";
  await compareApp(work, { takeover: false }, engine.signal);
  const at = { text: revision, commit: revision, refName: null };
  await syncApp(work, { guard: { kind: "open" }, revision: at, blocked: null }, engine.signal);
  await settled();
  const { lastSync } = work.state;
  const results = lastSync?.results.map(({ id, outcome }) => `${id.name} ${outcome}`).join(", ");
  return `${lastSync?.revision.text}, ${lastSync?.healAttempts ? "healing" : "sync"}: ${results}`;
}

describe("syncApp()", () => {
  test("what a sync had to put off is done as a part of it, not as healing", async () => {
    expect(await look("r1")).toBe("r1, sync: x created, y created");
    await engine.declare(work, [X]);
    engine.unsettled = ["app/apps/late" as AppKey];
    expect(await look("r2")).toBe("r2, sync: ");
    engine.unsettled = [];
    expect(await look("r2")).toBe("r2, sync: y deleted");
    expect(await look("r2")).toBe("r2, sync: y deleted");
  });

  test("what somebody else changed is healed", async () => {
    await look("r1");
    engine.cluster.take(X);
    await settled();
    expect(await look("r1")).toBe("r1, healing: x created");
  });
});
