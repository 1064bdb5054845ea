import type { Resource } from "#core/resource/resource.ts";

/** One entry of `status.conditions`, as far as it is readable. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration: number | undefined;
}

/** The readable entries of an object's `status.conditions`; none when there are none. */
export function conditionsOf(object: Resource): readonly Condition[] {
  const list = fieldAt(object, ["status", "conditions"]);
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown) => {
    const type = fieldAt(entry, ["type"]);
    return typeof type === "string" ? [conditionFrom(entry, type)] : [];
  });
}

/** The condition of a type, or undefined. */
export function conditionOf(object: Resource, type: string): Condition | undefined {
  return conditionsOf(object).find((condition) => condition.type === type);
}

/** The value at a path of plain members, or undefined; never throws. */
export function fieldAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, name)) return undefined;
    current = (current as Record<string, unknown>)[name];
  }
  return current;
}

/** The number at a path, or `otherwise`. */
export function numberAt(value: unknown, path: readonly string[], otherwise: number): number {
  const found = fieldAt(value, path);
  return typeof found === "number" ? found : otherwise;
}

/** The string at a path, or "". */
export function textAt(value: unknown, path: readonly string[]): string {
  const found = fieldAt(value, path);
  return typeof found === "string" ? found : "";
}

function conditionFrom(entry: unknown, type: string): Condition {
  const generation = fieldAt(entry, ["observedGeneration"]);
  return {
    type,
    status: textAt(entry, ["status"]),
    reason: textAt(entry, ["reason"]),
    message: textAt(entry, ["message"]),
    lastTransitionTime: textAt(entry, ["lastTransitionTime"]),
    observedGeneration: typeof generation === "number" ? generation : undefined,
  };
}
