import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { type HealthRule, healthOf, type HealthStatus, type HealthTable, worstOf } from "./health.ts";

const ORDER: readonly HealthStatus[] = ["Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown"];

function object(apiVersion: string, kind: string): Resource {
  return { apiVersion, kind, metadata: { name: "x" } };
}

function says(message: string): HealthRule {
  return () => ({ status: "Healthy", message });
}

const TABLE: HealthTable = {
  first: [
    (live) => (live.metadata.deletionTimestamp ? { status: "Progressing", message: "first" } : null),
    (live, now) => (now > 100 && live.kind === "Job" ? { status: "Degraded", message: "second" } : null),
  ],
  kinds: { "apps/Deployment": says("by kind"), "/Pod": says("core kind"), "batch/Job": () => null },
  otherwise: says("otherwise"),
};

describe("healthOf()", () => {
  const CASES = [
    { name: "uses the rule of the kind", live: object("apps/v1", "Deployment"), want: "by kind" },
    { name: "uses it for every version", live: object("apps/v1beta2", "Deployment"), want: "by kind" },
    { name: "finds core kinds", live: object("v1", "Pod"), want: "core kind" },
    { name: "knows kinds of another group apart", live: object("shop.test/v1", "Deployment"), want: "otherwise" },
    { name: "has no verdict where the kind's rule has none", live: object("batch/v1", "Job"), want: undefined },
  ];
  for (const { name, live, want } of CASES) {
    test(name, () => expect(healthOf(live, TABLE, 0)?.message).toBe(want));
  }

  test("asks the rules for every kind first, in order, and tells them the time", () => {
    const deleted = {
      ...object("batch/v1", "Job"),
      metadata: { name: "x", deletionTimestamp: "2026-01-01T00:00:00Z" },
    };
    expect(healthOf(deleted, TABLE, 200)?.message).toBe("first");
    expect(healthOf(object("batch/v1", "Job"), TABLE, 200)?.message).toBe("second");
    expect(healthOf(object("batch/v1", "Job"), TABLE, 100)).toBeNull();
  });
});

describe("worstOf()", () => {
  test("is Healthy when there is nothing to judge", () => expect(worstOf([])).toBe("Healthy"));

  test("is the most severe verdict, whatever the order", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ORDER), { minLength: 1 }), (statuses) => {
        expect(worstOf(statuses)).toBe(ORDER[Math.max(...statuses.map((status) => ORDER.indexOf(status)))]);
      }),
    );
  });
});
