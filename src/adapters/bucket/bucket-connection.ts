import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { askAgain, type FailedAttempt } from "../http/ask-again.ts";
import { connectionFault } from "../http/connection-fault.ts";
import { readBounded } from "../http/read-bounded.ts";
import type { BucketAddress } from "./bucket-address.ts";
import { BucketError } from "./bucket-error.ts";
import { maxRefusalBytes, refusalError, refusalOf } from "./bucket-failure.ts";
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

type Failure = FailedAttempt<BucketError>;

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
    const asking = {
      attempt: () => this.#attempt(call, take, signal),
      late: (state: string, cause: unknown) => new BucketError("timeout", `Cannot ${call.action}: ${state}`, { cause }),
      random: this.#parts.random,
    };
    return askAgain(asking, signal);
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
      // Only the words of a refusal are lost when it is longer.
      const told = (await readBounded(body, maxRefusalBytes, signal)) ?? Buffer.alloc(0);
      const refusal = refusalOf({ status, headers, body: told }, Date.now());
      return this.#refused(call, { ...refusal, text: this.#scrubbed(refusal.text) });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BucketError) return { error, passes: false, at: "later" };
      const { code, state, passes } = connectionFault(error, "server");
      const lost = new BucketError(code, `Cannot ${call.action}: ${state}`, { cause: error });
      return { error: lost, passes, at: "later" };
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

  #scrubbed(text: string): string {
    const { keys } = this.#parts;
    return keys === null ? text : text.replaceAll(keys.key, "***").replaceAll(keys.id, "***");
  }
}
