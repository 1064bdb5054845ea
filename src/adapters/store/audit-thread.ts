import { Worker } from "node:worker_threads";
import type { AuditStoreOptions } from "./audit-store.ts";
import type { AuditReply, AuditRequest } from "./audit-worker.ts";

interface PendingCall {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Operation = AuditRequest extends infer Request ? (Request extends unknown ? Omit<Request, "call"> : never) : never;

const restartedAfterMs = 5_000;

/** The one thread that touches history; started when first needed, and again when it has died. */
export class AuditThread {
  readonly #options: AuditStoreOptions;
  readonly #onNotice: (message: string) => void;
  readonly #pending = new Map<number, PendingCall>();
  #worker: Worker | undefined;
  #exited: Promise<void> = Promise.resolve();
  #calls = 0;
  #isEnding = false;
  #diedAt = Number.NEGATIVE_INFINITY;

  constructor(options: AuditStoreOptions, onNotice: (message: string) => void) {
    this.#options = options;
    this.#onNotice = onNotice;
  }

  /** Performs one operation; an aborted signal only ends the waiting for it. */
  call(operation: Operation, signal: AbortSignal | undefined): Promise<unknown> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    if (performance.now() - this.#diedAt < restartedAfterMs) {
      return Promise.reject(new Error("the history thread has died and starts again in some seconds"));
    }
    const worker = (this.#worker ??= this.#start());
    const call = (this.#calls += 1);
    return new Promise((resolve, reject) => {
      const stop = () => this.#settle(call, (pending) => pending.reject(signal?.reason as Error));
      const forget = () => signal?.removeEventListener("abort", stop);
      this.#pending.set(call, {
        resolve: (value) => (forget(), resolve(value)),
        reject: (error) => (forget(), reject(error)),
      });
      signal?.addEventListener("abort", stop, { once: true });
      // Only somebody who waits keeps the process from ending.
      worker.ref();
      worker.postMessage({ ...operation, call });
    });
  }

  /** Closes the file and resolves when the thread has ended. */
  async end(): Promise<void> {
    if (this.#worker === undefined) return;
    this.#isEnding = true;
    await this.call({ op: "close" }, undefined).catch(() => undefined);
    await this.#exited;
  }

  /** Ends the thread at once; running calls fail. */
  terminate(): void {
    // The exit is awaited by `end`.
    this.#worker?.terminate().catch(() => undefined);
  }

  #start(): Worker {
    this.#isEnding = false;
    // The parent's own flags, such as a test runner's, are nothing to the worker.
    const worker = new Worker(new URL("./audit-worker.ts", import.meta.url), {
      workerData: this.#options,
      execArgv: ["--disable-warning=ExperimentalWarning"],
      env: {},
    });
    worker.on("message", (reply: AuditReply) => this.#take(reply));
    worker.on("error", (error) => this.#onNotice(`The history thread has failed: ${String(error)}`));
    this.#exited = new Promise((resolve) => {
      worker.once("exit", (code) => {
        this.#worker = undefined;
        if (code !== 0) this.#diedAt = performance.now();
        for (const call of this.#pending.keys()) {
          this.#settle(call, (pending) => pending.reject(new Error("the history thread has ended")));
        }
        resolve();
      });
    });
    return worker;
  }

  #take(reply: AuditReply): void {
    if ("notice" in reply) {
      this.#onNotice(reply.notice);
    } else {
      this.#settle(reply.call, (pending) =>
        "error" in reply ? pending.reject(new Error(reply.error)) : pending.resolve(reply.value),
      );
    }
  }

  #settle(call: number, settle: (pending: PendingCall) => void): void {
    const pending = this.#pending.get(call);
    if (pending === undefined) return;
    this.#pending.delete(call);
    settle(pending);
    if (this.#pending.size === 0 && !this.#isEnding) this.#worker?.unref();
  }
}
