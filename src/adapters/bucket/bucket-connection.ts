import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { DeadlineError, sleep } from "#async/with-deadline.ts";
import type { BucketAddress } from "./bucket-address.ts";
import { BucketError } from "./bucket-error.ts";
import { connectionError, maxRefusalBytes, mayPass, refusalError, refusalOf } from "./bucket-failure.ts";
import type { Refusal } from "./bucket-failure.ts";
import { queryText, signedHeaders } from "./sign-request.ts";
import type { AccessKeys } from "./sign-request.ts";

/** One question to a server. */
export interface BucketCall {
  /** As it reads after "Cannot". */
  readonly action: string;
  /** What follows the bucket in the path, encoded. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** The beginning of an accepted answer; the body must be read or destroyed. */
export interface BucketAnswer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}

/** What a connection is made of. */
export interface ConnectionParts {
  readonly wire: Dispatcher;
  readonly address: BucketAddress;
  readonly keys: AccessKeys | null;
  readonly random: () => number;
}

const attempts = 4;
const backoffMs = 500;
const longestWaitMs = 60_000;

interface Failure {
  readonly error: BucketError;
  readonly retryAfterMs?: number | undefined;
  /** Whether asking again may help. */
  readonly passes: boolean;
  readonly at: "once" | "later";
}

/** Asks one server about one bucket: signs, and asks again when that may help. */
export class BucketConnection {
  readonly #parts: ConnectionParts;
  #region: string;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#region = parts.address.region;
  }

  /**
   * Sends a call and gives the accepted answer to `take`, which may be called again when the connection is lost on the way.
   * @throws BucketError; a missed deadline of the signal is one with the code `timeout`
   */
  async ask<T>(call: BucketCall, take: (answer: BucketAnswer) => Promise<T>, signal: AbortSignal): Promise<T> {
    let last: BucketError | undefined;
    try {
      for (let attempt = 1; ; attempt++) {
        const outcome = await this.#attempt(call, take, signal);
        if ("value" in outcome) return outcome.value;
        last = outcome.error;
        const waitMs = this.#waitMs(attempt, outcome);
        if (!outcome.passes || attempt >= attempts || waitMs > longestWaitMs) throw outcome.error;
        await sleep(waitMs, signal);
      }
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      const since = last === undefined ? "" : `; last, ${last.message.replace(/^Cannot /, "it could not ")}`;
      const state = `no answer within ${error.limitMs / 1000} s${since}`;
      throw new BucketError("timeout", `Cannot ${call.action}: ${state}`, { cause: error });
    }
  }

  async #attempt<T>(
    call: BucketCall,
    take: (answer: BucketAnswer) => Promise<T>,
    signal: AbortSignal,
  ): Promise<{ value: T } | Failure> {
    try {
      const { statusCode: status, headers, body } = await this.#send(call, signal);
      // Whoever stops reading early has an error of its own; this one would end the process.
      body.on("error", () => {});
      if (status === 200) return { value: await take({ headers, body }) };
      const refusal = refusalOf({ status, headers, body: await beginningOf(body, signal) }, Date.now());
      return this.#refused(call, { ...refusal, text: this.#scrubbed(refusal.text) });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BucketError) return { error, passes: false, at: "later" };
      return { error: connectionError(call.action, error), passes: mayPass(error), at: "later" };
    }
  }

  #send({ path, query, headers }: BucketCall, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { address, keys, wire } = this.#parts;
    const whole = `${address.base}${path}`;
    const request = { method: "GET", host: address.host, path: whole, query, headers } as const;
    const proven =
      keys === null
        ? { ...headers, host: address.host }
        : signedHeaders(request, keys, { region: this.#region, at: new Date() });
    const text = queryText(query);
    return wire.request({
      origin: address.origin,
      path: text === "" ? whole : `${whole}?${text}`,
      method: "GET",
      headers: { "user-agent": "holdfast", ...proven },
      signal,
    });
  }

  #refused(call: BucketCall, refusal: Refusal): Failure {
    const { status, region, retryAfterMs } = refusal;
    const { keys } = this.#parts;
    if (keys !== null && region !== "" && region !== this.#region && (status === 400 || status === 403)) {
      this.#region = region;
      return { error: refusalError(call.action, refusal, ""), passes: true, at: "once" };
    }
    const hint = keys === null ? "no Secret with keys is named" : "";
    const error = refusalError(call.action, refusal, hint);
    return { error, retryAfterMs, passes: status === 429 || status >= 500, at: "later" };
  }

  #waitMs(attempt: number, { at, retryAfterMs }: Failure): number {
    if (at === "once") return 0;
    const own = backoffMs * 2 ** (attempt - 1) * (0.5 + this.#parts.random() / 2);
    return Math.max(own, retryAfterMs ?? 0);
  }

  #scrubbed(text: string): string {
    const { keys } = this.#parts;
    return keys === null ? text : text.replaceAll(keys.key, "***").replaceAll(keys.id, "***");
  }
}

/** Only the words of a refusal are lost when it is longer. */
async function beginningOf(body: Readable, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxRefusalBytes) return Buffer.alloc(0);
  }
  return Buffer.concat(chunks);
}
