import { beforeEach, describe, expect, test } from "vitest";
import { LedAlone } from "./led-alone.ts";
import { handClock } from "./testing/quiet.ts";

const UNTIL = 100_000;
let clock = handClock(10_500);
let first = new LedAlone(clock, ["plain", "other"]);
beforeEach(() => {
  clock = handClock(10_500);
  first = new LedAlone(clock, ["plain", "other"]);
});

/** The leader after `first`, which could write until `UNTIL`. */
function next(memo = first.text()): LedAlone {
  const leader = new LedAlone(handClock(200_000), ["plain", "other"]);
  leader.inherit({ memo, until: UNTIL });
  return leader;
}

describe("LedAlone", () => {
  test("knows the writes of the leader before, whose times are whole seconds", () => {
    expect([9_000, 10_000, 50_000, UNTIL, UNTIL + 1].map((at) => next().wrote("plain", at))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  test("reaches back over several leaders", () => {
    const third = new LedAlone(handClock(300_000), ["plain"]);
    third.inherit({ memo: next().text(), until: 250_000 });
    expect([third.wrote("plain", 50_000), third.wrote("plain", 249_000)]).toEqual([true, true]);
  });

  test("calls nothing ours from a time with a rival, and begins anew when it is gone", () => {
    first.note("plain", "Rival");
    expect([next().wrote("plain", 50_000), next().wrote("other", 50_000)]).toEqual([false, true]);
    clock.advance(60_000);
    first.note("plain", null);
    expect([next().wrote("plain", 50_000), next().wrote("plain", 71_000)]).toEqual([false, true]);
  });

  test("stays as it is while nobody knows of a rival", () => {
    first.note("plain", undefined);
    expect(next().wrote("plain", 50_000)).toBe(true);
  });

  test.each(["", "no", "[]", "null", '{"plain":"1"}', '{"plain":null}'])("takes nothing from the memo %j", (memo) => {
    expect(next(memo).wrote("plain", 50_000)).toBe(false);
  });

  test("calls nothing ours without a leader before", () => {
    expect(first.wrote("plain", 20_000)).toBe(false);
  });
});
