import { mkdir, readFile, readlink, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { isProcessAlive } from "./is-process-alive.ts";
import { clusterDirectory, clustersDirectory } from "./cluster-directory.ts";
import { openControlEndpoint, askOwner } from "./control-endpoint.ts";
import type { ControlAddress } from "./control-endpoint.ts";
import type { ControlPlane } from "./control-plane.ts";
import { writeSecret } from "./write-secret.ts";

/** Thrown when a control plane of this name runs already or is being started. */
export class ClusterClaimError extends Error {
  override readonly name = "ClusterClaimError";
}

/** What a named control plane tells other processes about itself. */
export interface ClusterRecord extends ControlAddress {
  readonly name: string;
  readonly server: string;
  readonly startedAt: string;
}

/** Runs `launch` as the only owner of the name, and lets other processes ask for its end. */
export async function claimCluster<T extends ControlPlane>(
  name: string,
  launch: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const lockPath = join(clustersDirectory(), `${name}.starting`);
  await mkdir(clustersDirectory(), { recursive: true, mode: 0o700 });
  await lock(name, lockPath);
  try {
    if ((await runningCluster(name, signal)) !== undefined) {
      throw new ClusterClaimError(
        `Cannot start cluster ${name}: it runs already; use it, stop it or choose another name`,
      );
    }
    const controlPlane = await launch();
    try {
      await publish(controlPlane);
    } catch (error) {
      await controlPlane.stop();
      throw error;
    }
    return controlPlane;
  } finally {
    await rm(lockPath, { force: true });
  }
}

/** The record of a control plane whose owner answers, or nothing. */
export async function runningCluster(name: string, signal: AbortSignal): Promise<ClusterRecord | undefined> {
  const record = await readRecord(name);
  if (record === undefined) return undefined;
  return (await askOwner(record, "status", signal)) ? record : undefined;
}

async function publish(controlPlane: ControlPlane): Promise<void> {
  const endpoint = await openControlEndpoint(() => controlPlane.stop());
  controlPlane.stopped.then(() => endpoint.close()).catch(() => undefined);
  const { name, server } = controlPlane;
  const record: ClusterRecord = { name, server, startedAt: new Date().toISOString(), ...endpoint.address };
  await writeSecret(recordPath(name), `${JSON.stringify(record, null, 2)}\n`);
}

async function readRecord(name: string): Promise<ClusterRecord | undefined> {
  const text = await readFile(recordPath(name), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ClusterRecord);
}

function recordPath(name: string): string {
  return join(clusterDirectory(name), "cluster.json");
}

/** A link holds the process id from its first moment, as a file written after its creation would not. */
async function lock(name: string, path: string): Promise<void> {
  try {
    await symlink(String(process.pid), path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    const holder = await readlink(path).catch(() => undefined);
    if (holder !== undefined && isProcessAlive(Number(holder))) {
      throw new ClusterClaimError(`Cannot start cluster ${name}: process ${holder} is starting it`);
    }
    await rm(path, { force: true });
    await lock(name, path);
  }
}
