import { ADOPTED_ANNOTATION } from "#core/app/adoption.ts";
import { annotationsOf } from "#core/resource/resource.ts";
import type { AppRecord } from "./app-registry.ts";
import type { AppState } from "./app-state.ts";
import type { EngineContext } from "./engine-context.ts";

/** Annotation that pauses an app: `<RFC 3339 end> <reason>`. */
export const PAUSE_ANNOTATION = "holdfast.dev/paused";

/** Whether the engine may write for an app now, and if not why. */
export type WriteGuard =
  | { readonly kind: "open" }
  | { readonly kind: "shadow"; readonly rival: string }
  | { readonly kind: "paused"; readonly until: number; readonly reason: string }
  /** Nobody has looked yet whether a rival is alive. */
  | { readonly kind: "unknown" };

/** Decides whether an app may be written: not while a rival is alive and nobody adopted it, not during a pause. */
export function writeGuardOf(context: EngineContext, record: AppRecord, state: AppState): WriteGuard {
  const annotations = annotationsOf(record.object);
  const pause = parsePause(annotations[PAUSE_ANNOTATION]);
  if (pause && pause.until > context.clock.now()) return { kind: "paused", ...pause };
  if (annotations[ADOPTED_ANNOTATION] !== undefined) return { kind: "open" };
  const rival = context.rivals.alive(state.dialect);
  if (rival === undefined) return { kind: "unknown" };
  return rival === null ? { kind: "open" } : { kind: "shadow", rival };
}

/** The end and reason of a pause; null when there is none or its end cannot be read. */
export function parsePause(value: string | undefined): { until: number; reason: string } | null {
  const match = /^(\S+)\s*(.*)$/s.exec(value ?? "");
  const until = Date.parse(match?.[1] ?? "");
  return Number.isNaN(until) ? null : { until, reason: match?.[2] ?? "" };
}
