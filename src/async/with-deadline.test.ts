import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DeadlineError, sleep, withDeadline } from "./with-deadline.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Work that ends when it is told to, and says so. */
function obedient(log: string[]): (signal: AbortSignal) => Promise<never> {
  return (signal) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        log.push("stopped");
        reject(signal.reason);
      });
    });
}

describe("withDeadline()", () => {
  test("gives the result of work that is done in time and leaves no timer", async () => {
    const scope = new AbortController();
    expect(await withDeadline(scope.signal, 100, () => Promise.resolve(7))).toBe(7);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("passes the failure of work on and leaves no timer", async () => {
    const failure = new Error("no answer");
    await expect(withDeadline(new AbortController().signal, 100, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("stops work at the deadline and names the limit", async () => {
    const log: string[] = [];
    const call = withDeadline(new AbortController().signal, 100, obedient(log));
    const failure = call.catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(99);
    expect(log).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await failure).toEqual(new DeadlineError(100));
    expect(log).toEqual(["stopped"]);
  });

  test("stops work with the parent's reason", async () => {
    const parent = new AbortController();
    const log: string[] = [];
    const call = withDeadline(parent.signal, 100, obedient(log));
    const reason = new Error("going down");
    parent.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(log).toEqual(["stopped"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("does not begin when the parent is over already", async () => {
    const reason = new Error("over");
    const work = vi.fn<() => Promise<void>>();
    await expect(withDeadline(AbortSignal.abort(reason), 100, work)).rejects.toBe(reason);
    expect(work).not.toHaveBeenCalled();
  });

  test("returns only when work has stopped, however late that is", async () => {
    let returned = false;
    const stubborn = (signal: AbortSignal) =>
      sleep(500, new AbortController().signal).then(() => signal.throwIfAborted());
    const call = withDeadline(new AbortController().signal, 100, stubborn).finally(() => (returned = true));
    const failure = call.catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(499);
    expect(returned).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await failure).toBeInstanceOf(DeadlineError);
  });

  test("ends the scope with the work, so that nothing outlives it", async () => {
    let scope: AbortSignal | null = null;
    await withDeadline(new AbortController().signal, 100, (signal) => Promise.resolve((scope = signal)));
    expect(scope).toMatchObject({ aborted: true });
  });
});

describe("sleep()", () => {
  test("lasts as long as it says", async () => {
    let awake = false;
    const nap = sleep(50, new AbortController().signal).then(() => (awake = true));
    await vi.advanceTimersByTimeAsync(49);
    expect(awake).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await nap;
    expect(awake).toBe(true);
  });

  test("ends with the signal's reason, at once, and leaves no timer", async () => {
    const scope = new AbortController();
    const reason = new Error("up");
    const nap = sleep(50, scope.signal);
    scope.abort(reason);
    await expect(nap).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
    expect(() => sleep(50, scope.signal)).toThrow(reason);
  });
});
