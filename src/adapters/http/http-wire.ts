import type { Readable } from "node:stream";
import { type Dispatcher, request } from "undici";
import { tlsDispatcher } from "./tls-dispatcher.ts";
import type { TlsSettings } from "./tls-secret.ts";

/** One HTTP request. */
export interface WireCall {
  /** As it reads after "Cannot". */
  readonly action: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent only to the origin of `url`. */
  readonly authorization?: string | undefined;
  readonly body?: string | Uint8Array;
  /** Whether the client certificate is for the host of `url`. */
  readonly isOwn: boolean;
  readonly maxRedirects: number;
}

/** The beginning of an answer; the body must be read or destroyed. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
  /** Whether the host that the request was for gave the answer. */
  readonly isOwn: boolean;
}

/** Connections with the trust and the certificate of one Secret, through the proxy of another or of the environment. */
export class HttpWire {
  readonly #own: Dispatcher;
  /** Without the client certificate, for hosts that it is not for. */
  readonly #foreign: Dispatcher;

  /** The error for a redirect that must not be followed. */
  readonly #refuse: (message: string) => Error;

  constructor({ ca, cert, key, proxy, unverified }: TlsSettings, refuse: (message: string) => Error) {
    const trust = {
      ...(ca !== undefined && { ca }),
      ...(proxy !== undefined && { proxy }),
      ...(unverified && { unverified }),
    };
    this.#foreign = tlsDispatcher(trust);
    this.#own = cert === undefined || key === undefined ? this.#foreign : tlsDispatcher({ ...trust, cert, key });
    this.#refuse = refuse;
  }

  /**
   * Sends a request and follows redirects; what proves who asks goes only to the host of the call's own address.
   * @throws the wire's own error when it is led to where it must not go; whatever the connection throws
   */
  async open(call: WireCall, signal: AbortSignal): Promise<WireAnswer> {
    let url = call.url;
    for (let hop = 0; ; hop++) {
      const isSame = url.origin === call.url.origin;
      const isOwn = call.isOwn && isSame;
      const headers = { "user-agent": "holdfast", ...call.headers };
      const answer = await request(url, {
        method: call.method,
        headers:
          call.authorization === undefined || !isSame ? headers : { ...headers, authorization: call.authorization },
        body: call.body ?? null,
        dispatcher: isOwn ? this.#own : this.#foreign,
        signal,
      });
      const { statusCode: status, body } = answer;
      if (!redirects.has(status)) return { status, headers: answer.headers, body, isOwn: isSame };
      await body.dump({ limit: 16_384, signal });
      if (hop >= call.maxRedirects) {
        const state = call.maxRedirects === 0 ? "it redirects" : `it redirects more than ${call.maxRedirects} times`;
        throw this.#refuse(`Cannot ${call.action}: ${state}`);
      }
      url = this.#redirected(call.action, url, answer.headers["location"]);
    }
  }

  /** Cuts every connection. */
  async close(): Promise<void> {
    await this.#own.destroy();
    if (this.#foreign !== this.#own) await this.#foreign.destroy();
  }

  #redirected(action: string, from: URL, location: string | string[] | undefined): URL {
    const text = typeof location === "string" ? location : "";
    const to = URL.canParse(text, from.href) ? new URL(text, from) : undefined;
    if (to === undefined || text === "") throw this.#refuse(`Cannot ${action}: it redirects to no address`);
    if (to.protocol !== "https:" && (to.protocol !== "http:" || from.protocol === "https:")) {
      throw this.#refuse(`Cannot ${action}: it redirects from ${from.protocol} to ${to.protocol}`);
    }
    to.username = "";
    to.password = "";
    return to;
  }
}

const redirects = new Set([301, 302, 303, 307, 308]);
