import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { claimCluster, runningCluster } from "./cluster-claim.ts";
import { clusterDirectory } from "./cluster-directory.ts";
import type { ControlPlane } from "./control-plane.ts";

const never = new AbortController().signal;
let state: string;

beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), "cluster-claim-"));
  vi.stubEnv("XDG_STATE_HOME", state);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(state, { recursive: true, force: true });
});

/** Only what a claim looks at. */
async function launch(): Promise<ControlPlane> {
  await mkdir(clusterDirectory("one"), { recursive: true });
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const stop = async () => resolve();
  return { name: "one", server: "https://127.0.0.1:1", stopped, stop } as unknown as ControlPlane;
}

test("claimCluster() refuses a name whose owner answers, and gives it again once that has stopped", async () => {
  const owned = await claimCluster("one", launch, never);
  await expect(claimCluster("one", launch, never)).rejects.toThrow("runs already");
  expect(await runningCluster("one", never)).toMatchObject({ name: "one", server: "https://127.0.0.1:1" });
  await owned.stop();
  expect(await runningCluster("one", never)).toBeUndefined();
  await (await claimCluster("one", launch, never)).stop();
});

test("claimCluster() refuses a name that is being started", async () => {
  const started = Promise.withResolvers<void>();
  const first = claimCluster("one", () => started.promise.then(launch), never);
  await expect.poll(() => readdir(join(state, "holdfast/clusters"))).toEqual(["one.starting"]);
  await expect(claimCluster("one", launch, never)).rejects.toThrow(`process ${process.pid} is starting it`);
  started.resolve();
  await (await first).stop();
});

test("claimCluster() takes a name whose starter was killed or failed", async () => {
  await expect(claimCluster("one", () => Promise.reject(new Error("broken")), never)).rejects.toThrow("broken");
  await symlink("999999999", join(state, "holdfast/clusters/one.starting"));
  await (await claimCluster("one", launch, never)).stop();
});
