import type { Health, HealthStatus } from "#core/health/health.ts";
import { fieldAt, listAt, textAt } from "./fields.ts";

/** One entry of `status.conditions`. */
export interface ObjectCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** The conditions of an object. */
export function conditionsOf(object: unknown): ObjectCondition[] {
  return conditionList(listAt(fieldAt(object, "status"), "conditions"));
}

/** Conditions from free JSON. */
export function conditionList(entries: readonly unknown[]): ObjectCondition[] {
  return entries.map((entry) => ({
    type: textAt(entry, "type"),
    status: textAt(entry, "status"),
    reason: textAt(entry, "reason"),
    message: textAt(entry, "message"),
  }));
}

/** A verdict. */
export function verdict(status: HealthStatus, message = ""): Health {
  return { status, message };
}
