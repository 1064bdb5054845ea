import type { Reason } from "#contract/why-view.ts";
import type { App } from "#core/app/app.ts";
import { judgeWindows } from "#core/policy/sync-windows.ts";

/** The windows of time that keep an app from being synced now, and until when. */
export function windowReasons({ key, windows = [] }: App, now: number): Reason[] {
  const { allowed, by, until } = judgeWindows(windows, { now, manual: false, startedAt: null });
  if (allowed) return [];
  const people = judgeWindows(windows, { now, manual: true, startedAt: null }).allowed;
  const end = until === null ? "" : `, until ${new Date(until).toISOString()}`;
  const advice = people ? `People may sync it: holdfast sync ${key}` : `See its windows: holdfast windows ${key}`;
  return [{ rule: "sync-window", blocks: true, message: `${by}${end}`, advice }];
}
