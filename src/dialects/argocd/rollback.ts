import type { App } from "#core/app/app.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import type { RollbackState } from "#core/sync/judge-rollback.ts";
import { durationMs } from "./duration.ts";

/** Additive: how long a new commit may take to be healthy before the application goes back. */
const AFTER = "holdfast.dev/rollback-after";
/** What was healthy last, and what was gone back from; taking the second away lets that commit be tried again. */
const HEALTHY = "holdfast.dev/healthy-revision";
export const ROLLED_BACK = "holdfast.dev/rolled-back-from";

/** Whether and how an application goes back by itself. */
export function rollbackOf(object: Resource): {
  readonly rollback: Pick<App, "rollback">;
  readonly problems: readonly Problem[];
} {
  const annotations = annotationsOf(object);
  const text = annotations[AFTER];
  if (text === undefined) return { rollback: {}, problems: [] };
  const afterMs = durationMs(text);
  if (afterMs !== null && afterMs > 0) {
    const [healthy, from] = [annotations[HEALTHY] || null, annotations[ROLLED_BACK] || null];
    return { rollback: { rollback: { afterMs, healthy, from } }, problems: [] };
  }
  const path = `metadata.annotations[${AFTER}]`;
  const message = `${path}: ${JSON.stringify(text.slice(0, 80))} is not a duration`;
  return { rollback: {}, problems: [{ path, message }] };
}

/** The annotations that tell where it is with that, as far as they change. */
export function rollbackAnnotations(object: Resource, state: RollbackState | undefined): Record<string, string | null> {
  const annotations = annotationsOf(object);
  const wanted = [
    [HEALTHY, state?.healthy ?? null],
    [ROLLED_BACK, state?.from ?? null],
  ] as const;
  return Object.fromEntries(wanted.filter(([name, value]) => (annotations[name] ?? null) !== value));
}
