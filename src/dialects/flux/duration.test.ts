import fc from "fast-check";
import { expect, test } from "vitest";
import { durationText, parseDuration } from "./duration.ts";

const cases = [
  ["1h30m", 5_400_000, "1h30m0s"],
  ["500ms", 500, "500ms"],
  ["1.5s", 1_500, "1.5s"],
  ["90s", 90_000, "1m30s"],
  ["1m", 60_000, "1m0s"],
  ["0s", 0, "0s"],
] as const;

for (const [text, ms, printed] of cases) {
  test(`${text} is ${ms} ms and prints as ${printed}`, () => {
    expect(parseDuration(text)).toBe(ms);
    expect(durationText(ms)).toBe(printed);
  });
}

for (const text of ["", "10", "1d", "-1s", "1m ", "1e3s", "1.s", "99999999999h", "1s".repeat(100)]) {
  test(`${JSON.stringify(text.slice(0, 20))} is no duration`, () => {
    expect(parseDuration(text)).toBeUndefined();
  });
}

test("what is printed parses to the same", () => {
  fc.assert(fc.property(fc.nat(1_000_000_000), (ms) => parseDuration(durationText(ms)) === ms));
});
