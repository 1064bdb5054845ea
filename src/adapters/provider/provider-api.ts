import { type Dispatcher, request } from "undici";
import { ProviderError } from "#core/app/provider-error.ts";
import { connectionFault } from "../http/connection-fault.ts";
import { publicAddress } from "../http/public-address.ts";
import { readBounded } from "../http/read-bounded.ts";
import { retryAfterMs } from "../http/retry-after.ts";

/** Answers that may be asked for conditionally, by address and proof. */
export type AnswerMemory = Map<string, { readonly etag: string; readonly answer: ApiAnswer }>;

/** What asking one service takes. */
export interface ProviderApiParts {
  /** Without a slash at its end. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
  readonly memory: AnswerMemory;
  readonly now: () => number;
}

/** An answer that was read as JSON; `body` is null where there is no such thing. */
export interface ApiAnswer {
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

type Query = Readonly<Record<string, string | number | boolean>>;

const MAX_BYTES = 16 << 20;
const MAX_PAGES = 200;
const MAX_REMEMBERED = 500;

/** One service's interface: plain requests whose answers are JSON. */
export class ProviderApi {
  readonly #parts: ProviderApiParts;

  constructor(parts: ProviderApiParts) {
    this.#parts = parts;
  }

  /** One answer; its body is null when there is no such thing. @throws ProviderError */
  async get(path: string, query: Query, signal: AbortSignal): Promise<ApiAnswer> {
    const url = new URL(path.includes("://") ? path : this.#parts.base + path);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    // What leads on to the next page may not lead away with the credential.
    if (url.origin !== new URL(this.#parts.base).origin) {
      throw new ProviderError(`Cannot read ${publicAddress(url)}: it is not of the service that was asked`);
    }
    return this.#ask(url, signal);
  }

  /** What is answered to a request with a body. @throws ProviderError */
  async post(url: URL, body: unknown, signal: AbortSignal): Promise<unknown> {
    const answer = await this.#ask(url, signal, JSON.stringify(body));
    if (answer.body === null) throw new ProviderError(`Cannot read ${publicAddress(url)}: there is nothing there`);
    return answer.body;
  }

  /** The rows of all pages; `next` says where the next one is, null after the last. @throws ProviderError */
  async pages(
    first: { readonly path: string; readonly query: Query },
    reading: {
      readonly rows: (body: unknown) => readonly unknown[];
      readonly next: (answer: ApiAnswer, page: number) => { readonly path: string; readonly query: Query } | null;
    },
    signal: AbortSignal,
  ): Promise<readonly unknown[] | null> {
    const rows: unknown[] = [];
    let place: { readonly path: string; readonly query: Query } | null = first;
    for (let page = 1; place; page++) {
      if (page > MAX_PAGES) throw new ProviderError(`Cannot read ${first.path}: it has more than ${MAX_PAGES} pages`);
      const answer: ApiAnswer = await this.get(place.path, place.query, signal);
      if (answer.body === null) return page === 1 ? null : rows;
      rows.push(...reading.rows(answer.body));
      place = reading.next(answer, page);
    }
    return rows;
  }

  async #ask(url: URL, signal: AbortSignal, sent?: string): Promise<ApiAnswer> {
    const { headers, dispatcher, memory } = this.#parts;
    const known = sent === undefined ? memory.get(this.#memoryKey(url)) : undefined;
    const conditional = known ? { "if-none-match": known.etag } : {};
    try {
      const typed = sent === undefined ? {} : { "content-type": "application/json" };
      const asked = { accept: "application/json", "user-agent": "holdfast", ...headers, ...conditional, ...typed };
      const method = sent === undefined ? "GET" : "POST";
      const answer = await request(url, { method, headers: asked, body: sent ?? null, dispatcher, signal });
      const body = await readBounded(answer.body, MAX_BYTES, signal);
      if (answer.statusCode === 304 && known) return known.answer;
      const taken = this.#taken(url, { status: answer.statusCode, headers: answer.headers, body });
      if (sent === undefined) this.#remember(url, taken);
      return taken;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ProviderError) throw error;
      const { state } = connectionFault(error, "service");
      throw new ProviderError(`Cannot read ${publicAddress(url)}: ${state}`, { cause: error });
    }
  }

  #taken(url: URL, got: { status: number; headers: ApiAnswer["headers"]; body: Buffer | null }): ApiAnswer {
    const { status, headers, body } = got;
    const fail = (state: string, wait: number | null = null) =>
      new ProviderError(`Cannot read ${publicAddress(url)}: ${state}`, { retryAfterMs: wait });
    const wait = waitOf(headers, this.#parts.now());
    if (status === 429 || (status === 403 && wait !== null))
      throw fail("the service asks to be left alone for now", wait ?? 60_000);
    if (status === 404) return { body: null, headers };
    if (status === 401 || status === 403) throw fail(`the service does not accept the credentials (${status})`);
    if (status === 204) return { body: null, headers };
    if (status !== 200) throw fail(`the service answers ${status}`);
    if (body === null) throw fail("its answer is too large");
    const answer = { body: parsed(body), headers };
    if (answer.body === undefined) throw fail("its answer is no JSON");
    return answer;
  }

  #remember(url: URL, answer: ApiAnswer): void {
    const { memory } = this.#parts;
    const { etag } = answer.headers;
    const key = this.#memoryKey(url);
    memory.delete(key);
    if (typeof etag !== "string") return;
    memory.set(key, { etag, answer });
    const [oldest] = memory.keys();
    if (memory.size > MAX_REMEMBERED && oldest !== undefined) memory.delete(oldest);
  }

  #memoryKey(url: URL): string {
    return `${JSON.stringify(this.#parts.headers)} ${url.href}`;
  }
}

/** How long a service wants to be left alone; null: it does not say that it does. */
function waitOf(headers: ApiAnswer["headers"], now: number): number | null {
  const after = retryAfterMs(headers["retry-after"], now);
  if (after !== undefined) return after;
  const isSpent = headers["x-ratelimit-remaining"] === "0" || headers["ratelimit-remaining"] === "0";
  const reset = Number(headers["x-ratelimit-reset"] ?? headers["ratelimit-reset"]);
  return isSpent && Number.isFinite(reset) ? Math.max(1_000, reset * 1_000 - now) : null;
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
