import { expect, test } from "vitest";
import { RequestLimiter } from "./request-limiter.ts";

const { signal } = new AbortController();

/** Feeds windows of requests whose time depends on how many run at once, and says where the limit settles. */
async function settle(limiter: RequestLimiter, msAt: (running: number) => number): Promise<number> {
  for (let round = 0; round < 200; round += 1) {
    const running = limiter.limit;
    for (let place = 0; place < running; place += 1) await limiter.acquire(signal);
    const extra = limiter.acquire(signal); // Somebody always waits.
    for (let place = 0; place < running; place += 1) limiter.release({ kind: "answered", ms: msAt(running) });
    await extra;
    limiter.release({ kind: "silent" });
  }
  return limiter.limit;
}

test("grows to its maximum while the server keeps its pace", async () => {
  expect(await settle(new RequestLimiter(), () => 10)).toBe(64);
});

test("settles where more requests only wait longer", async () => {
  const limit = await settle(new RequestLimiter(), (running) => (running <= 20 ? 10 : 10 * (running / 20) ** 6));
  expect(limit).toBeGreaterThan(16);
  expect(limit).toBeLessThan(50);
});

test("does not give way to slowness that is not its own doing", async () => {
  const limiter = new RequestLimiter();
  expect(await settle(limiter, () => 10)).toBe(64);
  expect(await settle(limiter, () => 200)).toBe(64);
});

test("measures its baseline again after a while, with few requests under way", async () => {
  let now = 0;
  const limiter = new RequestLimiter({ now: () => (now += 1) });
  await settle(limiter, () => 200);
  let least = Infinity;
  const paced = (running: number) => {
    least = Math.min(least, running);
    return running <= 20 ? 10 : 10 * (running / 20) ** 6;
  };
  for (let round = 0; round < 10; round += 1) await settle(limiter, paced);
  expect(least).toBeLessThan(10);
  expect(limiter.limit).toBeLessThan(50);
});

test("does not grow while nobody waits", async () => {
  const limiter = new RequestLimiter();
  for (let round = 0; round < 500; round += 1) {
    await limiter.acquire(signal);
    limiter.release({ kind: "answered", ms: 1 });
  }
  expect(limiter.limit).toBe(16);
});

test("halves at overload, counts one overload once, and never goes below its minimum", async () => {
  let now = 0;
  const limiter = new RequestLimiter({ now: () => now });
  const limits: number[] = [];
  for (const at of [0, 10, 20, 2_000, 4_000, 6_000]) {
    now = at;
    await limiter.acquire(signal);
    limiter.release({ kind: "overloaded" });
    limits.push(limiter.limit);
  }
  expect(limits).toEqual([8, 8, 8, 4, 4, 4]);
});

test("serves those who wait in their order, and forgets who left", async () => {
  const limiter = new RequestLimiter({ start: 1, min: 1 });
  await limiter.acquire(signal);
  const order: string[] = [];
  const leaver = new AbortController();
  const first = limiter.acquire(signal).then(() => order.push("first"));
  const left = limiter.acquire(leaver.signal);
  const second = limiter.acquire(signal).then(() => order.push("second"));
  leaver.abort(new Error("left"));
  await expect(left).rejects.toThrow("left");
  limiter.release({ kind: "silent" });
  await first;
  limiter.release({ kind: "silent" });
  await second;
  expect(order).toEqual(["first", "second"]);
});

test("a pause holds everybody back until it ends", async () => {
  const limiter = new RequestLimiter();
  limiter.pause(60);
  const started = performance.now();
  await Promise.all([limiter.acquire(signal), limiter.acquire(signal)]);
  expect(performance.now() - started).toBeGreaterThanOrEqual(50);
  expect(limiter.pausedForMs).toBe(0);
});

test("lets others go before what can wait, for a moment", async () => {
  let now = 0;
  const limiter = new RequestLimiter({ start: 1, min: 1, now: () => now });
  await limiter.acquire(signal);
  const order: string[] = [];
  const wait = (name: string, late?: true) => void limiter.acquire(signal, late).then(() => order.push(name));
  const next = async () => {
    limiter.release({ kind: "silent" });
    await Promise.resolve();
    await Promise.resolve();
  };
  wait("late", true);
  wait("later", true);
  wait("one");
  wait("two");
  await next();
  now = 1_999;
  await next();
  expect(order).toEqual(["one", "two"]);
  wait("three");
  now = 2_000;
  await next();
  expect(order).toEqual(["one", "two", "late"]);
  now = 1_000;
  await next();
  await next();
  expect(order).toEqual(["one", "two", "late", "three", "later"]);
});

test("forgets what can wait and is given up", async () => {
  const limiter = new RequestLimiter({ start: 1, min: 1 });
  await limiter.acquire(signal);
  const scope = new AbortController();
  const given = limiter.acquire(scope.signal, true);
  scope.abort(new Error("given up"));
  await expect(given).rejects.toThrow("given up");
  limiter.release({ kind: "silent" });
  await limiter.acquire(signal);
});
