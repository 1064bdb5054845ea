import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ApiError } from "#core/cluster/api-error.ts";
import { sleep } from "#async/with-deadline.ts";
import { LedAlone } from "./led-alone.ts";
import { LeaderLease } from "./lease.ts";
import { FakeCluster } from "./testing/fake-cluster.ts";
import { keptLog } from "./testing/quiet.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** One process that wants to lead; its requests can be made slow or fail without touching the others'. */
class Replica {
  readonly identity: string;
  readonly lease: LeaderLease;
  readonly alone: LedAlone;
  readonly scope = new AbortController();
  readonly client: FakeCluster;
  readonly log = keptLog();
  life: Promise<void> = Promise.resolve();
  over = false;

  constructor(identity: string, cluster: FakeCluster, skewMs = 0) {
    this.identity = identity;
    this.client = cluster.sibling();
    const now = () => Date.now() + skewMs;
    // Each machine has its own wall clock and its own zero of monotonic time.
    const clock = { now, monotonic: now };
    const options = { client: this.client, clock, log: this.log, namespace: "system", name: "leader", identity };
    this.alone = new LedAlone(clock, ["plain"]);
    this.lease = new LeaderLease({ ...options, random: () => 0.5, alone: this.alone });
  }

  start(): this {
    this.life = this.lease
      .acquire(this.scope.signal)
      .then(() => this.lease.keep(this.scope.signal))
      .catch((error: unknown) => {
        if (!this.scope.signal.aborted) throw error;
      })
      .finally(() => (this.over = true));
    return this;
  }

  async stop(): Promise<void> {
    this.scope.abort();
    await vi.advanceTimersByTimeAsync(0);
    await this.life;
  }
}

async function atMostOne(replicas: readonly Replica[], ms: number, every = 100): Promise<void> {
  for (let passed = 0; passed < ms; passed += every) {
    await vi.advanceTimersByTimeAsync(every);
    const leaders = replicas.filter(({ lease }) => lease.isHeld()).map(({ identity }) => identity);
    expect(leaders.length, `leaders after ${passed} ms: ${leaders.join(", ")}`).toBeLessThanOrEqual(1);
  }
}

async function pair(): Promise<[Replica, Replica, FakeCluster]> {
  const cluster = new FakeCluster();
  const first = new Replica("one", cluster).start();
  await vi.advanceTimersByTimeAsync(0);
  const second = new Replica("two", cluster, 3_600_000).start();
  await vi.advanceTimersByTimeAsync(0);
  return [first, second, cluster];
}

function failing(): never {
  throw new ApiError({ code: 0, reason: "Unreachable", message: "no answer" });
}

describe("LeaderLease", () => {
  test("one of two leads, for as long as it renews", async () => {
    const [first, second] = await pair();
    expect(first.lease.isHeld()).toBe(true);
    await atMostOne([first, second], 120_000, 500);
    expect([first.lease.isHeld(), second.lease.isHeld()]).toEqual([true, false]);
    await Promise.all([first.stop(), second.stop()]);
  });

  test("hands over at once when the leader stops in order, with a greater epoch", async () => {
    const [first, second] = await pair();
    const { epoch } = first.lease;
    await first.stop();
    expect(first.lease.isHeld()).toBe(false);
    await atMostOne([first, second], 3_000);
    expect(second.lease.isHeld()).toBe(true);
    expect(second.lease.epoch).toBeGreaterThan(epoch);
    await second.stop();
  });

  test("hands over since when it led without a rival", async () => {
    const [first, second] = await pair();
    const at = Math.floor(Date.now() / 1_000) * 1_000;
    await vi.advanceTimersByTimeAsync(10_000);
    await first.stop();
    await vi.advanceTimersByTimeAsync(3_000);
    expect([second.alone.wrote("plain", at), second.alone.wrote("plain", at - 60_000)]).toEqual([true, false]);
    await second.stop();
  });

  test("fences a leader whose requests fail before anybody else may lead, and tells it", async () => {
    const [first, second] = await pair();
    first.client.before = failing;
    await atMostOne([first, second], 60_000);
    expect([first.over, second.lease.isHeld()]).toEqual([true, true]);
    expect(() => first.lease.assertHeld()).toThrow("the leader lease is not held");
    expect(first.log.lines).toContain("lost the leader lease");
    await second.stop();
  });

  test("fences a leader whose requests hang, and gives up each at its deadline", async () => {
    const [first, second] = await pair();
    first.client.before = (_request, signal) => sleep(3_600_000, signal);
    await atMostOne([first, second], 20_000);
    expect([first.over, second.lease.isHeld()]).toEqual([true, true]);
    await second.stop();
  });

  test("counts from when a renewal was sent, not from when it was answered", async () => {
    const [first, second] = await pair();
    first.client.after = async ({ verb }, signal) => {
      if (verb !== "replace") return;
      await sleep(4_000, signal);
      first.client.before = failing;
    };
    await vi.advanceTimersByTimeAsync(14_900);
    expect(first.lease.isHeld()).toBe(true);
    await vi.advanceTimersByTimeAsync(200);
    expect(first.lease.isHeld()).toBe(false);
    first.scope.abort();
    await second.stop();
  });

  test("of two that take over at the same time one wins", async () => {
    const cluster = new FakeCluster();
    const gone = new Replica("gone", cluster).start();
    await vi.advanceTimersByTimeAsync(0);
    gone.client.before = failing;
    const heirs = [new Replica("one", cluster).start(), new Replica("two", cluster).start()];
    for (const { client } of heirs) client.before = (_request, signal) => sleep(100, signal);
    await atMostOne(heirs, 40_000);
    expect(heirs.filter(({ lease }) => lease.isHeld())).toHaveLength(1);
    for (const heir of heirs) {
      heir.client.before = () => {};
      await heir.stop();
    }
  });

  test("a stalled process finds itself fenced as soon as it goes on, before any timer ran", async () => {
    const cluster = new FakeCluster();
    const replica = new Replica("one", cluster).start();
    await vi.advanceTimersByTimeAsync(0);
    replica.lease.assertHeld();
    vi.setSystemTime(Date.now() + 10_000);
    expect(replica.lease.isHeld()).toBe(false);
    await replica.stop();
  });

  test("is never held twice, also when answers come so late that a renewal was done long before", async () => {
    const [first, second] = await pair();
    for (const slowMs of [100, 2_000, 4_900, 6_000, 14_000]) {
      for (const replica of [first, second]) {
        replica.client.after = (_request, signal) => sleep(slowMs, signal);
      }
      await atMostOne([first, second], 40_000);
    }
    for (const replica of [first, second]) replica.client.after = () => {};
    await Promise.all([first.stop(), second.stop()]);
  });

  test("one failed renewal is tried again before the lease runs out", async () => {
    const [first, second] = await pair();
    let failures = 0;
    first.client.after = (_request, signal) => sleep(300, signal);
    first.client.before = () => {
      if (failures++ < 1) failing();
    };
    for (let passed = 0; passed < 20_000; passed += 100) {
      await vi.advanceTimersByTimeAsync(100);
      expect(first.lease.isHeld(), `after ${passed} ms`).toBe(true);
    }
    expect(failures).toBeGreaterThan(1);
    first.client.after = () => {};
    await Promise.all([first.stop(), second.stop()]);
  });

  test("a lease deleted by hand does not make a second leader", async () => {
    const [first, second, cluster] = await pair();
    await atMostOne([first, second], 7_000);
    cluster.objects.clear();
    await atMostOne([first, second], 40_000);
    expect([first.lease.isHeld(), second.lease.isHeld()]).toEqual([true, false]);
    await Promise.all([first.stop(), second.stop()]);
  });

  test("takes its own lease back at once after a restart under the same identity", async () => {
    const cluster = new FakeCluster();
    const before = new Replica("one", cluster).start();
    await vi.advanceTimersByTimeAsync(0);
    const { epoch } = before.lease;
    const after = new Replica("one", cluster).start();
    await vi.advanceTimersByTimeAsync(0);
    expect(after.lease.isHeld()).toBe(true);
    expect(after.lease.epoch).toBe(epoch);
    before.scope.abort();
    await after.stop();
  });

  test("of two that come at the same time one wins", async () => {
    const cluster = new FakeCluster();
    const replicas = [new Replica("one", cluster).start(), new Replica("two", cluster).start()];
    await atMostOne(replicas, 10_000);
    expect(replicas.filter(({ lease }) => lease.isHeld())).toHaveLength(1);
    await Promise.all(replicas.map((replica) => replica.stop()));
  });

  test("waiting ends with the signal", async () => {
    const [first, second] = await pair();
    second.scope.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(second.over).toBe(true);
    expect(first.lease.isHeld()).toBe(true);
    await first.stop();
  });
});
