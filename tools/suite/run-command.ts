import { spawn } from "node:child_process";
import { dirname, join } from "node:path";

/** The folder of the checkout. */
export const root = join(import.meta.dirname, "../..");

const graceMs = 3_000;

/** How a program ended; `output` is what it wrote to both streams, unless it wrote straight to the terminal. */
export interface Ended {
  readonly succeeded: boolean;
  readonly output: string;
  readonly seconds: number;
}

/** What to run, and whether people see its output while it runs. */
export interface Command {
  readonly args: readonly string[];
  readonly isShown?: boolean;
}

/** Runs a program of ours with this very Node, in the root of the checkout. */
export async function runCommand(command: Command, signal: AbortSignal): Promise<Ended> {
  const startedAt = performance.now();
  // Programs from npm look Node up on the PATH, and there an old one may come first.
  const path = `${dirname(process.execPath)}:${join(root, "node_modules/.bin")}:${process.env["PATH"]}`;
  const colours = process.stdout.isTTY ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" };
  const stream = command.isShown === true ? "inherit" : "pipe";
  const child = spawn(process.execPath, command.args, {
    cwd: root,
    env: { ...process.env, ...colours, PATH: path },
    stdio: ["ignore", stream, stream],
  });
  const chunks: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk));
  let timer: NodeJS.Timeout | undefined;
  // A terminal tells the child by itself that it should end, and then it cleans up.
  const stop = () => (timer = setTimeout(() => child.kill("SIGTERM"), graceMs));
  signal.addEventListener("abort", stop, { once: true });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  });
  return {
    succeeded: code === 0,
    output: Buffer.concat(chunks).toString().trimEnd(),
    seconds: (performance.now() - startedAt) / 1000,
  };
}
