import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Priority, WorkQueue } from "./work-queue.ts";

const PRIORITIES: readonly Priority[] = ["person", "webhook", "drift", "periodic"];
type Key = "a" | "b" | "c" | "d";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A queue whose workers end when the test says so. */
function workshop(concurrency: number) {
  const scope = new AbortController();
  const starts: { key: Key; priority: Priority }[] = [];
  const benches = new Map<Key, PromiseWithResolvers<void>>();
  const errors: [string, unknown][] = [];
  const depths: number[] = [];
  let twice = false;
  const queue = new WorkQueue<Key>({
    concurrency,
    onDepth: (depth) => depths.push(depth),
    onError: (key, error) => errors.push([key, error]),
  });
  const work = (key: Key, priority: Priority): Promise<void> => {
    starts.push({ key, priority });
    if (benches.has(key)) twice = true;
    const bench = Promise.withResolvers<void>();
    benches.set(key, bench);
    return bench.promise.finally(() => benches.delete(key));
  };
  return {
    queue,
    starts,
    errors,
    depths,
    scope,
    running: () => [...benches.keys()],
    ranTwice: () => twice,
    run: () => queue.run(work, scope.signal),
    async end(key: Key, error?: Error): Promise<void> {
      if (error) benches.get(key)?.reject(error);
      else benches.get(key)?.resolve();
      await settle();
    },
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
}

type Step =
  | { readonly kind: "add"; readonly key: Key; readonly priority: Priority }
  | { readonly kind: "later"; readonly key: Key; readonly priority: Priority; readonly delayMs: number }
  | { readonly kind: "end"; readonly key: Key; readonly fails: boolean }
  | { readonly kind: "time"; readonly ms: number };

const anyKey = fc.constantFrom<Key>("a", "b", "c", "d");
const anyPriority = fc.constantFrom(...PRIORITIES);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), key: anyKey, priority: anyPriority }),
  fc.record({ kind: fc.constant("later" as const), key: anyKey, priority: anyPriority, delayMs: fc.nat(50) }),
  fc.record({ kind: fc.constant("end" as const), key: anyKey, fails: fc.boolean() }),
  fc.record({ kind: fc.constant("time" as const), ms: fc.nat(30) }),
);

describe("WorkQueue", () => {
  test("never runs a key twice at once, never more than allowed, and forgets no wish", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(anyStep, { maxLength: 60 }), async (limit, steps) => {
        const shop = workshop(limit);
        const running = shop.run();
        /** When each key was wished for last, as a number of starts that had been made of it. */
        const owed = new Map<Key, number>();
        const startsOf = (key: Key) => shop.starts.filter((start) => start.key === key).length;
        for (const step of steps) {
          if (step.kind === "add") shop.queue.add(step.key, step.priority);
          if (step.kind === "later") shop.queue.addAfter(step.key, step.delayMs, step.priority);
          if (step.kind === "add" || step.kind === "later") owed.set(step.key, startsOf(step.key));
          if (step.kind === "end") await shop.end(step.key, step.fails ? new Error("failed") : undefined);
          if (step.kind === "time") await vi.advanceTimersByTimeAsync(step.ms);
          await settle();
          expect(shop.ranTwice()).toBe(false);
          expect(shop.running().length).toBeLessThanOrEqual(limit);
          expect(shop.queue.depth).toBeLessThanOrEqual(4);
          if (shop.queue.depth > 0) expect(shop.running()).toHaveLength(limit);
        }
        await vi.advanceTimersByTimeAsync(100);
        for (let round = 0; round < 20 && shop.running().length > 0; round++) await shop.end(shop.running()[0]!);
        expect(shop.queue.depth).toBe(0);
        for (const [key, before] of owed) expect(startsOf(key)).toBeGreaterThan(before);
        shop.scope.abort();
        await running;
      }),
      { numRuns: 60 },
    );
  });

  test("takes higher priorities first and equal ones in the order they came", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(anyKey, anyPriority), { minLength: 1, maxLength: 12 }), async (wishes) => {
        const shop = workshop(1);
        const best = new Map<Key, { rank: number; at: number }>();
        for (const [at, [key, priority]] of wishes.entries()) {
          shop.queue.add(key, priority);
          const rank = PRIORITIES.indexOf(priority);
          if (rank < (best.get(key)?.rank ?? 9)) best.set(key, { rank, at });
        }
        expect(shop.queue.depth).toBe(best.size);
        const running = shop.run();
        await settle();
        for (let left = best.size; left > 0; left--) await shop.end(shop.running()[0]!);
        const expected = [...best].sort(([, a], [, b]) => a.rank - b.rank || a.at - b.at);
        expect(shop.starts).toEqual(expected.map(([key, { rank }]) => ({ key, priority: PRIORITIES[rank] })));
        shop.scope.abort();
        await running;
      }),
    );
  });

  test("runs a key once more when it is added while it is worked on, at the best priority wished for", async () => {
    const shop = workshop(2);
    const running = shop.run();
    shop.queue.add("a", "periodic");
    await settle();
    for (const priority of ["drift", "webhook", "periodic"] as const) shop.queue.add("a", priority);
    await shop.end("a");
    expect(shop.starts).toEqual([
      { key: "a", priority: "periodic" },
      { key: "a", priority: "webhook" },
    ]);
    await shop.end("a");
    expect(shop.starts).toHaveLength(2);
    shop.scope.abort();
    await running;
  });

  test("of several delayed wishes the earliest counts, and no wish comes early", async () => {
    const shop = workshop(1);
    const running = shop.run();
    shop.queue.addAfter("a", 100, "periodic");
    shop.queue.addAfter("a", 40, "periodic");
    shop.queue.addAfter("a", 70, "periodic");
    await vi.advanceTimersByTimeAsync(39);
    expect(shop.starts).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(shop.starts).toHaveLength(1);
    await shop.end("a");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(shop.starts).toHaveLength(1);
    shop.scope.abort();
    await running;
  });

  test("forgets a delayed wish that is cancelled", async () => {
    const shop = workshop(1);
    const running = shop.run();
    shop.queue.addAfter("a", 40, "periodic");
    shop.queue.cancel("a");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(shop.starts).toEqual([]);
    shop.scope.abort();
    await running;
  });

  test("tells of a worker that failed and goes on with the next key", async () => {
    const shop = workshop(1);
    const running = shop.run();
    shop.queue.add("a", "drift");
    shop.queue.add("b", "drift");
    await settle();
    const failure = new Error("no cluster");
    await shop.end("a", failure);
    expect(shop.errors).toEqual([["a", failure]]);
    expect(shop.running()).toEqual(["b"]);
    shop.scope.abort();
    await shop.end("b");
    await running;
  });

  test("tells the number of waiting keys whenever it changes", async () => {
    const shop = workshop(1);
    for (const key of ["a", "b", "a"] as const) shop.queue.add(key, "drift");
    expect(shop.depths).toEqual([1, 2]);
    shop.queue.add("a", "person");
    expect(shop.queue.depth).toBe(2);
    const running = shop.run();
    await settle();
    expect(shop.depths.at(-1)).toBe(1);
    shop.scope.abort();
    await shop.end("a");
    await running;
  });

  test("begins nothing after the signal and returns when the last worker has stopped", async () => {
    const shop = workshop(1);
    let returned = false;
    const running = shop.run().finally(() => (returned = true));
    shop.queue.add("a", "drift");
    shop.queue.add("b", "drift");
    await settle();
    shop.scope.abort();
    await settle();
    expect(returned).toBe(false);
    await shop.end("a");
    await running;
    expect(shop.starts).toHaveLength(1);
  });

  test("leaves no timer behind, also of wishes that come while the last workers stop", async () => {
    const shop = workshop(1);
    shop.queue.addAfter("b", 1_000, "periodic");
    const running = shop.run();
    shop.queue.add("a", "drift");
    await settle();
    shop.scope.abort();
    await settle();
    shop.queue.addAfter("a", 5_000, "periodic");
    await shop.end("a");
    await running;
    expect(vi.getTimerCount()).toBe(0);
  });
});
