import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { isProcessAlive } from "#adapters/cluster/is-process-alive.ts";
import { startControlPlane } from "#adapters/cluster/start-control-plane.ts";
import type { ControlPlane, ControlPlaneOptions } from "#adapters/cluster/control-plane.ts";
import { buildGo } from "../../tools/build-go.ts";

const prefix = "holdfast-test-";
const hookLimitMs = 600_000;

/**
 * Gives all tests of the file one control plane of their own, which is gone when the file ends.
 * The programs are built first when they are missing or stale.
 */
export function useControlPlane(options: Omit<ControlPlaneOptions, "dir" | "signal"> = {}): () => ControlPlane {
  const scope = new AbortController();
  let dir: string | undefined;
  let running: ControlPlane | undefined;

  beforeAll(async () => {
    await buildGo("cluster", scope.signal);
    dir = await temporaryDirectory();
    running = await startControlPlane({ name: "test", ...options, dir, signal: scope.signal });
  }, hookLimitMs);

  afterAll(async () => {
    scope.abort(new Error("The test file has ended"));
    await running?.stop();
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  });

  return () => {
    if (running === undefined) throw new Error("Cannot use the control plane before the tests run");
    return running;
  };
}

/** A new private folder; those of test processes that were killed are removed first. */
export async function temporaryDirectory(): Promise<string> {
  for (const entry of await readdir(tmpdir())) {
    const [, pid] = new RegExp(`^${prefix}(\\d+)-`).exec(entry) ?? [];
    if (pid !== undefined && !isProcessAlive(Number(pid)))
      await rm(join(tmpdir(), entry), { recursive: true, force: true });
  }
  return await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`));
}
