import { durationMs } from "./duration.ts";
import { SettingError, shown, type SettingValues } from "./setting-values.ts";

/** How often apps and their sources are looked at when nothing happens. */
export interface PollingSettings {
  readonly periodMs: number;
  /** The most that is added to the period, so that apps made together are not looked at together. */
  readonly jitterMs: number;
}

/** Two minutes, and up to one more. */
export const usualPolling: PollingSettings = { periodMs: 120_000, jitterMs: 60_000 };

const OBJECT = "argocd-cm";
/** Setting the period to 0 turns looking without a reason off; nothing here looks less often than this. */
const NEVER_MS = 365 * 86_400_000;
const SHORTEST_MS = 1_000;

/** Reads `timeout.reconciliation` and `timeout.reconciliation.jitter`. */
export function parsePolling(values: SettingValues, before: PollingSettings): PollingSettings {
  const duration = (key: string, choices: { usual: number; before: number }) =>
    values.read({ object: OBJECT, key }, choices, parseDuration);
  const periodMs = duration("timeout.reconciliation", { usual: usualPolling.periodMs, before: before.periodMs });
  const jitterMs = duration("timeout.reconciliation.jitter", { usual: usualPolling.jitterMs, before: before.jitterMs });
  return periodMs === 0 || periodMs === NEVER_MS
    ? { periodMs: NEVER_MS, jitterMs: 0 }
    : { periodMs: Math.max(SHORTEST_MS, periodMs), jitterMs };
}

function parseDuration(text: string): number {
  const value = durationMs(text);
  if (value === null || value > NEVER_MS) throw new SettingError(`${shown(text)} is not a duration`);
  return value;
}
