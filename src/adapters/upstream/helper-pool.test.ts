import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { goProgramPath } from "#adapters/go-program.ts";
import { sleep } from "#async/with-deadline.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { HelperPool, defaultPoolOptions } from "./helper-pool.ts";
import { helperVersion } from "./helper-version.ts";
import { kustomizeBuild } from "./kustomize-build.ts";
import type { HelperPoolOptions } from "./helper-pool.ts";

// Helpers share the processors with every other test.
vi.setConfig({ testTimeout: 30_000 });

const defaults = defaultPoolOptions(goProgramPath("holdfast-upstream"));
const signal = new AbortController().signal;
const pools: HelperPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function poolOf(options: Partial<HelperPoolOptions>): HelperPool {
  const pool = new HelperPool({ ...defaults, size: 1, ...options });
  pools.push(pool);
  return pool;
}

const small = memoryTree({
  "kustomization.yaml": "resources: [c.yaml]\n",
  "c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n",
});

function many(count: number): FileTree {
  const objects = Array.from({ length: count }, (_, i) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c${i}}\n`);
  return memoryTree({
    "kustomization.yaml": "resources: [all.yaml]\nnamePrefix: p-\n",
    "all.yaml": objects.join("---\n"),
  });
}

/** A tree whose first read does `first` before it answers. */
function treeThat(first: (scope: AbortSignal) => Promise<void>): FileTree {
  let isFirst = true;
  return {
    ...small,
    async read(paths, scope) {
      if (isFirst) {
        isFirst = false;
        await first(scope);
      }
      return await small.read(paths, scope);
    },
  };
}

describe("HelperPool", () => {
  test("starts no helper before the first request and keeps one for the next", async () => {
    const pool = poolOf({ size: 2 });
    expect(pool.pids).toEqual([]);
    await helperVersion(pool, signal);
    const [pid] = pool.pids;
    await helperVersion(pool, signal);
    expect(pool.pids).toEqual([pid]);
  });

  test("serves requests at once, up to its size, and queues the others", async () => {
    const pool = poolOf({ size: 2 });
    let underWay = 0;
    let most = 0;
    const builds = Array.from({ length: 6 }, () => {
      const tree = treeThat(async (scope) => {
        most = Math.max(most, ++underWay);
        await sleep(20, scope);
        underWay--;
      });
      return kustomizeBuild(pool, { tree, path: "" }, signal);
    });
    expect(await Promise.all(builds)).toHaveLength(6);
    expect(most).toBe(2);
    expect(pool.pids).toHaveLength(2);
  });

  test("kills a helper that takes too long and leaves other requests alone", async () => {
    const pool = poolOf({ size: 2, timeLimitMs: 1_500 });
    const slow = kustomizeBuild(pool, { tree: many(5_000), path: "" }, signal);
    const slowPid = pool.pids[0];
    const quick = Array.from({ length: 3 }, () => kustomizeBuild(pool, { tree: small, path: "" }, signal));
    await expect(slow).rejects.toMatchObject({ code: "timeout", message: "takes longer than the allowed 1.5 s" });
    for (const { resources } of await Promise.all(quick)) expect(resources).toHaveLength(1);
    expect(pool.pids).not.toContain(slowPid);
    expect((await kustomizeBuild(pool, { tree: small, path: "" }, signal)).resources).toHaveLength(1);
  });

  test("reports a helper that needs too much memory and goes on with another", async () => {
    const pool = poolOf({ memoryLimitMib: 48 });
    const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n${"  k: [1,2,3,4,5,6,7,8]\n".repeat(200_000)}`;
    const tree = memoryTree({ "kustomization.yaml": "resources: [c.yaml]\n", "c.yaml": text });
    await expect(kustomizeBuild(pool, { tree, path: "" }, signal)).rejects.toMatchObject({
      code: "memory",
      message: "needs more than the allowed 48 MiB of memory",
    });
    expect((await kustomizeBuild(pool, { tree: small, path: "" }, signal)).resources).toHaveLength(1);
  });

  test("reports a helper that is killed during a request and goes on with another", async () => {
    const pool = poolOf({});
    const tree = treeThat(async () => {
      process.kill(pool.pids[0]!, "SIGKILL");
    });
    await expect(kustomizeBuild(pool, { tree, path: "" }, signal)).rejects.toMatchObject({
      code: "died",
      message: "the helper ended unexpectedly (signal SIGKILL)",
    });
    expect((await kustomizeBuild(pool, { tree: small, path: "" }, signal)).resources).toHaveLength(1);
  });

  test("replaces a helper that died while idle without anybody noticing", async () => {
    const pool = poolOf({});
    await helperVersion(pool, signal);
    const [pid] = pool.pids;
    process.kill(pid!, "SIGKILL");
    while (pool.pids.includes(pid!)) await sleep(5, signal);
    await helperVersion(pool, signal);
    expect(pool.pids).toHaveLength(1);
  });

  test("gives up a request when its caller does, and the place in the queue", async () => {
    const pool = poolOf({});
    const caller = new AbortController();
    const waiting = new AbortController();
    const tree = treeThat((scope) => sleep(60_000, scope));
    const running = kustomizeBuild(pool, { tree, path: "" }, caller.signal);
    const queued = kustomizeBuild(pool, { tree: small, path: "" }, waiting.signal);
    waiting.abort(new Error("no longer wanted"));
    await expect(queued).rejects.toThrow("no longer wanted");
    caller.abort(new Error("changed my mind"));
    await expect(running).rejects.toThrow("changed my mind");
    expect((await kustomizeBuild(pool, { tree: small, path: "" }, signal)).resources).toHaveLength(1);
  });

  test("names a program that cannot be started", async () => {
    const pool = poolOf({ program: "/nowhere/helper" });
    await expect(helperVersion(pool, signal)).rejects.toMatchObject({ code: "died", message: /cannot be started/ });
  });

  test("takes no request once closed and leaves no child", async () => {
    const pool = poolOf({});
    await helperVersion(pool, signal);
    const [pid] = pool.pids;
    await pool.close();
    await expect(helperVersion(pool, signal)).rejects.toThrow("stopped");
    expect(() => process.kill(pid!, 0)).toThrow();
  });

  test.runIf(process.platform === "linux")("gives its helpers no environment and no means to open files", async () => {
    const pool = poolOf({});
    await helperVersion(pool, signal);
    const [pid] = pool.pids;
    expect(readFileSync(`/proc/${pid}/environ`, "utf8")).toBe("");
    expect(readFileSync(`/proc/${pid}/limits`, "utf8")).toMatch(/Max open files\s+0\s+0/);
    const [, limit = ""] = /Max address space\s+(\d+)/.exec(readFileSync(`/proc/${pid}/limits`, "utf8")) ?? [];
    const [, reservedKb = ""] = /VmSize:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    const leftMib = Number(limit) / 2 ** 20 - Number(reservedKb) / 1024;
    expect(leftMib).toBeGreaterThan(defaults.memoryLimitMib);
    expect(leftMib).toBeLessThanOrEqual(defaults.memoryLimitMib + 128);
  });
});
