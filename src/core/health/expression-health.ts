import type { GroupKind } from "#core/resource/resource-id.ts";
import { idOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { numberAt } from "./condition.ts";
import type { Health, HealthStatus } from "./health.ts";

/** Expressions that judge every object of a kind, whatever its version; an absent one never holds. */
export interface HealthExpressions extends GroupKind {
  readonly inProgress: string | null;
  readonly failed: string | null;
  readonly current: string;
}

/** What is known of an expression over an object. */
export type Answer<T = boolean> =
  | { readonly kind: "pending" }
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "error"; readonly message: string };

/** The expressions for an object's kind, or undefined. */
export function expressionsFor(all: readonly HealthExpressions[], object: Resource): HealthExpressions | undefined {
  const { group, kind } = idOf(object);
  return all.find((one) => one.group === group && one.kind === kind);
}

/** Judges an object by expressions: the first that holds decides, and while none does the object is on its way. */
export function expressionHealth(
  object: Resource,
  expressions: HealthExpressions,
  ask: (expression: string) => Answer,
): Health {
  const { generation } = object.metadata;
  const observed = numberAt(object, ["status", "observedGeneration"], generation ?? 0);
  if (object.metadata.deletionTimestamp !== undefined) return progressing("is being deleted");
  if (generation !== undefined && observed !== generation)
    return progressing("its latest generation is not observed yet");
  const { inProgress, failed, current } = expressions;
  const questions: readonly (readonly [string | null, HealthStatus, string])[] = [
    [inProgress, "Progressing", "is in progress"],
    [failed, "Degraded", "has failed"],
    [current, "Healthy", ""],
  ];
  for (const [expression, status, message] of questions) {
    if (expression === null) continue;
    const answer = ask(expression);
    if (answer.kind === "pending") return progressing("is being judged");
    if (answer.kind === "error") return { status: "Unknown", message: `cannot be judged: ${answer.message}` };
    if (answer.value) return { status, message };
  }
  return progressing("is not current yet");
}

function progressing(message: string): Health {
  return { status: "Progressing", message };
}
