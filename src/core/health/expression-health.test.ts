import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { type Answer, expressionHealth, expressionsFor, type HealthExpressions } from "./expression-health.ts";

const expressions: HealthExpressions = {
  group: "example.com",
  kind: "Queue",
  inProgress: "busy",
  failed: "broken",
  current: "done",
};
const queue: Resource = {
  apiVersion: "example.com/v1",
  kind: "Queue",
  metadata: { name: "q", namespace: "a", generation: 2 },
  status: { observedGeneration: 2 },
};
const holds =
  (...those: string[]) =>
  (text: string): Answer => ({ kind: "value", value: those.includes(text) });

describe("expressionHealth()", () => {
  const cases: readonly (readonly [those: readonly string[], status: string])[] = [
    [["busy", "broken", "done"], "Progressing"],
    [["broken", "done"], "Degraded"],
    [["done"], "Healthy"],
    [[], "Progressing"],
  ];
  for (const [those, status] of cases) {
    test(`is ${status} where ${those.join(", ") || "nothing"} holds`, () => {
      expect(expressionHealth(queue, expressions, holds(...those)).status).toBe(status);
    });
  }

  test("an expression that is not given never holds", () => {
    const few = { ...expressions, inProgress: null, failed: null };
    expect(expressionHealth(queue, few, holds("busy", "broken", "done")).status).toBe("Healthy");
  });

  test("nothing is asked of what is not observed yet or is on its way out", () => {
    const ask = (): Answer => expect.fail("asked");
    const behind = { ...queue, metadata: { ...queue.metadata, generation: 3 } };
    const leaving = { ...queue, metadata: { ...queue.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
    for (const object of [behind, leaving]) {
      expect(expressionHealth(object, expressions, ask).status).toBe("Progressing");
    }
  });

  test("an answer that is not there yet is awaited, and one that cannot be had is told", () => {
    expect(expressionHealth(queue, expressions, () => ({ kind: "pending" })).status).toBe("Progressing");
    const failing = expressionHealth(queue, expressions, () => ({ kind: "error", message: "no such key: phase" }));
    expect(failing).toEqual({ status: "Unknown", message: "cannot be judged: no such key: phase" });
  });
});

test("expressionsFor() looks at group and kind, whatever the version", () => {
  expect(expressionsFor([expressions], { ...queue, apiVersion: "example.com/v2" })).toBe(expressions);
  expect(expressionsFor([expressions], { ...queue, apiVersion: "other.com/v1" })).toBeUndefined();
  expect(expressionsFor([expressions], { ...queue, kind: "Topic" })).toBeUndefined();
});
