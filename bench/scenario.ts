import { setTimeout as pause } from "node:timers/promises";
import type { ControlPlane } from "#adapters/cluster/control-plane.ts";
import type { Resource } from "#core/resource/resource.ts";
import { eventually } from "../test/support/eventually.ts";
import { auditPosition, requestsSince } from "./audit-log.ts";
import type { BenchDialect, BenchWorld } from "./bench-dialect.ts";
import type { BenchController } from "./controller-process.ts";
import { PeakMemory, usageOf } from "./process-usage.ts";
import { SettledApps } from "./settled-apps.ts";
import { OBJECTS_PER_APP } from "./workload.ts";

/** What is measured against. */
export interface Bench extends BenchWorld {
  readonly plane: ControlPlane;
  readonly quietS: number;
  readonly floorS: number;
  readonly user: string;
  /** What the apps report when they are settled. */
  readonly revision: string;
  readonly say: (text: string) => void;
}

/** The numbers of one dialect, as they stand in `bench/results.json`. */
export interface DialectResult {
  readonly initial: {
    s: number;
    ratio: number;
    requests: number;
    cpu_s: number;
    rss_mib: number;
    by: Record<string, number>;
  };
  readonly steady60: { requests: number; cpu_s: number; by: Record<string, number> };
  readonly commit_one: {
    applied_s: number;
    settled_s: number;
    requests: number;
    cpu_s: number;
    rendered: number;
    by: Record<string, number>;
  };
  readonly drift: { median_s: number; max_s: number };
}

/** Plays the whole scenario for one dialect with a controller that is already running and idle. */
export async function playDialect(
  bench: Bench,
  dialect: BenchDialect,
  controller: BenchController,
): Promise<DialectResult> {
  const settled = await SettledApps.follow(bench.client, dialect, bench.signal);
  try {
    const memory = new PeakMemory(controller.pid);
    const initial = await playInitial(bench, { dialect, controller, settled });
    await pause(3_000);
    const steady60 = await playSteady(bench, controller);
    const commitOne = await playCommit(bench, { dialect, controller, settled });
    const drift = await playDrift(bench, dialect);
    return { initial: { ...initial, rss_mib: round(memory.stop()) }, steady60, commit_one: commitOne, drift };
  } finally {
    settled.stop();
  }
}

interface Players {
  readonly dialect: BenchDialect;
  readonly controller: BenchController;
  readonly settled: SettledApps;
}

async function playInitial(bench: Bench, { dialect, controller, settled }: Players) {
  const { client, plane, signal } = bench;
  const from = auditPosition(plane.auditLogPath);
  const before = usageOf(controller.pid).cpuS;
  const started = performance.now();
  const apps = Array.from({ length: bench.apps }, (_, app) => dialect.app(app, bench));
  const objects = [...dialect.common(bench), ...apps.flat()];
  await Promise.all(objects.map((object) => client.apply(object, { manager: "bench", signal })));
  await settled.all(bench.apps, bench.revision, 300_000);
  const s = (performance.now() - started) / 1000;
  const cpu = usageOf(controller.pid).cpuS - before;
  await pause(3_000);
  const requests = await requestsSince(plane.auditLogPath, bench.user, from);
  await expectObjects(bench, dialect);
  bench.say(`  initial     ${s.toFixed(2)} s for ${bench.apps} apps`);
  return {
    s: round(s),
    ratio: round(s / bench.floorS),
    requests: requests.total,
    cpu_s: round(cpu),
    by: requests.byKind,
  };
}

async function expectObjects(bench: Bench, dialect: BenchDialect): Promise<void> {
  const { client, signal } = bench;
  let count = 0;
  const kinds = [
    ["apps", "Deployment"],
    ["", "Service"],
    ["", "ServiceAccount"],
    ["", "ConfigMap"],
    ["rbac.authorization.k8s.io", "Role"],
  ] as const;
  for (const [group, kind] of kinds) {
    const lookup = await client.kind({ group, kind }, { signal });
    if (lookup.known !== "yes") throw new Error(`Cannot count ${kind}: not served`);
    const objects = await client.list(lookup.info, { namespace: dialect.namespace }, { signal });
    count += objects.filter((object) => object.metadata.name.startsWith("a")).length;
  }
  const wanted = bench.apps * OBJECTS_PER_APP;
  if (count !== wanted) throw new Error(`The apps report success, but ${count} of ${wanted} objects exist`);
}

async function playSteady(bench: Bench, controller: BenchController): Promise<DialectResult["steady60"]> {
  const from = auditPosition(bench.plane.auditLogPath);
  const before = usageOf(controller.pid).cpuS;
  await pause(bench.quietS * 1000);
  const cpu = usageOf(controller.pid).cpuS - before;
  const requests = await requestsSince(bench.plane.auditLogPath, bench.user, from);
  bench.say(`  quiet       ${requests.total} requests, ${cpu.toFixed(2)} s CPU in ${bench.quietS} s`);
  return { requests: requests.total, cpu_s: round(cpu), by: requests.byKind };
}

async function playCommit(
  bench: Bench,
  { dialect, controller, settled }: Players,
): Promise<DialectResult["commit_one"]> {
  const { client, plane, signal } = bench;
  const app = Math.floor(bench.apps / 2);
  const from = auditPosition(plane.auditLogPath);
  const before = usageOf(controller.pid).cpuS;
  const rendered = await controller.renders();
  const started = performance.now();
  const revision = await dialect.change(bench, { app, level: `debug-${dialect.name}` });
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: dialect.namespace, name: `a${app}-web` };
  const applied = eventually(
    "the changed ConfigMap",
    async () => {
      const live = await client.get(ref, { signal });
      return levelOf(live) === `debug-${dialect.name}` ? (performance.now() - started) / 1000 : false;
    },
    60_000,
  );
  await settled.all(bench.apps, revision, 120_000);
  const settledS = (performance.now() - started) / 1000;
  const appliedS = await applied;
  await pause(2_000);
  const cpu = usageOf(controller.pid).cpuS - before;
  const requests = await requestsSince(plane.auditLogPath, bench.user, from);
  bench.say(`  commit      applied ${appliedS.toFixed(2)} s, all settled ${settledS.toFixed(2)} s`);
  return {
    applied_s: round(appliedS),
    settled_s: round(settledS),
    requests: requests.total,
    cpu_s: round(cpu),
    rendered: (await controller.renders()) - rendered,
    by: requests.byKind,
  };
}

const DRIFTS = 15;

async function playDrift(bench: Bench, dialect: BenchDialect): Promise<DialectResult["drift"]> {
  const { client, signal } = bench;
  const times: number[] = [];
  for (let round_ = 0; round_ < Math.min(DRIFTS, bench.apps); round_++) {
    const name = `a${round_}-web`;
    const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: dialect.namespace, name };
    const before = await client.get(ref, { signal });
    const wanted = levelOf(before);
    await client.patch(ref, { data: { level: "by-hand" } }, { type: "merge", manager: "hand", signal });
    const started = performance.now();
    for (;;) {
      const live = await client.get(ref, { signal });
      if (levelOf(live) === wanted) break;
      if (performance.now() - started > 30_000) throw new Error(`Drift of ${name} was not healed within 30 s`);
      await pause(5);
    }
    times.push((performance.now() - started) / 1000);
    await pause(100);
  }
  times.sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)] ?? Number.NaN;
  bench.say(`  drift       median ${median.toFixed(3)} s`);
  return { median_s: round(median), max_s: round(times.at(-1) ?? Number.NaN) };
}

function levelOf(object: Resource | null): string | undefined {
  return (object?.["data"] as { level?: string } | undefined)?.level;
}

/** Three decimals are enough for any number here. */
export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
