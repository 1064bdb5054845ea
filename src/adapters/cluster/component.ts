import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Duplex } from "node:stream";

/** What one program of the control plane needs to run. */
export interface ComponentCommand {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Working directory: relative paths in arguments and sockets are inside it. */
  readonly directory: string;
  readonly logPath: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A running program of the control plane. */
export interface Component {
  readonly name: string;
  readonly pid: number;
  readonly logPath: string;
  /** Settles when the program has ended, with its exit code or signal in words. */
  readonly ended: Promise<string>;
  /** Kills the program at once, as a crash would, and resolves when it is gone. */
  kill(): Promise<void>;
}

/** Thrown when a program of the control plane cannot be started or ends too early. */
export class ComponentError extends Error {
  override readonly name = "ComponentError";
}

// Read by cluster/lifeline: the program exits when this pipe closes, however the owner ends.
const lifelineDescriptor = 3;
const lifelineVariable = "HOLDFAST_LIFELINE_FD";
const logTailBytes = 1_500;

/**
 * Starts a program in a process group of its own, so that Ctrl-C reaches only its owner, with output to its log only.
 * It ends with this process whatever happens to it; until then it does not keep the event loop alive.
 */
export async function startComponent(command: ComponentCommand): Promise<Component> {
  const log = openSync(command.logPath, "a", 0o600);
  const child = spawn(command.program, command.args, {
    cwd: command.directory,
    detached: true,
    env: { ...minimalEnvironment(), ...command.environment, [lifelineVariable]: String(lifelineDescriptor) },
    stdio: ["ignore", log, log, "pipe"],
  });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause) =>
      reject(new ComponentError(`Cannot start ${command.name}: ${cause.message}`, { cause })),
    );
  });
  const lifeline = child.stdio[lifelineDescriptor] as Duplex & { unref(): void };
  lifeline.on("error", () => lifeline.destroy());
  lifeline.unref();
  child.unref();
  const kill = async () => {
    child.ref();
    child.kill("SIGKILL");
    await ended;
  };
  return { name: command.name, pid: child.pid!, logPath: command.logPath, ended, kill };
}

/** The last lines a program wrote, for an error message. */
export async function logTail(logPath: string): Promise<string> {
  const text = await readFile(logPath, "utf8").catch(() => "");
  return text.slice(-logTailBytes).split("\n").slice(-8).join("\n").trim();
}

/** Leaves out the person's proxies and Kubernetes settings, which would lead the programs elsewhere. */
function minimalEnvironment(): Record<string, string> {
  const kept = ["PATH", "HOME", "TMPDIR", "TZ", "LANG"];
  return Object.fromEntries(
    kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
