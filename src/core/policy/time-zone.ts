import type { CalendarDay } from "./cron.ts";

const DAY_MS = 24 * 60 * 60_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether somebody knows a time zone of this name. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** What calendars in a zone show at a moment, milliseconds since the epoch. */
export function dayIn(zone: string, moment: number): CalendarDay {
  const wall = new Date(moment + offsetIn(zone, moment));
  return { year: wall.getUTCFullYear(), month: wall.getUTCMonth() + 1, day: wall.getUTCDate() };
}

/** The day after. */
export function nextDay({ year, month, day }: CalendarDay): CalendarDay {
  const next = new Date(Date.UTC(year, month - 1, day) + DAY_MS);
  return { year: next.getUTCFullYear(), month: next.getUTCMonth() + 1, day: next.getUTCDate() };
}

/** The moments at which clocks in a zone show these times of a day, minutes after its midnight: a clock that is set forward never shows some, one that is set back shows some twice. */
export function momentsIn(zone: string, { year, month, day }: CalendarDay, minutes: readonly number[]): number[] {
  const midnight = Date.UTC(year, month - 1, day);
  const offsets = [...new Set([offsetIn(zone, midnight - DAY_MS), offsetIn(zone, midnight + 2 * DAY_MS)])];
  const isSteady = offsets.length === 1;
  return minutes.flatMap((minute) => {
    const wall = midnight + minute * 60_000;
    const moments = offsets.map((offset) => wall - offset);
    return isSteady ? moments : moments.filter((moment) => moment + offsetIn(zone, moment) === wall);
  });
}

/** How far clocks in a zone are ahead of UTC, in milliseconds. */
function offsetIn(zone: string, moment: number): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(moment)) parts[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(moment / 1_000) * 1_000;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    calendar: "iso8601",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  formats.set(zone, format);
  return format;
}
