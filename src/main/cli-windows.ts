import type { WindowsView } from "#contract/window-view.ts";
import type { App } from "#core/app/app.ts";
import { activeUntil, judgeWindows, nextStart } from "#core/policy/sync-windows.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { WindowsActions } from "#cli/windows.ts";
import { findApp, usableApp } from "./cli-app-record.ts";
import { withClient } from "./cli-session.ts";

/** Tells the windows of time of apps. */
export const windowsActions: WindowsActions = {
  windows: (query, signal) =>
    withClient(
      query,
      async (client) => windowsView(usableApp(await findApp(client, query, signal)), momentOf(query.at)),
      signal,
    ),
};

/** The windows of an app, judged for a moment. */
export function windowsView({ key, windows = [] }: Pick<App, "key" | "windows">, now: number): WindowsView {
  const judge = (manual: boolean) => judgeWindows(windows, { now, manual, startedAt: null });
  const shown = (moment: number | null) => (moment === null ? "" : new Date(moment).toISOString());
  return {
    app: key,
    at: shown(now),
    controller: judge(false).allowed,
    people: judge(true).allowed,
    by: judge(false).by,
    windows: windows.map((window) => {
      const end = activeUntil(window, now);
      return { window: window.text, active: end !== null, changes: shown(end ?? nextStart(window, now)) };
    }),
  };
}

/** The moment that a text names; without one: now. @throws CliError */
export function momentOf(text: string | undefined): number {
  const moment = text === undefined ? Date.now() : Date.parse(text);
  if (!Number.isNaN(moment)) return moment;
  const advice = "Write it as in 2026-03-01T22:00:00Z.";
  throw new CliError(`Cannot use "${text}" as a time`, { advice, exitCode: exitCode.usage });
}
