import type { HealthStatus } from "#core/health/health.ts";

/** Where an app is with going back by itself. */
export interface RollbackState {
  /** The revision at which everything was healthy last; null: none since. */
  readonly healthy: string | null;
  /** The revision that the app went back from; null: it is at what it tracks. */
  readonly from: string | null;
}

/** What is known when an app that goes back by itself was looked at. Times are milliseconds since the epoch. */
export interface RollbackQuestion {
  readonly state: RollbackState;
  readonly now: number;
  /** How long a new revision may take to be healthy. */
  readonly afterMs: number;
  /** What the app tracks is at; null: that is not known. */
  readonly tracked: string | null;
  /** The revision that was synced last with success. */
  readonly applied: string | null;
  /** When the first sync to the tracked revision began; null: none did. */
  readonly since: number | null;
  readonly health: HealthStatus;
}

/** Where the app is from now on, and when to look again; null: at nothing that only time brings. */
export interface RollbackVerdict {
  readonly state: RollbackState;
  readonly lookAt: number | null;
}

/** Decides whether an app goes back to the revision that was healthy last. What went back stays until another commit. */
export function judgeRollback(question: RollbackQuestion): RollbackVerdict {
  const { state, now, afterMs, tracked, applied, since, health } = question;
  const { healthy } = state;
  if (tracked === null || state.from === tracked) return { state, lookAt: null };
  const at = (next: RollbackState): RollbackVerdict => ({ state: next, lookAt: null });
  if (applied === tracked && health === "Healthy") return at({ healthy: tracked, from: null });
  // What breaks later, of itself, is no commit's fault, and what comes then is not measured by it.
  if (healthy === tracked) return at({ healthy: health === "Degraded" ? null : healthy, from: null });
  if (healthy === null || since === null) return at({ healthy, from: null });
  const end = since + afterMs;
  return now >= end ? at({ healthy, from: tracked }) : { state: { healthy, from: null }, lookAt: end };
}
