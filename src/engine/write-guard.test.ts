import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { settled, TestEngine } from "./testing/engine.ts";
import { guardOfDeclared, mayTell, parsePause, PAUSE_ANNOTATION, writeGuardOf } from "./write-guard.ts";

const ADOPTED = { "holdfast.dev/adopted": "2026-01-01T00:00:00Z" };
const iso = (at: number) => new Date(at).toISOString();

let engine: TestEngine;
beforeEach(async () => {
  engine = new TestEngine();
  await settled();
});
afterEach(() => engine.stop());

async function guardOf(annotations: Record<string, string> = {}) {
  const { context, state } = await engine.work("shop", [], { metadata: { annotations } });
  return writeGuardOf(context, context.registry.app(state.app.key)!);
}

function rivalAppears(): void {
  const metadata = { name: "rival-controller", namespace: "rival", labels: { "part-of": "rival" } };
  engine.cluster.put({ apiVersion: "apps/v1", kind: "Deployment", metadata, status: { readyReplicas: 1 } });
}

describe("writeGuardOf()", () => {
  test("lets an app be written when no rival is alive", async () => {
    expect(await guardOf()).toEqual({ kind: "open" });
  });

  test("keeps every app in shadow beside a live rival, except those that were adopted", async () => {
    rivalAppears();
    expect(await guardOf()).toEqual({ kind: "shadow", rival: "rival" });
    expect(await guardOf(ADOPTED)).toEqual({ kind: "open" });
  });

  test("an adopted app whose rival was let in again is the rival's", async () => {
    const guard = async () => {
      const metadata = { annotations: ADOPTED, labels: { rival: "on" } };
      const { context, state } = await engine.work("shop", [], { metadata });
      return writeGuardOf(context, context.registry.app(state.app.key)!);
    };
    expect(await guard()).toEqual({ kind: "open" });
    rivalAppears();
    expect(await guard()).toEqual({ kind: "shadow", rival: "rival" });
  });

  test("writes nothing before somebody has looked for rivals", async () => {
    const { context, state } = await engine.work("shop", []);
    const blind = new TestEngine();
    const record = context.registry.app(state.app.key)!;
    expect(writeGuardOf({ ...context, rivals: blind.context.rivals }, record)).toEqual({ kind: "unknown" });
    await blind.stop();
  });

  test("a pause holds for adopted apps too, names its reason and ends by itself", async () => {
    const until = engine.clock.now() + 60_000;
    const paused = { ...ADOPTED, [PAUSE_ANNOTATION]: `${iso(until)} disk is being moved` };
    expect(await guardOf(paused)).toEqual({ kind: "paused", until, reason: "disk is being moved" });
    engine.clock.advance(60_000);
    expect(await guardOf(paused)).toEqual({ kind: "open" });
  });

  test("a pause of an app that is a live rival's tells nothing on it", async () => {
    rivalAppears();
    const paused = { [PAUSE_ANNOTATION]: `${iso(engine.clock.now() + 60_000)} disk is being moved` };
    const guard = await guardOf(paused);
    expect([guard.kind, mayTell(guard)]).toEqual(["shadow", false]);
    expect(mayTell(await guardOf({ ...ADOPTED, ...paused }))).toBe(true);
  });
});

describe("guardOfDeclared()", () => {
  const workload = (replicas?: number): Resource => {
    const metadata = { name: "rival-controller", namespace: "rival" };
    return { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { replicas } };
  };
  const guardFor = async (resources: readonly Resource[], annotations: Record<string, string> = {}) => {
    const { context, state } = await engine.work("shop", resources, { metadata: { annotations } });
    const record = context.registry.app(state.app.key)!;
    return guardOfDeclared(writeGuardOf(context, record), record, state.desired).kind;
  };

  test("what would wake a rival is left alone until it is adopted", async () => {
    expect(await guardFor([workload()])).toBe("shadow");
    expect(await guardFor([workload(1)], ADOPTED)).toBe("open");
  });

  test("what scales a rival to nothing, or has nothing to do with it, is written", async () => {
    expect(await guardFor([workload(0)])).toBe("open");
    expect(await guardFor([])).toBe("open");
  });
});

describe("parsePause()", () => {
  test("reads an end with or without a reason, and nothing else", () => {
    expect(parsePause("2026-01-02T03:04:05Z  two words\nand a line")).toEqual({
      until: Date.UTC(2026, 0, 2, 3, 4, 5),
      reason: "two words\nand a line",
    });
    expect(parsePause("2026-01-02T03:04:05Z")?.reason).toBe("");
    for (const bad of [undefined, "", "soon because", " "]) expect(parsePause(bad)).toBeNull();
  });
});
