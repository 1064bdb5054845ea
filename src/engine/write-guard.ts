import { ADOPTED_ANNOTATION } from "#core/app/adoption.ts";
import { annotationsOf } from "#core/resource/resource.ts";
import type { AppRecord } from "./app-registry.ts";
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
export function writeGuardOf(context: EngineContext, record: AppRecord): WriteGuard {
  const annotations = annotationsOf(record.object);
  const rival = annotations[ADOPTED_ANNOTATION] === undefined ? context.rivals.alive(record.dialect) : null;
  if (rival === undefined) return { kind: "unknown" };
  if (rival !== null) return { kind: "shadow", rival };
  const pause = parsePause(annotations[PAUSE_ANNOTATION]);
  return pause && pause.until > context.clock.now() ? { kind: "paused", ...pause } : { kind: "open" };
}

/** Whether the app's object is the engine's to write to: beside a live rival it is the rival's. */
export function mayTell({ kind }: WriteGuard): boolean {
  return kind === "open" || kind === "paused";
}

/** The end and reason of a pause; null when there is none or its end cannot be read. */
export function parsePause(value: string | undefined): { until: number; reason: string } | null {
  const match = /^(\S+)\s*(.*)$/s.exec(value ?? "");
  const until = Date.parse(match?.[1] ?? "");
  return Number.isNaN(until) ? null : { until, reason: match?.[2] ?? "" };
}
