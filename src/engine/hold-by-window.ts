import type { AppPhase } from "#core/app/app-report.ts";
import type { SyncRequest } from "#core/app/app.ts";
import { judgeWindows } from "#core/policy/sync-windows.ts";
import type { AppWork } from "./app-state.ts";

const AGAIN_MS = 24 * 60 * 60_000;

/** Why a sync may not begin or go on now: a window of time keeps the app from it; null: none does. */
export function holdByWindow(
  { context, state }: AppWork,
  sync: { readonly request: SyncRequest | null; readonly startedAt: number | null },
): AppPhase | null {
  const { windows = [] } = state.app;
  if (windows.length === 0) return null;
  const now = context.clock.now();
  const { allowed, by, until } = judgeWindows(windows, {
    now,
    manual: sync.request !== null,
    startedAt: sync.startedAt,
  });
  return allowed ? null : { kind: "paused", until: until ?? now + AGAIN_MS, reason: by };
}
