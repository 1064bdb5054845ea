import { describe, expect, test } from "vitest";
import { parseCron } from "./cron.ts";
import { activeUntil, isActive, judgeWindows, nextStart, type SyncWindow } from "./sync-windows.ts";
import { isTimeZone } from "./time-zone.ts";

const at = (text: string) => Date.parse(text);
const shown = (moment: number | null) => moment && new Date(moment).toISOString();

function window(schedule: string, rest: Partial<SyncWindow> & { hours?: number } = {}): SyncWindow {
  const parsed = parseCron(schedule);
  if (!parsed.ok) throw new Error(parsed.error);
  const { hours = 1, ...others } = rest;
  const text = `${rest.kind ?? "allow"} ${schedule}`;
  const plain = {
    kind: "allow",
    durationMs: hours * 3_600_000,
    zone: "UTC",
    manualSync: false,
    overrun: false,
  } as const;
  return { ...plain, schedule: parsed.value, text, ...others };
}

describe("parseCron()", () => {
  test.each([
    ["0 22 * * *", "2026-03-01T12:00:00Z", "2026-03-01T22:00:00.000Z"],
    ["0 22 * * *", "2026-03-01T22:00:00Z", "2026-03-02T22:00:00.000Z"],
    ["*/15 9-17 * * mon-fri", "2026-03-01T12:00:00Z", "2026-03-02T09:00:00.000Z"],
    ["5/20 * * * *", "2026-03-01T12:30:00Z", "2026-03-01T12:45:00.000Z"],
    ["0 0 1,15 * *", "2026-03-02T00:00:00Z", "2026-03-15T00:00:00.000Z"],
    ["0 0 13 * FRI", "2026-03-01T00:00:00Z", "2026-03-06T00:00:00.000Z"],
    ["0 0 13 * ?", "2026-03-01T00:00:00Z", "2026-03-13T00:00:00.000Z"],
    ["0 0 29 feb *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00.000Z"],
    ["@weekly", "2026-03-02T00:00:00Z", "2026-03-08T00:00:00.000Z"],
    ["@hourly", "2026-03-02T00:00:00Z", "2026-03-02T01:00:00.000Z"],
    ["0 0 30 2 *", "2026-03-02T00:00:00Z", null],
  ])("%s after %s begins at %s", (schedule, after, want) => {
    expect(shown(nextStart(window(schedule), at(after)))).toBe(want);
  });

  test.each([
    ["", "expected 5 fields, found 0"],
    ["* * * *", "expected 5 fields, found 4"],
    ["60 * * * *", '"60" is not within 0-59'],
    ["* * * * 7", '"7" is not within 0-6'],
    ["5-1 * * * *", '"5-1" is not within 0-59'],
    ["*/0 * * * *", '"*/0" has a step of 0'],
    ["a * * * *", '"a" is no part of a schedule'],
    ["@every 1h", "expected 5 fields, found 2"],
    ["1--2 * * * *", '"1--2" is no part of a schedule'],
  ])("%o is refused: %s", (text, error) => {
    expect(parseCron(text)).toEqual({ ok: false, error });
  });
});

describe("time zones", () => {
  test("a schedule goes by the clocks of its zone, in summer and winter", () => {
    const berlin = window("0 9 * * *", { zone: "Europe/Berlin" });
    expect(shown(nextStart(berlin, at("2026-01-10T12:00:00Z")))).toBe("2026-01-11T08:00:00.000Z");
    expect(shown(nextStart(berlin, at("2026-07-10T12:00:00Z")))).toBe("2026-07-11T07:00:00.000Z");
    const kolkata = window("30 0 * * *", { zone: "Asia/Kolkata" });
    expect(shown(nextStart(kolkata, at("2026-01-10T12:00:00Z")))).toBe("2026-01-10T19:00:00.000Z");
  });

  test("a time that clocks never show does not come, and one that they show twice comes twice", () => {
    const berlin = window("30 2 * * *", { zone: "Europe/Berlin" });
    expect(shown(nextStart(berlin, at("2026-03-28T12:00:00Z")))).toBe("2026-03-30T00:30:00.000Z");
    const first = nextStart(berlin, at("2026-10-24T12:00:00Z"));
    expect(shown(first)).toBe("2026-10-25T00:30:00.000Z");
    expect(shown(nextStart(berlin, first ?? 0))).toBe("2026-10-25T01:30:00.000Z");
  });

  test("names that nobody knows are told from others", () => {
    expect(["UTC", "Europe/Berlin", "Mars/Olympus", ""].map(isTimeZone)).toEqual([true, true, false, false]);
  });
});

describe("activeUntil()", () => {
  test("a window is active from its beginning until its end", () => {
    const night = window("0 22 * * *", { hours: 8 });
    const ends = ["21:59:59", "22:00:00", "23:00:00"].map((time) =>
      shown(activeUntil(night, at(`2026-03-01T${time}Z`))),
    );
    expect(ends).toEqual([null, "2026-03-02T06:00:00.000Z", "2026-03-02T06:00:00.000Z"]);
    expect(isActive(night, at("2026-03-02T05:59:59Z"))).toBe(true);
    expect(isActive(night, at("2026-03-02T06:00:00Z"))).toBe(false);
  });

  test("windows in a row are one", () => {
    const days = window("0 * * * 1", { hours: 1 });
    expect(shown(activeUntil(days, at("2026-03-02T05:30:00Z")))).toBe("2026-03-03T00:00:00.000Z");
    const ever = activeUntil(window("* * * * *"), at("2026-03-02T05:30:00Z")) ?? 0;
    expect(ever).toBeGreaterThan(at("2026-03-02T18:00:00Z"));
  });
});

describe("judgeWindows()", () => {
  const noon = at("2026-03-02T12:30:00Z");
  const open = window("0 12 * * *");
  const shut = window("0 15 * * *");
  const deny = (rest: Partial<SyncWindow> = {}) => window("0 12 * * *", { kind: "deny", ...rest });
  const judge = (windows: readonly SyncWindow[], manual = false, startedAt: number | null = null) =>
    judgeWindows(windows, { now: noon, manual, startedAt });

  test.each([
    ["no window allows", [], false, true],
    ["an active allowance allows", [shut, open], false, true],
    ["allowances of which none is active deny", [shut], false, false],
    ["a denial that is not active allows", [window("0 15 * * *", { kind: "deny" })], false, true],
    ["an active denial denies, also beside an allowance", [open, deny()], true, false],
    ["people may sync when all blocking windows let them", [deny({ manualSync: true })], true, true],
    ["the controller may not because people may", [deny({ manualSync: true })], false, false],
    ["one denial that lets nobody is enough", [deny({ manualSync: true }), deny()], true, false],
    ["people may sync outside an allowance that lets them", [{ ...shut, manualSync: true }], true, true],
  ])("%s", (_name, windows, manual, allowed) => {
    expect(judge(windows, manual).allowed).toBe(allowed);
  });

  test("a sync that began when it was allowed may end where every blocking window lets it", () => {
    const before = at("2026-03-02T11:59:00Z");
    expect(judge([deny({ overrun: true })], false, before).allowed).toBe(true);
    expect(judge([deny({ overrun: true }), deny()], false, before).allowed).toBe(false);
    expect(judge([deny({ overrun: true })], false, at("2026-03-02T12:01:00Z")).allowed).toBe(false);
    const morning = window("0 11 * * *", { overrun: true });
    expect(judge([morning], false, before).allowed).toBe(true);
  });

  test("the deciding window is named, with the time of the next change", () => {
    expect(judge([deny()])).toEqual({
      allowed: false,
      by: "deny 0 12 * * * is active",
      until: at("2026-03-02T13:00:00Z"),
    });
    expect(judge([shut])).toEqual({
      allowed: false,
      by: "allow 0 15 * * * is not active",
      until: at("2026-03-02T15:00:00Z"),
    });
  });
});
