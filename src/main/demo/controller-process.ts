import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { plainEnvironment } from "./run-program.ts";
import { StoryError } from "./story.ts";

/** Holdfast's controller as everybody runs it: a process of its own. */
export interface ControllerProcess {
  /** Settles when it has ended, in words. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

const GRACE_MS = 10_000;

/** Starts `holdfast controller` with output to a log. */
export function startController(options: {
  readonly holdfast: string;
  readonly kubeconfig: string;
  readonly dataDir: string;
  readonly logPath: string;
}): ControllerProcess {
  const { holdfast, kubeconfig, dataDir, logPath } = options;
  const log = openSync(logPath, "a", 0o600);
  const args = ["controller", "--kubeconfig", kubeconfig, "--data-dir", dataDir, "--metrics-address", "off"];
  const child = spawn(holdfast, args, {
    // Ctrl-C reaches only the demonstration, which then ends it in order.
    detached: true,
    env: plainEnvironment(),
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  // Nothing outlives a demonstration that is ended without a chance to end this in order.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  child.once("error", (error) => resolve(error.message));
  child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  return {
    ended,
    stop: async () => {
      child.kill("SIGTERM");
      const timer = setTimeout(kill, GRACE_MS);
      await ended;
      clearTimeout(timer);
      process.off("exit", kill);
    },
  };
}

/** The error of a controller that ended when it should have worked. */
export function endedEarly(how: string): StoryError {
  return new StoryError(`Cannot go on: the controller ended with ${how}`);
}
