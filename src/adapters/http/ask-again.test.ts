import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DeadlineError } from "#async/with-deadline.ts";
import { askAgain, type FailedAttempt } from "./ask-again.ts";
import { retryAfterMs } from "./retry-after.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const { signal } = new AbortController();
const failed = (more: Partial<FailedAttempt<Error>> = {}): FailedAttempt<Error> => ({
  error: new Error("Cannot read it: it is busy"),
  passes: true,
  at: "later",
  ...more,
});

/** Asks with these outcomes, one after the other; tells how often and after what time it ended. */
async function asked(...outcomes: (FailedAttempt<Error> | { value: string } | Error)[]): Promise<string> {
  const started = Date.now();
  let attempts = 0;
  const attempt = () => {
    const outcome = outcomes[Math.min(attempts++, outcomes.length - 1)]!;
    return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
  };
  const late = (state: string) => new Error(`Cannot read it: ${state}`);
  const ended = askAgain<string, Error>({ attempt, late, random: () => 1 }, signal).catch(
    (error: unknown) => (error as Error).message,
  );
  await vi.runAllTimersAsync();
  return `${await ended}, ${attempts} attempts, ${Date.now() - started} ms`;
}

describe("askAgain()", () => {
  test("waits longer each time, and gives up after the fourth attempt", async () => {
    expect(await asked(failed(), { value: "yes" })).toBe("yes, 2 attempts, 500 ms");
    expect(await asked(failed())).toBe("Cannot read it: it is busy, 4 attempts, 3500 ms");
  });

  test("asks only once where asking again is in vain", async () => {
    expect(await asked(failed({ passes: false }))).toBe("Cannot read it: it is busy, 1 attempts, 0 ms");
  });

  test("tries another way at once", async () => {
    expect(await asked(failed({ at: "once" }), { value: "yes" })).toBe("yes, 2 attempts, 0 ms");
  });

  test("waits as long as the server asks for, within a minute", async () => {
    expect(await asked(failed({ retryAfterMs: 20_000 }), { value: "yes" })).toBe("yes, 2 attempts, 20000 ms");
    expect(await asked(failed({ retryAfterMs: 61_000 }))).toBe("Cannot read it: it is busy, 1 attempts, 0 ms");
  });

  test("a deadline that passes says what was last", async () => {
    expect(await asked(failed({ at: "once" }), new DeadlineError(2_000))).toMatch(
      /^Cannot read it: no answer within 2 s; last, it could not read it: it is busy, 2 attempts/,
    );
  });
});

test("retryAfterMs() reads seconds and dates", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const headers = ["5", " 7 ", "Thu, 01 Jan 2026 00:00:09 GMT", "Wed, 31 Dec 2025 00:00:00 GMT", "soon", undefined];
  expect(headers.map((header) => retryAfterMs(header, now))).toEqual([5_000, 7_000, 9_000, 0, undefined, undefined]);
});
