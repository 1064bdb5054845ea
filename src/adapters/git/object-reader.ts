import type { ChildProcess } from "node:child_process";
import { GitError } from "./git-error.ts";
import { signalGroup, spawnGit } from "./git-process.ts";

/** What an answer holds: the object's type and size, and its bytes when contents were asked for. */
export interface ObjectAnswer {
  readonly type: string;
  readonly size: number;
  readonly bytes?: Uint8Array;
}

interface Batch {
  readonly command: "info" | "contents";
  readonly digests: readonly string[];
  readonly answers: Map<string, ObjectAnswer>;
  readonly resolve: (answers: ReadonlyMap<string, ObjectAnswer>) => void;
  readonly reject: (error: unknown) => void;
}

const idleMs = 60_000;

/** Reads objects through one long-lived `git cat-file`; started when needed, again when it died, and stopped when idle. */
export class ObjectReader {
  readonly #env: NodeJS.ProcessEnv;
  #running: RunningReader | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  /** Type and size of each object that the store has; others are left out. */
  info(digests: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, ObjectAnswer>> {
    return this.#inTurn("info", digests, signal);
  }

  /** Contents of each object that the store has. The caller has looked at the sizes before. */
  contents(digests: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, ObjectAnswer>> {
    return this.#inTurn("contents", digests, signal);
  }

  /** Ends the process; the next read starts another. */
  async stop(): Promise<void> {
    clearTimeout(this.#idle);
    const running = this.#running;
    this.#running = undefined;
    await running?.stop();
  }

  #inTurn(command: Batch["command"], digests: readonly string[], signal: AbortSignal) {
    const turn = this.#last.then(() => this.#read(command, digests, signal));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #read(command: Batch["command"], digests: readonly string[], signal: AbortSignal) {
    signal.throwIfAborted();
    if (digests.length === 0) return new Map<string, ObjectAnswer>();
    clearTimeout(this.#idle);
    if (this.#running === undefined || this.#running.ended) this.#running = new RunningReader(this.#env);
    const running = this.#running;
    const onAbort = () => running.fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await running.ask(command, digests);
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#idle = setTimeout(() => running.end(), idleMs).unref();
    }
  }
}

class RunningReader {
  ended = false;
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  #pending = Buffer.alloc(0);
  #chunks: Buffer[] = [];
  #buffered = 0;
  #wanted = 0;
  #batch: Batch | undefined;
  #stderr = "";

  constructor(env: NodeJS.ProcessEnv) {
    this.#child = spawnGit(["cat-file", "--batch-command", "--buffer"], env);
    this.#child.stdin!.on("error", () => {});
    this.#child.stdout!.on("data", (chunk: Buffer) => this.#onData(chunk));
    this.#child.stderr!.on("data", (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString("utf8")).slice(-4_096);
    });
    this.#closed = new Promise((resolve) => {
      this.#child.on("error", (error) => this.fail(error));
      this.#child.on("close", () => {
        this.fail(new GitError("failed", `Cannot read objects: git stopped (${this.#stderr.trim().slice(0, 300)})`));
        resolve();
      });
    });
  }

  ask(command: Batch["command"], digests: readonly string[]): Promise<ReadonlyMap<string, ObjectAnswer>> {
    return new Promise((resolve, reject) => {
      this.#batch = { command, digests, answers: new Map(), resolve, reject };
      this.#wanted = digests.length;
      this.#child.stdin!.write(`${digests.map((digest) => `${command} ${digest}\n`).join("")}flush\n`);
    });
  }

  end(): void {
    this.ended = true;
    this.#child.stdin!.end();
  }

  fail(reason: unknown): void {
    if (!this.ended) signalGroup(this.#child, "SIGKILL");
    this.ended = true;
    this.#batch?.reject(reason);
    this.#batch = undefined;
  }

  async stop(): Promise<void> {
    this.fail(new GitError("failed", "Cannot read objects: the reader was stopped"));
    await this.#closed;
  }

  #onData(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    // Joining only when a whole answer can be there keeps large objects linear.
    if (this.#buffered < this.#needed) return;
    this.#pending = Buffer.concat(this.#chunks, this.#buffered);
    while (this.#batch !== undefined && this.#takeAnswer(this.#batch));
    this.#chunks = [this.#pending];
    this.#buffered = this.#pending.length;
  }

  #needed = 0;

  #takeAnswer(batch: Batch): boolean {
    const lineEnd = this.#pending.indexOf(0x0a);
    if (lineEnd < 0) return false;
    const [digest = "", type = "", sizeText = ""] = this.#pending.toString("latin1", 0, lineEnd).split(" ");
    const size = Number(sizeText);
    let used = lineEnd + 1;
    if (type !== "missing" && sizeText !== "") {
      let answer: ObjectAnswer = { type, size };
      if (batch.command === "contents") {
        this.#needed = used + size + 1;
        if (this.#pending.length < this.#needed) return false;
        answer = { type, size, bytes: Uint8Array.from(this.#pending.subarray(used, used + size)) };
        used += size + 1;
      }
      batch.answers.set(digest, answer);
    }
    this.#needed = 0;
    this.#pending = this.#pending.subarray(used);
    this.#wanted -= 1;
    if (this.#wanted === 0) {
      this.#batch = undefined;
      batch.resolve(batch.answers);
    }
    return true;
  }
}
