import { SourceError } from "#core/source/source-error.ts";
import { askAgain, type FailedAttempt } from "../http/ask-again.ts";
import { connectionFault } from "../http/connection-fault.ts";
import { readBounded } from "../http/read-bounded.ts";
import { OciError } from "./oci-error.ts";
import { maxRefusalBytes, refusalError, refusalOf } from "./registry-failure.ts";
import type { Refusal } from "./registry-failure.ts";
import type { RegistryLogin } from "./registry-login.ts";
import type { HttpWire, WireAnswer } from "../http/http-wire.ts";

/** One question to a registry. */
export interface RegistryCall {
  /** As it reads after "Cannot". */
  readonly action: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT";
  /** Path and query. */
  readonly path: string;
  readonly accept?: string;
  readonly content?: { readonly type: string; readonly bytes: Uint8Array };
}

/** What a connection is made of. */
export interface ConnectionParts {
  readonly wire: HttpWire;
  readonly login: RegistryLogin;
  readonly host: string;
  /** Whether plain http will do. */
  readonly insecure: boolean;
  readonly hint: string;
  readonly random: () => number;
}

const maxRedirects = 5;

type Failure = FailedAttempt<OciError>;

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
    const asking = {
      attempt: () => this.#attempt(call, take, signal),
      late: (state: string, cause: unknown) => new OciError("timeout", `Cannot ${call.action}: ${state}`, { cause }),
      random: this.#parts.random,
    };
    return askAgain(asking, signal);
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
        const refusal = await this.#refusal(answer, signal);
        if (answer.status === 401 && answer.isOwn && !isRenewed) {
          const shown = { headers: answer.headers, origin: url };
          if (await this.#parts.login.renew(authorization, shown, signal)) continue;
        }
        return this.#refused(call, refusal);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof OciError) return { error, passes: error.code === "unreachable", at: "later" };
      // Whoever gives the credential has asked as often as makes sense.
      if (error instanceof SourceError) throw error;
      return this.#lost(call, error);
    }
  }

  #open(
    call: RegistryCall,
    to: { url: URL; authorization: string | undefined },
    signal: AbortSignal,
  ): Promise<WireAnswer> {
    const { action, method, accept, content } = call;
    const headers = { ...(accept !== undefined && { accept }), ...(content && { "content-type": content.type }) };
    const body = content && { body: content.bytes };
    return this.#parts.wire.open({ action, method, headers, isOwn: true, maxRedirects, ...body, ...to }, signal);
  }

  async #refusal(answer: WireAnswer, signal: AbortSignal): Promise<Refusal> {
    // Only the words of a refusal are lost when it is longer.
    const body = (await readBounded(answer.body, maxRefusalBytes, signal)) ?? Buffer.alloc(0);
    const refusal = refusalOf({ status: answer.status, headers: answer.headers, body }, Date.now());
    return { ...refusal, text: this.#scrubbed(refusal.text) };
  }

  #refused(call: RegistryCall, refusal: Refusal): Failure {
    const { status } = refusal;
    const error = refusalError(call.action, refusal, this.#parts.hint);
    // What a server that wants TLS says to plain http.
    if (status === 400 && this.#scheme === "http" && this.#triesOther()) return { error, passes: true, at: "once" };
    const { retryAfterMs } = refusal;
    return { error, retryAfterMs, passes: status === 429 || status >= 500, at: "later" };
  }

  #lost(call: RegistryCall, cause: unknown): Failure {
    const { code, state, passes } = connectionFault(cause, "registry");
    const error = new OciError(code, `Cannot ${call.action}: ${state}`, { cause });
    const tries = this.#triesOther();
    return { error, passes: tries || passes, at: tries ? "once" : "later" };
  }

  /** Turns to the other scheme where both will do and none has worked yet; false when it is the first one again. */
  #triesOther(): boolean {
    if (this.#isSchemeProven) return false;
    this.#scheme = this.#scheme === "http" ? "https" : "http";
    return this.#scheme !== this.#firstScheme;
  }

  #scrubbed(text: string): string {
    let clean = text;
    for (const secret of this.#parts.login.secrets) if (secret.length > 0) clean = clean.replaceAll(secret, "***");
    return clean;
  }
}
