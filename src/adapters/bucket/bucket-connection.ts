import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { SourceError } from "#core/source/source-error.ts";
import { askAgain, type FailedAttempt } from "../http/ask-again.ts";
import { connectionFault } from "../http/connection-fault.ts";
import { queryText } from "../http/query-text.ts";
import { readBounded } from "../http/read-bounded.ts";
import type { BucketAddress } from "./bucket-address.ts";
import { BucketError } from "./bucket-error.ts";
import { maxRefusalBytes, refusalError, refusalOf } from "./bucket-failure.ts";
import type { Refusal } from "./bucket-failure.ts";
import type { Proof } from "./proof.ts";
import type { AnswerHeaders, StorageRequest } from "./storage.ts";

/** One question to a server. */
export interface BucketCall extends StorageRequest {
  /** As it reads after "Cannot". */
  readonly action: string;
  readonly of: "bucket" | "object";
}

/** The beginning of an accepted answer; the body must be read or destroyed. */
export interface BucketAnswer {
  readonly headers: AnswerHeaders;
  readonly body: Readable;
}

/** What a connection is made of. */
export interface ConnectionParts {
  readonly wire: Dispatcher;
  readonly address: BucketAddress;
  readonly proof: Proof;
  readonly random: () => number;
}

type Failure = FailedAttempt<SourceError>;

/** Asks one server about one bucket: proves who asks, and asks again when that may help. */
export class BucketConnection {
  readonly #parts: ConnectionParts;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  /**
   * Sends a call and gives the accepted answer to `take`, which may be called again when the connection is lost on the way.
   * @throws SourceError; a missed deadline of the signal is a BucketError with the code `timeout`
   */
  async ask<T>(call: BucketCall, take: (answer: BucketAnswer) => Promise<T>, signal: AbortSignal): Promise<T> {
    const asking = {
      attempt: () => this.#attempt(call, take, signal),
      late: (state: string, cause: unknown) => new BucketError("timeout", `Cannot ${call.action}: ${state}`, { cause }),
      random: this.#parts.random,
    };
    return askAgain<T, SourceError>(asking, signal);
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
      if (error instanceof SourceError) return { error, passes: false, at: "later" };
      const { code, state, passes } = connectionFault(error, "server");
      const lost = new BucketError(code, `Cannot ${call.action}: ${state}`, { cause: error });
      return { error: lost, passes, at: "later" };
    }
  }

  async #send(call: BucketCall, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { address, proof, wire } = this.#parts;
    const { origin, host } = address;
    const path = `${address.base}${call.path}`;
    const asked = { host, path, query: { ...address.query, ...call.query }, headers: call.headers };
    const { query, headers } = await proof.prove(asked, signal);
    const text = queryText(query);
    return wire.request({
      origin,
      path: text === "" ? path : `${path}?${text}`,
      method: "GET",
      headers: { "user-agent": "holdfast", host, ...headers },
      signal,
    });
  }

  #refused(call: BucketCall, refusal: Refusal): Failure {
    const { status, retryAfterMs } = refusal;
    const { proof } = this.#parts;
    const error = refusalError(call, refusal, proof.hint());
    if (proof.learn?.(refusal)) return { error, passes: true, at: "once" };
    return { error, retryAfterMs, passes: status === 429 || status >= 500, at: "later" };
  }

  #scrubbed(text: string): string {
    return this.#parts.proof.secrets().reduce((kept, secret) => kept.replaceAll(secret, "***"), text);
  }
}
