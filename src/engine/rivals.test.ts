import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ApiError } from "#core/cluster/api-error.ts";
import type { Resource } from "#core/resource/resource.ts";
import { Rivals } from "./rivals.ts";
import { plainRules } from "./testing/app.ts";
import { plainDialect } from "./testing/dialect.ts";
import { settled } from "./testing/engine.ts";
import { FakeCluster } from "./testing/fake-cluster.ts";
import { kindInfo } from "./testing/fake-objects.ts";
import { keptLog } from "./testing/quiet.ts";

const DEPLOYMENT = kindInfo("Deployment", true, "apps");
const STATEFUL_SET = kindInfo("StatefulSet", true, "apps");
const LEASE = kindInfo("Lease", true, "coordination.k8s.io");
const DIALECT = {
  ...plainDialect,
  rules: { ...plainRules, rival: { ...plainRules.rival, leases: ["rival-leader"] } },
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let scope = new AbortController();
let life: Promise<void> = Promise.resolve();
afterEach(async () => {
  scope.abort();
  await life;
});

function rig(options: { namespaces?: string[]; cluster?: FakeCluster } = {}) {
  const cluster = options.cluster ?? new FakeCluster([DEPLOYMENT, STATEFUL_SET, LEASE]);
  const told: (string | null | undefined)[] = [];
  const clock = { now: () => Date.now(), monotonic: () => Date.now() };
  const log = keptLog();
  const rivals = new Rivals({
    client: cluster,
    clock,
    dialects: [DIALECT],
    namespaces: options.namespaces ?? null,
    onChange: () => void told.push(rivals.alive(DIALECT)),
    log,
    random: () => 0.5,
  });
  scope = new AbortController();
  life = rivals.run(scope.signal);
  return { cluster, rivals, told, log, alive: () => rivals.alive(DIALECT) };
}

function workload(readyReplicas: number, changes: Partial<Resource["metadata"]> = {}, kind = "Deployment"): Resource {
  const metadata = { name: "rival-controller", namespace: "rival", labels: { "part-of": "rival" }, ...changes };
  return { apiVersion: "apps/v1", kind, metadata, status: { readyReplicas } };
}

function lease(renewTime: string): Resource {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "rival-leader", namespace: "rival", uid: "lease-1" },
    spec: { renewTime },
  };
}

describe("Rivals", () => {
  test("may be alive until every kind of workload has been read, and tells when that is so", async () => {
    const { cluster, told, alive } = rig();
    cluster.tells = false;
    expect(alive()).toBeUndefined();
    await settled();
    const watches = [...cluster.watches].filter(({ info }) => info.group === "apps");
    expect(watches).toHaveLength(2);
    watches[0]?.handler.synced();
    watches[0]?.handler.synced();
    expect([alive(), told]).toEqual([undefined, []]);
    watches[1]?.handler.synced();
    expect([alive(), told]).toEqual([null, [null]]);
  });

  test("are alive while their workload has ready replicas", async () => {
    const { cluster, told, alive } = rig();
    await settled();
    for (const [kind, namespace] of [
      ["Deployment", "one"],
      ["StatefulSet", "two"],
    ] as const) {
      cluster.put(workload(1, { namespace }, kind));
      expect(alive()).toBe("rival");
    }
    cluster.put(workload(0, { namespace: "one" }));
    expect(alive()).toBe("rival");
    cluster.take(workload(1, { namespace: "two" }, "StatefulSet"));
    expect([alive(), told]).toEqual([null, [null, "rival", null]]);
  });

  test("are neither other workloads of the same product nor our own under the same name", async () => {
    const { cluster, alive } = rig();
    await settled();
    cluster.put(workload(1, { name: "rival-ui" }));
    cluster.put(workload(1, { labels: { "part-of": "rival", "app.kubernetes.io/managed-by": "holdfast" } }));
    expect(alive()).toBeNull();
  });

  test("are looked for in each served namespace, and may be alive until all were read", async () => {
    const cluster = new FakeCluster([DEPLOYMENT]);
    const { alive } = rig({ namespaces: ["one", "two"], cluster });
    await settled();
    expect(alive()).toBeNull();
    cluster.put(workload(1, { namespace: "two" }));
    expect(alive()).toBe("rival");
  });

  test("may be alive as long as discovery cannot be read", async () => {
    const cluster = new FakeCluster([DEPLOYMENT, LEASE]);
    cluster.lookups.set("apps/StatefulSet", { known: "unknown", reason: "the server is busy" });
    const { alive, log } = rig({ cluster });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(alive()).toBeUndefined();
    expect(log.lines).toContain("cannot look for rivals now");
    cluster.lookups.set("apps/StatefulSet", { known: "yes", info: STATEFUL_SET });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(alive()).toBeNull();
  });

  test("are alive while their lease is renewed, not because one was left behind", async () => {
    const { cluster, told, alive } = rig();
    cluster.put(lease("2026-01-01T00:00:00Z"));
    await settled();
    expect(alive()).toBeNull();
    cluster.put(lease("2026-01-01T00:00:02Z"));
    expect(alive()).toBe("rival");
    await vi.advanceTimersByTimeAsync(20_000);
    cluster.put(lease("2026-01-01T00:00:22Z"));
    await vi.advanceTimersByTimeAsync(29_000);
    expect(alive()).toBe("rival");
    await vi.advanceTimersByTimeAsync(1_500);
    expect([alive(), told]).toEqual([null, [null, "rival", null]]);
  });

  test("a lease is watched also when discovery could not be read at first", async () => {
    const cluster = new FakeCluster([DEPLOYMENT, STATEFUL_SET]);
    cluster.lookups.set("coordination.k8s.io/Lease", { known: "unknown", reason: "the server is busy" });
    const { alive } = rig({ cluster });
    await settled();
    cluster.lookups.set("coordination.k8s.io/Lease", { known: "yes", info: LEASE });
    await vi.advanceTimersByTimeAsync(60_000);
    cluster.put(lease("2026-01-01T00:00:00Z"));
    cluster.put(lease("2026-01-01T00:00:02Z"));
    expect(alive()).toBe("rival");
  });

  test("a lease is watched also when the first question fails", async () => {
    const cluster = new FakeCluster([DEPLOYMENT, STATEFUL_SET, LEASE]);
    const plain = cluster.kind.bind(cluster);
    let failures = 1;
    cluster.kind = (kind, options) =>
      kind.kind === "Lease" && failures-- > 0
        ? Promise.reject(new ApiError({ code: 0, reason: "Unreachable", message: "no answer" }))
        : plain(kind, options);
    const { alive } = rig({ cluster });
    await vi.advanceTimersByTimeAsync(60_000);
    cluster.put(lease("2026-01-01T00:00:00Z"));
    cluster.put(lease("2026-01-01T00:00:02Z"));
    expect(alive()).toBe("rival");
  });

  test("are alive for two minutes after a fresh write of theirs, and who waits is told when that is over", async () => {
    const { rivals, told, alive } = rig();
    await settled();
    rivals.sawForeignWrite(DIALECT, Date.now() - 3 * 60_000);
    expect(alive()).toBeNull();
    rivals.sawForeignWrite(DIALECT, Date.now());
    rivals.sawForeignWrite(DIALECT, Date.now() - 60_000);
    expect(alive()).toBe("rival");
    await vi.advanceTimersByTimeAsync(119_000);
    expect(alive()).toBe("rival");
    await vi.advanceTimersByTimeAsync(2_000);
    expect([alive(), told.at(-1)]).toEqual([null, null]);
  });
});
