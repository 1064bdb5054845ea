import { ADOPTED_ANNOTATION } from "#core/app/adoption.ts";
import { hasReplicas, runsRival } from "#core/app/rival-workloads.ts";
import { annotationsOf } from "#core/resource/resource.ts";
import type { AppRecord } from "./app-registry.ts";
import type { DesiredSet } from "./desired-set.ts";
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

/** Decides whether an app may be written: not while a rival is alive that nobody keeps off it, not during a pause. */
export function writeGuardOf(context: EngineContext, record: AppRecord): WriteGuard {
  const annotations = annotationsOf(record.object);
  const rival = isKeptOff(record) ? null : context.rivals.alive(record.dialect);
  if (rival === undefined) return { kind: "unknown" };
  if (rival !== null) return { kind: "shadow", rival };
  const pause = parsePause(annotations[PAUSE_ANNOTATION]);
  return pause && pause.until > context.clock.now() ? { kind: "paused", ...pause } : { kind: "open" };
}

/** An adoption holds for as long as the switch stands that keeps the vendor's controller off; others may turn it back. */
function isKeptOff({ dialect, object }: AppRecord): boolean {
  return annotationsOf(object)[ADOPTED_ANNOTATION] !== undefined && dialect.rules.rival.keepsOff(object);
}

/**
 * What may be written for an app once it is known what it declares: one that runs the vendor's own controller would wake
 * it, and is left alone until somebody adopts it, whether that controller is alive or not.
 */
export function guardOfDeclared(guard: WriteGuard, record: AppRecord, desired: DesiredSet | null): WriteGuard {
  if (guard.kind !== "open" || annotationsOf(record.object)[ADOPTED_ANNOTATION] !== undefined) return guard;
  const { rival } = record.dialect.rules;
  const running = (desired?.objects ?? []).filter(({ resource }) => hasReplicas(resource));
  const isRunner = runsRival(
    rival,
    running.map(({ id }) => id),
  );
  return isRunner ? { kind: "shadow", rival: rival.name } : guard;
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
