import type { Readable } from "node:stream";
import { getCACertificates } from "node:tls";
import { type Dispatcher, EnvHttpProxyAgent, request } from "undici";
import { HelmError } from "./helm-error.ts";
import type { RepositoryTls } from "./repository-secrets.ts";

/** One GET. */
export interface WireCall {
  /** As it reads after "Cannot". */
  readonly action: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent only to the origin of `url`. */
  readonly authorization: string | undefined;
  /** Whether the client certificate is for the host of `url`. */
  readonly isOwn: boolean;
}

/** The beginning of an answer; the body must be read or destroyed. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}

const redirects = new Set([301, 302, 303, 307, 308]);
const maxRedirects = 5;

/** Connections with the trust and the certificate of one Secret; proxies are those of the environment. */
export class RepositoryWire {
  readonly #own: Dispatcher;
  /** Without the client certificate, for hosts that it is not for. */
  readonly #foreign: Dispatcher;

  constructor(tls: RepositoryTls) {
    const { ca, cert, key } = tls;
    const trust = ca === undefined ? {} : { ca: [...getCACertificates("default"), ca] };
    this.#foreign = dispatcher(trust);
    this.#own = cert === undefined || key === undefined ? this.#foreign : dispatcher({ ...trust, cert, key });
  }

  /**
   * Sends a request and follows redirects; what proves who asks goes only to the host of the call's own address.
   * @throws HelmError when it is led to where it must not go; whatever the connection throws
   */
  async open(call: WireCall, signal: AbortSignal): Promise<WireAnswer> {
    const { action, authorization } = call;
    let { url } = call;
    for (let hop = 0; ; hop++) {
      const isSame = url.origin === call.url.origin;
      const proof = authorization === undefined || !isSame ? {} : { authorization };
      const answer = await request(url, {
        headers: { "user-agent": "holdfast", ...call.headers, ...proof },
        dispatcher: call.isOwn && isSame ? this.#own : this.#foreign,
        signal,
      });
      const { statusCode: status, headers, body } = answer;
      if (!redirects.has(status)) return { status, headers, body };
      await body.dump({ limit: 16_384, signal });
      if (hop >= maxRedirects) {
        throw new HelmError("failed", `Cannot ${action}: it redirects more than ${maxRedirects} times`);
      }
      url = redirected(action, url, headers["location"]);
    }
  }

  /** Cuts every connection. */
  async close(): Promise<void> {
    await this.#own.destroy();
    if (this.#foreign !== this.#own) await this.#foreign.destroy();
  }
}

function dispatcher(tls: { ca?: string[]; cert?: string; key?: string }): Dispatcher {
  const connect = { timeout: 10_000, ...tls };
  // Deadlines are the caller's.
  const limits = { headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 10_000 };
  return new EnvHttpProxyAgent({ connections: 8, allowH2: false, ...limits, connect, requestTls: connect });
}

function redirected(action: string, from: URL, location: string | string[] | undefined): URL {
  const text = typeof location === "string" ? location : "";
  const to = text !== "" && URL.canParse(text, from.href) ? new URL(text, from) : undefined;
  if (to === undefined) throw new HelmError("failed", `Cannot ${action}: it redirects to no address`);
  if (to.protocol !== "https:" && (to.protocol !== "http:" || from.protocol === "https:")) {
    throw new HelmError("failed", `Cannot ${action}: it redirects from ${from.protocol} to ${to.protocol}`);
  }
  to.username = "";
  to.password = "";
  return to;
}
