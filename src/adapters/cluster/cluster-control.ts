import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { goProgramPath } from "#adapters/go-program.ts";
import { runningCluster } from "./cluster-claim.ts";
import type { ClusterRecord } from "./cluster-claim.ts";
import type { DaemonMessage } from "./cluster-daemon.ts";
import { clusterDirectory, clustersDirectory } from "./cluster-directory.ts";
import { controlPlanePaths } from "./component-flags.ts";
import { askOwner } from "./control-endpoint.ts";

/** A control plane that this person started, as other processes see it. */
export interface ClusterState {
  readonly name: string;
  readonly running: boolean;
  readonly server?: string;
  readonly startedAt?: string;
  readonly kubeconfig: string;
  readonly logs: string;
}

/** Thrown when a named control plane is not in the state that the request needs. */
export class ClusterControlError extends Error {
  override readonly name = "ClusterControlError";
}

/** Starts the control plane `name` in the background, where it stays until `stopCluster`. */
export async function startCluster(
  name: string,
  options: { readonly withNodes: boolean; readonly signal: AbortSignal },
): Promise<ClusterState> {
  const { signal } = options;
  signal.throwIfAborted();
  // Fails here with its advice rather than in the background.
  goProgramPath("controlplane");
  const daemon = spawn(
    process.execPath,
    [join(import.meta.dirname, "cluster-daemon.ts"), name, ...(options.withNodes ? [] : ["--no-nodes"])],
    { detached: true, stdio: ["ignore", "ignore", "ignore", "ipc"] },
  );
  const answer = Promise.withResolvers<DaemonMessage>();
  daemon.once("message", (message) => answer.resolve(message as DaemonMessage));
  daemon.once("error", answer.reject);
  daemon.once("exit", (code) => {
    const ended = () =>
      answer.resolve({ ready: false, reason: `Cannot start cluster ${name}: its process ended with ${code}` });
    // The message of a process that ended may still be on its way.
    if (daemon.connected) daemon.once("disconnect", ended);
    else ended();
  });
  // The background process stops everything when this end of the conversation closes early.
  const abort = () => {
    if (daemon.connected) daemon.disconnect();
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    const message = await answer.promise;
    signal.throwIfAborted();
    if (!message.ready) throw new ClusterControlError(message.reason);
  } finally {
    signal.removeEventListener("abort", abort);
    abort();
    daemon.unref();
  }
  return await clusterState(name, signal);
}

/** Stops the control plane `name` and removes its data, not its logs; false when it did not run. */
export async function stopCluster(name: string, signal: AbortSignal): Promise<boolean> {
  const record = await runningCluster(name, signal);
  if (record !== undefined && !(await askOwner(record, "stop", signal))) {
    throw new ClusterControlError(`Cannot stop cluster ${name}: its owner did not answer in time`);
  }
  await removeData(name);
  return record !== undefined;
}

/** Every control plane of this person that runs or has left logs. */
export async function listClusters(signal: AbortSignal): Promise<ClusterState[]> {
  const root = clustersDirectory();
  if (!existsSync(root)) return [];
  const entries = await readdir(root, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return await Promise.all(names.sort().map((name) => clusterState(name, signal)));
}

/**
 * Path of the administrator's kubeconfig.
 * @throws ClusterControlError when the control plane does not run.
 */
export async function clusterKubeconfig(name: string, signal: AbortSignal): Promise<string> {
  const state = await clusterState(name, signal);
  if (state.running) return state.kubeconfig;
  const hint = name === "default" ? "" : ` --name ${name}`;
  throw new ClusterControlError(
    `Cannot use cluster ${name}: it does not run; start it with "holdfast cluster up${hint}"`,
  );
}

/** Runs kubectl on the control plane `name` with this process's terminal and returns its exit code. */
export async function runKubectl(name: string, args: readonly string[], signal: AbortSignal): Promise<number> {
  const kubeconfig = await clusterKubeconfig(name, signal);
  // Ctrl-C reaches kubectl by itself, which decides when it ends; the signal must not end its parent first.
  const ignore = () => undefined;
  process.on("SIGINT", ignore);
  try {
    const child = spawn(goProgramPath("controlplane"), ["kubectl", ...args], {
      stdio: "inherit",
      env: { ...process.env, KUBECONFIG: kubeconfig },
    });
    return await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => resolve(code ?? 130));
    });
  } finally {
    process.off("SIGINT", ignore);
  }
}

async function clusterState(name: string, signal: AbortSignal): Promise<ClusterState> {
  const { kubeconfig, logs } = controlPlanePaths(clusterDirectory(name));
  const record = await runningCluster(name, signal);
  return { name, running: record !== undefined, ...serving(record), kubeconfig, logs };
}

function serving(record: ClusterRecord | undefined): { server?: string; startedAt?: string } {
  return record === undefined ? {} : { server: record.server, startedAt: record.startedAt };
}

async function removeData(name: string): Promise<void> {
  const dir = clusterDirectory(name);
  if (!existsSync(dir)) return;
  for (const entry of await readdir(dir)) {
    if (entry !== "logs") await rm(join(dir, entry), { recursive: true, force: true });
  }
}
