import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../test/support/eventually.ts";

const program = new URL("../bin/holdfast", import.meta.url).pathname;

/** Holdfast's controller as users run it: a process of its own. */
export interface BenchController {
  readonly pid: number;
  readonly logPath: string;
  /** Renders that were not remembered, so far. */
  renders(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts the controller and waits until it is ready. */
export async function startController(kubeconfig: string, port: number): Promise<BenchController> {
  const dataDir = await mkdtemp(join(tmpdir(), "holdfast-bench-"));
  const logPath = join(dataDir, "controller.log");
  const args = ["controller", "--kubeconfig", kubeconfig, "--data-dir", dataDir];
  const child = spawn(program, [...args, "--metrics-address", `127.0.0.1:${port}`], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_OPTIONS: nodeOptions() },
  });
  const log = createWriteStream(logPath);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const base = `http://127.0.0.1:${port}`;
  await eventually(`the controller is ready (its log is ${logPath})`, () => isReady(`${base}/readyz`), 60_000);
  // A replica is ready while it waits for the lease; what is measured begins when it holds it.
  const isWorking = async () => (await readFile(logPath, "utf8")).includes("controller is ready");
  await eventually(`the controller works (its log is ${logPath})`, isWorking, 60_000);
  return {
    pid: child.pid as number,
    logPath,
    renders: async () => missesOf(await (await fetch(`${base}/metrics`)).text()),
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** For profiling: `HOLDFAST_BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…"`. */
function nodeOptions(): string {
  return process.env["HOLDFAST_BENCH_NODE_OPTIONS"] ?? "";
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

function missesOf(metrics: string): number {
  const match = /^holdfast_renders_total\{[^}]*cache="miss"[^}]*\} (\d+)/m.exec(metrics);
  return Number(match?.[1] ?? 0);
}
