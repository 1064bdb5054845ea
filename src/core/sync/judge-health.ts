import type { ObjectResult } from "#core/app/app-report.ts";
import type { HealthStatus } from "#core/health/health.ts";
import type { Change } from "#core/plan/plan.ts";
import type { IdKey } from "#core/resource/resource-id.ts";
import { resultKey } from "./result-key.ts";

/** Health of one awaited object; null: the kind has no check, so its existence is enough. */
export interface ObservedHealth {
  readonly status: HealthStatus | null;
  readonly text: string;
  /** In the object's own words. */
  readonly message?: string;
  /** It is a hook: nothing is decided before it has come to its end. */
  readonly hook?: "running" | "ended";
}

/** What the health of everything awaited amounts to. */
export type GateVerdict =
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "waiting"; readonly waiting: readonly string[] };

/** Whether a gate opens, stays shut or never will. */
export function judge(health: ReadonlyMap<IdKey, ObservedHealth>): GateVerdict {
  const all = [...health.values()];
  const waiting = all.filter((item) => item.status !== null && item.status !== "Healthy");
  const bad = all.filter((item) => item.status === "Degraded");
  if (bad.length > 0 && !all.some((item) => item.hook === "running")) {
    const texts = bad.map((item) => item.text).join(", ");
    const isOfHooks = bad.every((item) => item.hook);
    return { kind: "failed", message: isOfHooks ? texts : `failed early due to stalled resources: [${texts}]` };
  }
  return waiting.length === 0 ? { kind: "passed" } : { kind: "waiting", waiting: waiting.map((item) => item.text) };
}

/** The results with how far the awaited objects of a stage have come. */
export function withProgress(
  results: ReadonlyMap<string, ObjectResult>,
  changes: readonly Change[],
  health: ReadonlyMap<IdKey, ObservedHealth>,
): ReadonlyMap<string, ObjectResult> {
  const next = new Map(results);
  for (const { key, hook } of changes) {
    const seen = health.get(key);
    const known = next.get(resultKey(key, hook?.word));
    if (!seen || !known || known.outcome === "failed" || known.outcome === "deleted") continue;
    const phase = phaseOf(seen.status);
    const message = hook && seen.message ? seen.message : known.message;
    next.set(resultKey(key, hook?.word), { ...known, phase, message });
  }
  return next;
}

function phaseOf(status: HealthStatus | null): NonNullable<ObjectResult["phase"]> {
  if (status === null || status === "Healthy") return "Succeeded";
  return status === "Degraded" ? "Failed" : "Running";
}
