import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { RemoteBase } from "#core/source/remote-base.ts";
import type { CloudDataKey } from "../cloud/data-key.ts";
import { encodeFrame, FrameDecoder } from "./framing.ts";
import { UpstreamError } from "./upstream-error.ts";
import type { FileProblem } from "./upstream-error.ts";
import type { Frame } from "./framing.ts";

/** How the helper is started. */
export interface HelperOptions {
  readonly program: string;
  readonly memoryLimitMib: number;
}

/** What to send when the helper asks something: a JSON message and raw bytes. */
export interface Reply {
  readonly message: unknown;
  readonly attachment?: Uint8Array;
}

/** One operation: its name, its input and the answers to what it asks meanwhile. */
export interface HelperRequest {
  readonly op: string;
  readonly input: unknown;
  readonly attachments?: readonly Uint8Array[];
  readonly answer: (question: Question, signal: AbortSignal) => Promise<Reply>;
  /** Less than the pool allows. */
  readonly timeLimitMs?: number;
}

/**
 * What an operation asks while it runs: about a path of the tree, for a data key that a service opens, for the place of
 * what another repository holds, or for objects.
 */
export type Question =
  | { readonly ask: "look" | "read" | "list"; readonly path: string }
  | { readonly ask: "sops.datakey"; readonly key: VaultKey | CloudDataKey }
  | { readonly ask: "base"; readonly base: RemoteBase }
  | LookupQuestion;

/** A question for an object of the cluster or, without a name, for all of a kind. */
export interface LookupQuestion {
  readonly ask: "lookup";
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** A data key that a key of Vault's transit engine wraps. */
export interface VaultKey {
  readonly service: "vault";
  readonly address: string;
  readonly engine: string;
  readonly name: string;
  readonly ciphertext: string;
}

// The helper's own exit status for too much memory; limits.go.
const memoryLimitStatus = 71;
// Go's own for what it cannot recover from: a stack over its limit, or memory that the system refuses.
const fatalStatus = 2;

/** One helper child process; it performs one request at a time. */
export class HelperProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #options: HelperOptions;
  readonly #decoder = new FrameDecoder();
  readonly #frames: Frame[] = [];
  readonly #exited: Promise<void>;
  #wake: (() => void) | undefined;
  #end: { readonly reason: UpstreamError } | undefined;

  constructor(options: HelperOptions) {
    this.#options = options;
    this.#child = spawn(options.program, [`-memory-limit-mib=${options.memoryLimitMib}`], {
      env: {},
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#child.once("close", (status, killedBy) => this.#endWith(endingOf(status, killedBy), undefined));
    // Its pipes may close after that, which nothing would wait for: they do not keep the program alive.
    this.#exited = new Promise((resolve) => {
      this.#child.once("exit", () => resolve());
      this.#child.once("error", (cause) => {
        this.#endWith("cannot be started", cause);
        resolve();
      });
    });
    // A helper that is gone is reported by its end, not by the pipe to it.
    this.#child.stdin.on("error", () => undefined);
    this.#child.stdout.on("data", (chunk: Buffer) => this.#take(chunk));
    this.#rest();
  }

  /** Whether it can take a request. */
  get isAlive(): boolean {
    return this.#end === undefined;
  }

  /** Process id, for tests and measurements; undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Performs a request and returns the result's JSON text.
   * A helper whose request was aborted or broke the protocol is killed: its state is not known.
   * @throws UpstreamError when the helper refuses, fails or dies; the signal's reason when aborted.
   */
  async perform(request: HelperRequest, signal: AbortSignal): Promise<string> {
    this.#child.ref();
    const onAbort = () => this.#wake?.();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      this.#send({ op: request.op, input: request.input }, request.attachments);
      const text = await this.#converse(request, signal);
      this.#rest();
      return text;
    } catch (error) {
      await this.kill();
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Ends the child at once and resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.ref();
    this.#child.kill("SIGKILL");
    await this.#exited;
    this.#endWith("signal SIGKILL", undefined);
  }

  async #converse(request: HelperRequest, signal: AbortSignal): Promise<string> {
    for (;;) {
      const { text } = await this.#receive(signal);
      if (!text.startsWith('{"ask"')) return text;
      const reply = await request.answer(JSON.parse(text) as Question, signal);
      signal.throwIfAborted();
      this.#send(reply.message, reply.attachment === undefined ? [] : [reply.attachment]);
    }
  }

  #send(message: unknown, attachments: readonly Uint8Array[] = []): void {
    for (const part of encodeFrame(message, attachments)) this.#child.stdin.write(part);
  }

  async #receive(signal: AbortSignal): Promise<Frame> {
    for (;;) {
      signal.throwIfAborted();
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      if (this.#end !== undefined) throw this.#end.reason;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #take(chunk: Buffer): void {
    try {
      this.#frames.push(...this.#decoder.push(chunk));
    } catch {
      this.#child.kill("SIGKILL");
    }
    this.#wake?.();
  }

  /** An idle helper does not keep the program alive. */
  #rest(): void {
    this.#child.unref();
    for (const stream of [this.#child.stdin, this.#child.stdout])
      (stream as unknown as { unref?: () => void }).unref?.();
  }

  #endWith(ending: string, cause: unknown): void {
    this.#end ??= { reason: new UpstreamError(this.#problemOf(ending), { cause }) };
    this.#wake?.();
  }

  #problemOf(ending: string): FileProblem {
    if (ending === `exit status ${memoryLimitStatus}`) {
      const message = `needs more than the allowed ${this.#options.memoryLimitMib} MiB of memory`;
      return { code: "memory", message };
    }
    if (ending === `exit status ${fatalStatus}`) {
      return {
        code: "fatal",
        message: "the library cannot cope with this: it goes too deep, or wants too much memory at once",
      };
    }
    return { code: "died", message: `the helper ended unexpectedly (${ending})` };
  }
}

function endingOf(status: number | null, killedBy: NodeJS.Signals | null): string {
  return killedBy === null ? `exit status ${status}` : `signal ${killedBy}`;
}
