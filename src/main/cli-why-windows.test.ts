import { expect, test } from "vitest";
import { parseCron } from "#core/policy/cron.ts";
import type { SyncWindow } from "#core/policy/sync-windows.ts";
import { plainApp } from "#engine/testing/app.ts";
import { windowReasons } from "./cli-why-windows.ts";

const now = Date.parse("2026-03-02T12:30:00Z");

function window(rest: Partial<SyncWindow>): SyncWindow {
  const schedule = parseCron("0 12 * * *");
  if (!schedule.ok) throw new Error(schedule.error);
  const plain = { kind: "deny", durationMs: 3_600_000, zone: "UTC", manualSync: false, overrun: false } as const;
  return { ...plain, schedule: schedule.value, text: "deny window", ...rest };
}

test("the window that keeps an app from being synced is named, with its end, and who may sync all the same", () => {
  const reasons = (windows: readonly SyncWindow[]) => windowReasons(plainApp("shop", { windows }), now);
  expect(reasons([])).toEqual([]);
  expect(reasons([window({ kind: "allow" })])).toEqual([]);
  expect(reasons([window({})])).toMatchObject([
    {
      rule: "sync-window",
      message: "deny window is active, until 2026-03-02T13:00:00.000Z",
      advice: "See its windows: holdfast windows app/apps/shop",
    },
  ]);
  expect(reasons([window({ manualSync: true })])[0]?.advice).toBe("People may sync it: holdfast sync app/apps/shop");
});
