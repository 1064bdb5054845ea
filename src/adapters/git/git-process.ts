import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { GitError } from "./git-error.ts";

/** One run of git. */
export interface GitCommand {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly input?: string | Uint8Array;
  /** The largest file that git and its children may write. */
  readonly fileLimitBytes?: number;
  readonly maxOutputBytes?: number;
  /** Receives standard output instead of its being collected; throwing stops git. */
  readonly onOutput?: (chunk: Buffer) => void;
}

/** How a run ended. `stderr` is cut to its first and last parts when long. */
export interface GitExit {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const killGraceMs = 500;
const maxErrorChars = 16_384;

/** Runs git to its end, whatever its exit status; stops it with its children when the signal aborts, then rejects. */
export async function runGit(command: GitCommand, signal: AbortSignal): Promise<GitExit> {
  signal.throwIfAborted();
  const child = spawnGit(command.args, command.env, command.fileLimitBytes);
  const stop = new Stopper(child);
  const onAbort = () => stop.now(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await outcome(child, command, stop);
  } finally {
    signal.removeEventListener("abort", onAbort);
    stop.done();
  }
}

/** Starts git in a process group of its own, so that its children end with it. */
export function spawnGit(args: readonly string[], env: NodeJS.ProcessEnv, fileLimitBytes?: number): ChildProcess {
  const options = { env, detached: true, stdio: ["pipe", "pipe", "pipe"] as ["pipe", "pipe", "pipe"] };
  if (fileLimitBytes === undefined) return spawn("git", args, options);
  // A shell is the only portable way to a file size limit; no text of ours or of users becomes shell text.
  const blocks = String(Math.max(1, Math.ceil(fileLimitBytes / 512)));
  return spawn("/bin/sh", ["-c", 'ulimit -f "$1" && shift && exec "$@"', "sh", blocks, "git", ...args], options);
}

/** Signals the whole process group of a child started by `spawnGit`; a group that is gone is no error. */
export function signalGroup(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function outcome(child: ChildProcess, command: GitCommand, stop: Stopper): Promise<GitExit> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const stderr = new ErrorText();
    let size = 0;
    child.stdout!.on("data", (chunk: Buffer) => {
      size += chunk.length;
      try {
        if (size > (command.maxOutputBytes ?? 64 << 20))
          throw new GitError("too-large", "Cannot run git: it prints too much");
        if (command.onOutput === undefined) chunks.push(chunk);
        else command.onOutput(chunk);
      } catch (error) {
        stop.now(error);
      }
    });
    child.stderr!.on("data", (chunk: Buffer) => stderr.push(chunk));
    // Git may end before it has read its input; its exit status says why.
    child.stdin!.on("error", () => {});
    child.on("error", (cause) => reject(new GitError("unsupported", "Cannot run git: it is not installed", { cause })));
    child.on("close", (code, signalName) => {
      if (stop.requested) return reject(stop.reason);
      const died =
        signalName === "SIGXFSZ" ? "File size limit exceeded" : signalName === null ? "" : `died of ${signalName}`;
      resolve({ code: code ?? 128, stdout: Buffer.concat(chunks), stderr: `${stderr.text()}\n${died}` });
    });
    child.stdin!.end(command.input ?? "");
  });
}

class Stopper {
  requested = false;
  reason: unknown;
  #child: ChildProcess;
  #timer: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  now(reason: unknown): void {
    if (this.requested) return;
    this.requested = true;
    this.reason = reason;
    signalGroup(this.#child, "SIGTERM");
    this.#timer = setTimeout(() => signalGroup(this.#child, "SIGKILL"), killGraceMs);
  }

  done(): void {
    clearTimeout(this.#timer);
  }
}

class ErrorText {
  #head = "";
  #tail = "";

  push(chunk: Buffer): void {
    const text = chunk.toString("utf8");
    if (this.#head.length < maxErrorChars) this.#head += text;
    else this.#tail = (this.#tail + text).slice(-maxErrorChars);
  }

  text(): string {
    return this.#head + this.#tail;
  }
}
