import { describe, expect, test } from "vitest";
import { aborted, TaskGroup } from "./task-group.ts";

describe("TaskGroup", () => {
  test("is settled when there is nothing to do", async () => {
    await new TaskGroup(() => {}).settled();
  });

  test("waits for all work, also for work that is added meanwhile", async () => {
    const group = new TaskGroup(() => {});
    const done: string[] = [];
    const later = Promise.withResolvers<void>();
    const first = Promise.withResolvers<void>();
    group.add(
      first.promise.then(() => {
        done.push("first");
        group.add(later.promise.then(() => done.push("later")));
      }),
    );
    const settled = group.settled().then(() => done.push("settled"));
    first.resolve();
    await first.promise;
    setImmediate(() => later.resolve());
    await settled;
    expect(done).toEqual(["first", "later", "settled"]);
  });

  test("tells of failures once and goes on", async () => {
    const errors: unknown[] = [];
    const group = new TaskGroup((error) => errors.push(error));
    const failure = new Error("broken");
    group.add(Promise.reject(failure));
    group.add(Promise.resolve("fine"));
    await group.settled();
    expect(errors).toEqual([failure]);
  });
});

describe("aborted()", () => {
  test("resolves at once when the signal is aborted already", async () => {
    await aborted(AbortSignal.abort());
  });

  test("resolves when the signal aborts, not before", async () => {
    const scope = new AbortController();
    let over = false;
    const waiting = aborted(scope.signal).then(() => (over = true));
    await Promise.resolve();
    expect(over).toBe(false);
    scope.abort();
    await waiting;
  });
});
