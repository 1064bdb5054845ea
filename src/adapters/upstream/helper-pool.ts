import { availableParallelism } from "node:os";
import { DeadlineError, withDeadline } from "#async/with-deadline.ts";
import { parseExactJson } from "#adapters/kube/exact-json.ts";
import { HelperProcess } from "./helper-process.ts";
import { UpstreamError } from "./upstream-error.ts";
import type { HelperOptions, HelperRequest } from "./helper-process.ts";
import type { FileProblem } from "./upstream-error.ts";

/** How many helpers there are and what each request may take. */
export interface HelperPoolOptions extends HelperOptions {
  readonly size: number;
  readonly timeLimitMs: number;
}

/** Limits for an ordinary installation; `program` is the helper's path. */
export function defaultPoolOptions(program: string): HelperPoolOptions {
  return { program, size: Math.min(2, availableParallelism()), memoryLimitMib: 256, timeLimitMs: 60_000 };
}

/** Helpers that share the requests: started when needed, each killed and replaced when it overruns. */
export class HelperPool {
  readonly #options: HelperPoolOptions;
  readonly #helpers = new Set<HelperProcess>();
  readonly #idle: HelperProcess[] = [];
  readonly #waiting: { start: () => void }[] = [];
  #busy = 0;
  #isClosed = false;

  constructor(options: HelperPoolOptions) {
    this.#options = options;
  }

  /** Process ids of the helpers that live now. */
  get pids(): readonly number[] {
    return [...this.#helpers].flatMap((helper) => (helper.isAlive && helper.pid !== undefined ? [helper.pid] : []));
  }

  /**
   * Performs one operation within the limits and returns its result, parsed.
   * The time limit counts from when a helper takes the request.
   * @throws UpstreamError on refusal, failure, timeout or death of the helper; the signal's reason when aborted.
   */
  async request(request: HelperRequest, signal: AbortSignal): Promise<unknown> {
    await this.#turn(signal);
    try {
      return resultOf(await this.#performOnce(request, signal));
    } finally {
      this.#busy--;
      this.#waiting.shift()?.start();
    }
  }

  /** Kills every helper, and with them the requests under way; none is started again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#helpers].map((helper) => helper.kill()));
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#busy < this.#options.size && this.#waiting.length === 0) {
      this.#busy++;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = {
      start: () => {
        this.#busy++;
        resolve();
      },
    };
    const leave = () => {
      const at = this.#waiting.indexOf(waiter);
      if (at !== -1) this.#waiting.splice(at, 1);
      reject(signal.reason);
    };
    this.#waiting.push(waiter);
    signal.addEventListener("abort", leave, { once: true });
    await promise.finally(() => signal.removeEventListener("abort", leave));
  }

  async #performOnce(request: HelperRequest, signal: AbortSignal): Promise<string> {
    const helper = this.#takeHelper();
    const { timeLimitMs = this.#options.timeLimitMs } = request;
    try {
      return await withDeadline(signal, timeLimitMs, (scope) => helper.perform(request, scope));
    } catch (error) {
      if (!(error instanceof DeadlineError) || signal.aborted) throw error;
      const seconds = timeLimitMs / 1000;
      throw new UpstreamError(
        { code: "timeout", message: `takes longer than the allowed ${seconds} s` },
        { cause: error },
      );
    } finally {
      if (helper.isAlive) this.#idle.push(helper);
      else this.#helpers.delete(helper);
    }
  }

  /** A helper that died while idle is no fault of the next request, which gets another. */
  #takeHelper(): HelperProcess {
    if (this.#isClosed) throw new UpstreamError({ code: "died", message: "the helpers have been stopped" });
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.isAlive) return idle;
      this.#helpers.delete(idle);
    }
    const helper = new HelperProcess(this.#options);
    this.#helpers.add(helper);
    return helper;
  }
}

function resultOf(text: string): unknown {
  const { result, error } = parseExactJson(text) as { result?: unknown; error?: FileProblem };
  if (error !== undefined) throw new UpstreamError(error);
  return result;
}
