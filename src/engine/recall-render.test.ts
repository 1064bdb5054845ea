import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { App, AppSource, SyncRequest } from "#core/app/app.ts";
import type { KeptRender } from "#core/app/kept-render.ts";
import type { SourceKey } from "#core/source/source.ts";
import type { AppWork } from "./app-state.ts";
import { compareApp } from "./compare-app.ts";
import type { KeptRenders } from "./kept-renders.ts";
import { recallRender } from "./recall-render.ts";
import { syncApp } from "./sync-app.ts";
import { plainApp } from "./testing/app.ts";
import { TestEngine } from "./testing/engine.ts";
import { configMap } from "./testing/fake-objects.ts";

const X = configMap("x", { a: "1" });
const gone = { kind: "source-failed", missing: false, message: "nobody answers" } as const;
const source: AppSource = { ...(plainApp("").sources[0] as AppSource), source: "repo" as SourceKey, declaration: "d" };

let engine: TestEngine;
let kept: Map<string, KeptRender>;
beforeEach(() => {
  engine = new TestEngine();
  kept = new Map();
});
afterEach(() => engine.stop());

const store: KeptRenders = {
  keep: (app, entry, render) => void kept.set(`${app} ${entry}`, render),
  find: (app, entry) => Promise.resolve(kept.get(`${app} ${entry}`) ?? null),
};

async function appWith(spec: Partial<App>, resources = [X]): Promise<AppWork> {
  const { context, state } = await engine.work("shop", resources, { spec: { sources: [source], ...spec } });
  return { context: { ...context, kept: store }, state };
}

async function synced(work: AppWork, text: string): Promise<void> {
  await compareApp(work, { takeover: false }, engine.signal);
  const revision = { text, commit: text, refName: null };
  await syncApp(work, { guard: { kind: "open" }, revision, blocked: null, forbidden: false }, engine.signal);
}

function order(fields: Partial<SyncRequest>): SyncRequest {
  const base = { token: "t", revision: null, prune: null, dryRun: false, only: null, hooks: false };
  return { ...base, initiatedBy: "ada", retry: null, ...fields };
}

describe("recallRender()", () => {
  test("brings back what a sync made, for an order that names its revision", async () => {
    await synced(await appWith({}), "r1");
    const work = await appWith({ request: order({ revision: "r1" }) });
    expect(await recallRender(work, gone, engine.signal)).toMatchObject({
      rendered: { resources: [X], readSet: [] },
      revision: { text: "r1" },
    });
    const other = await appWith({ request: order({ revision: "r2" }) });
    expect(await recallRender(other, gone, engine.signal)).toEqual({ phase: gone });
  });

  test("is for what its source cannot give, and for what is asked for by name", async () => {
    await synced(await appWith({}), "r1");
    const broken = { kind: "render-failed", code: "build", message: "no" } as const;
    const ordered = await appWith({ request: order({ revision: "r1" }) });
    expect(await recallRender(ordered, broken, engine.signal)).toEqual({ phase: broken });
    ordered.state.handledRequest = "t";
    expect(await recallRender(ordered, gone, engine.signal)).toEqual({ phase: gone });
    expect(await recallRender(await appWith({ request: order({}) }), gone, engine.signal)).toEqual({ phase: gone });
  });

  test("says why nothing was kept", async () => {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: X.metadata, data: { a: "YQ==" } };
    await synced(await appWith({}, [secret]), "r1");
    expect(JSON.stringify([...kept.values()])).not.toContain("YQ==");
    const work = await appWith({ request: order({ revision: "r1" }) });
    const { phase } = (await recallRender(work, gone, engine.signal)) as { phase: { message: string } };
    expect(phase.message).toMatch(/^nobody answers; no render of it is kept: it declares Secret\/.*x, and values/);
  });

  test("has nothing of a sync of some objects, of healing, or of sources that are not named", async () => {
    const only = ((await appWith({})).state.desired?.objects ?? []).map(({ id }) => id);
    await synced(await appWith({ request: order({ only }) }), "r1");
    expect(kept.size).toBe(0);
    await synced(await appWith({ sources: [{ ...source, declaration: undefined as never }] }), "r1");
    expect(kept.size).toBe(0);
    const work = await appWith({});
    await synced(work, "r1");
    kept.clear();
    engine.cluster.take(X);
    await new Promise((resolve) => setImmediate(resolve));
    work.state.dirty = "all";
    await synced(work, "r1");
    expect(work.state.lastSync?.healAttempts).toBe(1);
    expect(kept.size).toBe(0);
  });
});
