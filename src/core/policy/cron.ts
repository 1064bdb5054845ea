import { type Result, ok, refused } from "#core/result.ts";

/** When something begins: minutes, hours, days and months as a clock on the wall shows them. */
export interface CronSchedule {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** Whether a day must fit both ways, because one of them fits every day. */
  readonly bothDays: boolean;
}

/** A day as a calendar shows it; months from 1. */
export interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: readonly { readonly from: number; readonly to: number; readonly names: readonly string[] }[] = [
  { from: 0, to: 59, names: [] },
  { from: 0, to: 23, names: [] },
  { from: 1, to: 31, names: [] },
  { from: 1, to: 12, names: MONTHS },
  { from: 0, to: 6, names: WEEKDAYS },
];

const WORDS: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** Parses five fields of cron, or one of its words; refused with what is wrong. */
export function parseCron(text: string): Result<CronSchedule, string> {
  const given = text.trim();
  const fields = (WORDS[given] ?? given).split(/\s+/);
  if (fields.length !== FIELDS.length) return refused(`expected 5 fields, found ${given === "" ? 0 : fields.length}`);
  const sets: ReadonlySet<number>[] = [];
  for (const [index, field] of fields.entries()) {
    const set = valuesOf(field, index);
    if (typeof set === "string") return refused(set);
    sets.push(set);
  }
  const [minutes, hours, days, months, weekdays] = sets as [
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
  ];
  const bothDays = isEvery(fields[2]) || isEvery(fields[4]);
  return ok({ minutes, hours, days, months, weekdays, bothDays });
}

/** Whether something begins on a day. */
export function isOnDay(schedule: CronSchedule, { year, month, day }: CalendarDay): boolean {
  const { months, days, weekdays, bothDays } = schedule;
  if (!months.has(month)) return false;
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
  const fits = [days.has(day), weekdays.has(weekday)];
  return bothDays ? fits.every(Boolean) : fits.some(Boolean);
}

function isEvery(field: string | undefined): boolean {
  return (field ?? "").split(",").some((part) => /^[*?](\/1)?$/.test(part));
}

function valuesOf(field: string, index: number): ReadonlySet<number> | string {
  const values = new Set<number>();
  for (const part of field.split(",")) {
    const range = rangeOf(part, index);
    if (typeof range === "string") return range;
    for (let value = range.from; value <= range.to; value += range.step) values.add(value);
  }
  return values;
}

function rangeOf(part: string, index: number): { from: number; to: number; step: number } | string {
  const { from: least, to: most, names } = FIELDS[index] as (typeof FIELDS)[number];
  const shown = JSON.stringify(part.slice(0, 40));
  const [, first = "", last, stride] = /^([^-/]+)(?:-([^-/]+))?(?:\/(\d{1,4}))?$/.exec(part) ?? [];
  const number = (word: string) => {
    const named = names.indexOf(word.toLowerCase());
    if (named >= 0) return named + least;
    return /^\d{1,4}$/.test(word) ? Number(word) : Number.NaN;
  };
  const step = stride === undefined ? 1 : Number(stride);
  const isAll = first === "*" || first === "?";
  const from = isAll ? least : number(first);
  const open = isAll || stride !== undefined ? most : from;
  const to = last === undefined ? open : number(last);
  if (Number.isNaN(from) || Number.isNaN(to) || (isAll && last !== undefined))
    return `${shown} is no part of a schedule`;
  if (step === 0) return `${shown} has a step of 0`;
  if (from < least || to > most || from > to) return `${shown} is not within ${least}-${most}`;
  return { from, to, step };
}
