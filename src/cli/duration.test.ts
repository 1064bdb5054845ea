import { expect, test } from "vitest";
import { parseDuration, spanText } from "./duration.ts";

test("parseDuration() reads durations and refuses anything else", () => {
  expect(["500ms", "90s", "30m", "1h30m", "1.5h", "2d"].map(parseDuration)).toEqual([
    500, 90_000, 1_800_000, 5_400_000, 5_400_000, 172_800_000,
  ]);
  for (const text of ["", "5", "m", "-5m", "5 m", "5m!", "1h 30m"])
    expect(() => parseDuration(text)).toThrow(/duration/);
});

test("spanText() chooses the largest unit that still tells something", () => {
  expect([-1, 0, 119_000, 120_000, 7_200_000, 172_800_000].map(spanText)).toEqual([
    "0s",
    "0s",
    "119s",
    "2m",
    "2h",
    "2d",
  ]);
});
