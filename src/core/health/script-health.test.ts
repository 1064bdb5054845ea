import { describe, expect, test } from "vitest";
import type { Answer } from "./expression-health.ts";
import type { HealthTable } from "./health.ts";
import { judge, type ScriptValue } from "./script-health.ts";

const script = { name: "health.lua of Queue", text: "…", openLibs: false };
const table: HealthTable = {
  first: [({ metadata }) => (metadata.deletionTimestamp ? { status: "Progressing", message: "going" } : null)],
  kinds: { "example.com/Queue": () => ({ status: "Healthy", message: "by its rule" }) },
  otherwise: () => ({ status: "Degraded", message: "by no rule" }),
  scriptOf: ({ metadata }) => (metadata.name === "plain" ? null : script),
};
const queue = { apiVersion: "example.com/v1", kind: "Queue", metadata: { name: "q" } };
const returns = (type: string, value: unknown): Answer<ScriptValue> => ({ kind: "value", value: { type, value } });
const judged = (answer: Answer<ScriptValue>, object: Parameters<typeof judge>[0] = queue) =>
  judge(object, table, { now: 0, ask: () => answer });

describe("judge()", () => {
  test("takes what the script says", () => {
    expect(judged(returns("table", { status: "Suspended", message: "paused", other: 1 }))).toEqual({
      status: "Suspended",
      message: "paused",
    });
    expect(judged(returns("table", { status: "Healthy" }))).toEqual({ status: "Healthy", message: "" });
  });

  test("leaves a kind of its own rule to it where the script says nothing, and others unjudged", () => {
    expect(judged(returns("nil", null))?.message).toBe("by its rule");
    expect(judged(returns("nil", null), { ...queue, kind: "Topic" })).toBeNull();
    expect(judged(returns("table", []))).toBeNull();
  });

  const nonsense: readonly (readonly [Answer<ScriptValue>, string])[] = [
    [returns("string", "Healthy"), "health.lua of Queue: expect table output from Lua script, not string"],
    [returns("table", { status: "Fine" }), "Lua returned an invalid health status"],
    [returns("table", ["Healthy"]), "Lua returned an invalid health status"],
    [{ kind: "error", message: "health.lua of Queue:3: oops" }, "health.lua of Queue:3: oops"],
  ];
  for (const [answer, message] of nonsense) {
    test(`is Unknown where it cannot be told: ${message}`, () => {
      expect(judged(answer)).toEqual({ status: "Unknown", message });
    });
  }

  test("is undecided until the answer is there", () => {
    expect(judged({ kind: "pending" })).toMatchObject({ status: "Progressing", undecided: true });
  });

  test("asks no script of what is on its way out, or of a kind that has none", () => {
    const ask = () => expect.fail("asked");
    const going = { ...queue, metadata: { name: "q", deletionTimestamp: "2026-01-01T00:00:00Z" } };
    expect(judge(going, table, { now: 0, ask })?.message).toBe("going");
    expect(judge({ ...queue, metadata: { name: "plain" } }, table, { now: 0, ask })?.message).toBe("by its rule");
  });
});
