import type { Notice } from "#core/app/app-report.ts";
import { type IdKey, idText, parseIdKey } from "#core/resource/resource-id.ts";
import type { AppState, Fight } from "./app-state.ts";

const FIGHT_WINDOW_MS = 60_000;
const FIGHT_ROUNDS = 3;
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 15 * 60_000;

/** Takes note that an object is about to be healed; rounds that lie apart are no fight. */
export function noteHeal(
  state: AppState,
  key: IdKey,
  drift: { paths: readonly string[]; by: string; now: number },
): void {
  const known = state.fights.get(key);
  const recent = known && drift.now - known.lastAt < Math.max(FIGHT_WINDOW_MS, 2 * pauseMs(known));
  const fight: Fight = {
    count: recent ? known.count + 1 : 1,
    firstAt: recent ? known.firstAt : drift.now,
    lastAt: drift.now,
    paths: drift.paths,
    by: drift.by === "" ? [] : [drift.by],
  };
  state.fights.set(key, fight);
}

/** When an object may be healed again: at once, unless somebody else keeps reverting it. */
export function healAllowedAt(state: AppState, key: IdKey): number {
  const fight = state.fights.get(key);
  return fight ? fight.lastAt + pauseMs(fight) : 0;
}

/** What to tell people about fights that go on. */
export function fightNotices(state: AppState, now: number): Notice[] {
  const notices: Notice[] = [];
  for (const [key, fight] of state.fights) {
    if (now - fight.lastAt > Math.max(FIGHT_WINDOW_MS, 2 * pauseMs(fight))) {
      state.fights.delete(key);
    } else if (fight.count >= FIGHT_ROUNDS) {
      const by = fight.by.length > 0 ? ` ${fight.by.join(", ")}` : "";
      const what = fight.paths.length > 0 ? `${fight.paths.join(", ")} reverted` : "deleted";
      notices.push({
        kind: "fight",
        message: `${idText(parseIdKey(key))}: ${what} again and again${by}; healing it more and more slowly`,
      });
    }
  }
  return notices;
}

function pauseMs(fight: Fight): number {
  if (fight.count < FIGHT_ROUNDS) return 0;
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(fight.count - FIGHT_ROUNDS, 10));
}

/** When the app may be healed next, where its policy wants waits between one healing and the next; null: at once. */
export function nextHealAt({ app, lastSync }: Pick<AppState, "app" | "lastSync">): number | null {
  const { healBackoff } = app.policy;
  if (!healBackoff || !lastSync?.finishedAt || lastSync.healAttempts === 0) return null;
  const { baseMs, factor, maxMs } = healBackoff;
  return lastSync.finishedAt + Math.min(maxMs, baseMs * factor ** Math.min(lastSync.healAttempts - 1, 40));
}

/** Whether no wait stands between the last healing of the app and this one. */
export function mayHealNow(state: Pick<AppState, "app" | "lastSync">, now: number): boolean {
  return now >= (nextHealAt(state) ?? 0);
}
