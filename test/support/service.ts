import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { goProgramPath } from "#adapters/go-program.ts";
import type { GoProgramName } from "#adapters/go-program.ts";

/** A server of its own process. */
export interface Service {
  /** Host and port. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts one of the servers that tests talk to; it ends with `stop` or with this process. */
export async function startService(
  name: Extract<GoProgramName, "registry" | "s3" | "cmp">,
  settings: Readonly<Record<string, unknown>>,
): Promise<Service> {
  const child = spawn(goProgramPath(name), [], { stdio: ["pipe", "pipe", "ignore"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const line = new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once("line", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`Cannot start ${name}: it ended with ${code}`)));
  });
  child.stdin.write(`${JSON.stringify(settings)}\n`);
  const { address } = JSON.parse(await line) as { address: string };
  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  return { address, stop };
}
