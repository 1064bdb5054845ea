import { type CronSchedule, isOnDay } from "./cron.ts";
import { dayIn, momentsIn, nextDay } from "./time-zone.ts";

/** A time in which syncs are allowed, or denied. */
export interface SyncWindow {
  readonly kind: "allow" | "deny";
  readonly schedule: CronSchedule;
  readonly durationMs: number;
  /** Name of the time zone whose clocks the schedule goes by. */
  readonly zone: string;
  /** Whether people may sync when the window keeps the controller from it. */
  readonly manualSync: boolean;
  /** Whether a sync that began when it was allowed may end. */
  readonly overrun: boolean;
  /** What people call it. */
  readonly text: string;
}

/** When a sync is judged, whose it is, and since when it runs; null: it has not begun. */
export interface SyncMoment {
  readonly now: number;
  readonly manual: boolean;
  readonly startedAt: number | null;
}

/** Whether a sync may go on, by which window, and when that may change; times are milliseconds since the epoch. */
export interface WindowVerdict {
  readonly allowed: boolean;
  readonly by: string;
  /** Null: it does not change. */
  readonly until: number | null;
}

const LONGEST_SEARCH_DAYS = 5 * 366;
const MOST_IN_A_ROW = 1_000;

/** Judges a sync by the windows of its app: an active denial comes first, then one allowance must be active if there is any. */
export function judgeWindows(windows: readonly SyncWindow[], moment: SyncMoment): WindowVerdict {
  const { now, manual, startedAt } = moment;
  const active = windows.filter((window) => isActive(window, now));
  const until = nextChange(windows, now);
  const verdict = (allowed: boolean, deciding: readonly SyncWindow[], state: string) => {
    const by = deciding.map(({ text }) => text).join(", ");
    return { allowed, by: by === "" ? state : `${by} ${state}`, until };
  };
  const denials = active.filter(({ kind }) => kind === "deny");
  const mayEnd = (blocking: readonly SyncWindow[]) =>
    startedAt !== null &&
    blocking.every(({ overrun }) => overrun) &&
    judgeWindows(windows, { now: startedAt, manual, startedAt: null }).allowed;
  if (denials.length > 0) {
    const isFree = (manual && denials.every(({ manualSync }) => manualSync)) || mayEnd(denials);
    return verdict(isFree, denials, "is active");
  }
  const allowances = windows.filter(({ kind }) => kind === "allow");
  if (allowances.length === 0) return verdict(true, [], "no window is active");
  const open = active.filter(({ kind }) => kind === "allow");
  if (open.length > 0) return verdict(true, open, "is active");
  const isFree = (manual && allowances.every(({ manualSync }) => manualSync)) || mayEnd(allowances);
  return verdict(isFree, allowances, "is not active");
}

/** Whether a moment is within a window. */
export function isActive(window: SyncWindow, now: number): boolean {
  return activeUntil(window, now) !== null;
}

/** When a window that is active ends, others of the same schedule in a row included; null while it is not active. */
export function activeUntil(window: SyncWindow, now: number): number | null {
  const { durationMs } = window;
  let end: number | null = null;
  let count = 0;
  for (const start of startsAfter(window, now - durationMs)) {
    if (start > (end ?? now) || count++ > MOST_IN_A_ROW) break;
    end = start + durationMs;
  }
  return end;
}

/** When a window begins next after a moment; null: not within five years. */
export function nextStart(window: SyncWindow, after: number): number | null {
  const [first = null] = startsAfter(window, after);
  return first;
}

function* startsAfter({ schedule, zone }: SyncWindow, after: number): Generator<number> {
  const minutes: number[] = [];
  for (const hour of schedule.hours) for (const minute of schedule.minutes) minutes.push(hour * 60 + minute);
  let day = dayIn(zone, after);
  for (let count = 0; count < LONGEST_SEARCH_DAYS; count++, day = nextDay(day)) {
    if (!isOnDay(schedule, day)) continue;
    const moments = momentsIn(zone, day, minutes).filter((moment) => moment > after);
    yield* moments.sort((a, b) => a - b);
  }
}

/** When one of the windows opens or closes next. */
function nextChange(windows: readonly SyncWindow[], now: number): number | null {
  const changes = windows.flatMap((window) => activeUntil(window, now) ?? nextStart(window, now) ?? []);
  return changes.length === 0 ? null : Math.min(...changes);
}
