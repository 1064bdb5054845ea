import { DeadlineError, sleep } from "#async/with-deadline.ts";
import { OciError } from "./oci-error.ts";
import { readBounded } from "./read-bounded.ts";
import { connectionError, maxRefusalBytes, mayPass, refusalError, refusalOf } from "./registry-failure.ts";
import type { Refusal } from "./registry-failure.ts";
import type { RegistryLogin } from "./registry-login.ts";
import type { RegistryWire, WireAnswer } from "./registry-wire.ts";

/** One question to a registry. */
export interface RegistryCall {
  /** As it reads after "Cannot". */
  readonly action: string;
  readonly method: "GET" | "HEAD";
  /** Path and query. */
  readonly path: string;
  readonly accept?: string;
}

/** What a connection is made of. */
export interface ConnectionParts {
  readonly wire: RegistryWire;
  readonly login: RegistryLogin;
  readonly host: string;
  /** Whether plain http will do. */
  readonly insecure: boolean;
  readonly hint: string;
  readonly random: () => number;
}

const attempts = 4;
const backoffMs = 500;
const longestWaitMs = 60_000;
const maxRedirects = 5;

interface Failure {
  readonly error: OciError;
  readonly refusal?: Refusal;
  /** Whether asking again may help. */
  readonly passes: boolean;
  readonly at: "once" | "later";
}

/** Asks one registry: shows who asks, follows redirects, asks again when that may help. */
export class RegistryConnection {
  readonly #parts: ConnectionParts;
  /** TLS first where that has a port of its own; a port that is named is most likely one for plain http. */
  readonly #firstScheme: "http" | "https";
  #scheme: "http" | "https";
  #isSchemeProven: boolean;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#firstScheme = parts.insecure && /:(?!443$)\d+$/.test(parts.host) ? "http" : "https";
    this.#scheme = this.#firstScheme;
    this.#isSchemeProven = !parts.insecure;
  }

  /**
   * Sends a call and gives the accepted answer to `take`, which may be called again when the connection is lost on the way.
   * @throws OciError; a missed deadline of the signal is one with the code `timeout`
   */
  async ask<T>(call: RegistryCall, take: (answer: WireAnswer) => Promise<T>, signal: AbortSignal): Promise<T> {
    let last: OciError | undefined;
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
      throw new OciError("timeout", `Cannot ${call.action}: ${state}`, { cause: error });
    }
  }

  async #attempt<T>(
    call: RegistryCall,
    take: (answer: WireAnswer) => Promise<T>,
    signal: AbortSignal,
  ): Promise<{ value: T } | Failure> {
    try {
      for (let isRenewed = false; ; isRenewed = true) {
        const url = new URL(`${this.#scheme}://${this.#parts.host}${call.path}`);
        const authorization = await this.#parts.login.header(signal);
        const answer = await this.#open(call, { url, authorization }, signal);
        if (answer.status >= 200 && answer.status < 300) {
          this.#isSchemeProven = true;
          return { value: await take(answer) };
        }
        const refusal = await this.#refusal(call, answer, signal);
        if (answer.status === 401 && answer.isOwn && !isRenewed) {
          const shown = { headers: answer.headers, origin: url };
          if (await this.#parts.login.renew(authorization, shown, signal)) continue;
        }
        return this.#refused(call, refusal);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof OciError) return { error, passes: error.code === "unreachable", at: "later" };
      return this.#lost(call, error);
    }
  }

  #open(
    call: RegistryCall,
    to: { url: URL; authorization: string | undefined },
    signal: AbortSignal,
  ): Promise<WireAnswer> {
    const { action, method, accept } = call;
    const headers: Record<string, string> = accept === undefined ? {} : { accept };
    return this.#parts.wire.open({ action, method, headers, isOwn: true, maxRedirects, ...to }, signal);
  }

  async #refusal(call: RegistryCall, answer: WireAnswer, signal: AbortSignal): Promise<Refusal> {
    const limit = { maxBytes: maxRefusalBytes, action: call.action };
    const body = await readBounded(answer.body, limit, signal).catch((error: unknown) => {
      // Only its words are lost.
      if (error instanceof OciError && error.code === "too-large") return Buffer.alloc(0);
      throw error;
    });
    const retryAfter = answer.headers["retry-after"];
    const told = { status: answer.status, retryAfter: typeof retryAfter === "string" ? retryAfter : undefined, body };
    const refusal = refusalOf(told, Date.now());
    return { ...refusal, text: this.#scrubbed(refusal.text) };
  }

  #refused(call: RegistryCall, refusal: Refusal): Failure {
    const { status } = refusal;
    const error = refusalError(call.action, refusal, this.#parts.hint);
    // What a server that wants TLS says to plain http.
    if (status === 400 && this.#scheme === "http" && this.#triesOther()) return { error, passes: true, at: "once" };
    return { error, refusal, passes: status === 429 || status >= 500, at: "later" };
  }

  #lost(call: RegistryCall, cause: unknown): Failure {
    const error = connectionError(call.action, cause);
    const tries = this.#triesOther();
    return { error, passes: tries || mayPass(cause), at: tries ? "once" : "later" };
  }

  /** Turns to the other scheme where both will do and none has worked yet; false when it is the first one again. */
  #triesOther(): boolean {
    if (this.#isSchemeProven) return false;
    this.#scheme = this.#scheme === "http" ? "https" : "http";
    return this.#scheme !== this.#firstScheme;
  }

  #waitMs(attempt: number, failure: Failure): number {
    if (failure.at === "once") return 0;
    const own = backoffMs * 2 ** (attempt - 1) * (0.5 + this.#parts.random() / 2);
    return Math.max(own, failure.refusal?.retryAfterMs ?? 0);
  }

  #scrubbed(text: string): string {
    let clean = text;
    for (const secret of this.#parts.login.secrets) if (secret.length > 0) clean = clean.replaceAll(secret, "***");
    return clean;
  }
}
