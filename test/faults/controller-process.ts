import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { AuditRecord } from "#engine/ports.ts";
import { isProcessAlive } from "#adapters/cluster/is-process-alive.ts";
import { eventually } from "../support/eventually.ts";

/** A controller that can be killed without a word. */
export interface ControllerProcess {
  readonly pid: number;
  /** Resolves when it has ended, by itself or killed. */
  readonly ended: Promise<void>;
  /** Kills it and waits until its helpers are gone too. */
  kill(): Promise<void>;
}

/** Starts a controller as a process and waits until it works. `dataDir` may be what a killed one has left. */
export async function startControllerProcess(options: {
  server: string;
  dataDir: string;
  pluginDir?: string;
  onRecord: (record: AuditRecord) => void;
}): Promise<ControllerProcess> {
  const { server, dataDir, pluginDir, onRecord } = options;
  const script = new URL("run-controller-process.ts", import.meta.url).pathname;
  const args = [script, server, dataDir, ...(pluginDir === undefined ? [] : [pluginDir])];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let isReady = false;
  createInterface({ input: child.stdout }).on("line", (line) => {
    const message = JSON.parse(line) as { ready?: true; record?: AuditRecord };
    if (message.record) onRecord(message.record);
    isReady ||= message.ready === true;
  });
  const hasStarted = () => {
    if (child.exitCode !== null) throw new Error(`The controller's process ended with ${child.exitCode}`);
    return isReady;
  };
  await eventually("the controller's process is ready", hasStarted);
  return {
    pid: child.pid ?? 0,
    ended,
    kill: async () => {
      const helpers = await childrenOf(child.pid ?? 0);
      child.kill("SIGKILL");
      await ended;
      await eventually("its helpers end by themselves", () => !helpers.some((pid) => isProcessAlive(pid)));
    },
  };
}

/** Process ids of the children that a process has now. */
export async function childrenOf(parent: number): Promise<number[]> {
  const pids: number[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, "utf8").catch(() => "");
    const [, owner] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(owner) === parent) pids.push(Number(entry));
  }
  return pids;
}
