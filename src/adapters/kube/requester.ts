import { sleep, withDeadline, DeadlineError } from "#async/with-deadline.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import type { Impersonation } from "#engine/ports.ts";
import { AnswerCollector, StreamCollector } from "./answer-collector.ts";
import type { StreamSink } from "./answer-collector.ts";
import { failureOf } from "./api-failure.ts";
import { parseExactJson } from "./exact-json.ts";
import { impersonationHeaders } from "./impersonation.ts";
import type { Authenticator, Proof } from "./authenticator.ts";
import type { LoadSample, RequestLimiter } from "./request-limiter.ts";
import type { Transport, WireRequest } from "./transport.ts";

/** What a request does, as metrics and messages name it. */
export type Verb = "get" | "list" | "watch" | "create" | "replace" | "apply" | "patch" | "delete" | "discover";

/** One call of the API, before authentication. */
export interface Call {
  readonly verb: Verb;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly kind: string;
  /** What a message calls the object: `Deployment/shop/web`. */
  readonly subject: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly accept?: string;
  readonly as?: Impersonation | undefined;
  readonly late?: true | undefined;
  /** Whether sending it twice does no more than once, so that it may be sent again after a lost answer. */
  readonly repeatable: boolean;
  readonly signal: AbortSignal;
}

/** An accepted answer. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** One finished request, for metrics; code 0 means that no answer came. */
export interface RequestRecord {
  readonly verb: Verb;
  readonly kind: string;
  readonly code: number;
  readonly ms: number;
}

/** How long requests may take, how often they are tried, and who is told. */
export interface RequesterOptions {
  readonly userAgent: string;
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  readonly attempts: number;
  readonly backoffMs: number;
  readonly random: () => number;
  readonly onRequest: (record: RequestRecord) => void;
}

/** What requests leave through. */
export interface Way {
  readonly transport: Transport;
  readonly authenticator: Authenticator;
  readonly limiter: RequestLimiter;
}

interface Failure {
  readonly error: ApiError;
  /** False when the request provably never left. */
  readonly sent: boolean;
  readonly proof: Proof;
}

const BACKOFF_LIMIT_MS = 5_000;
const DEFAULT_RETRY_AFTER_MS = 1_000;

/** Sends calls: authenticates, waits for a place, honours 429, repeats what may be repeated. */
export class Requester {
  readonly #way: Way;
  readonly #options: RequesterOptions;
  #guard: () => void = () => {};

  constructor(way: Way, options: RequesterOptions) {
    this.#way = way;
    this.#options = options;
  }

  /** From now on asks `guard` as each write leaves for its socket; a throwing guard keeps it from leaving. */
  guardWrites(guard: () => void): void {
    this.#guard = guard;
  }

  /**
   * Sends a call and returns the accepted answer.
   * @throws ApiError when the server refused it or did not answer; whatever the write guard throws.
   */
  async send(call: Call): Promise<Answer> {
    let renewed = false;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(call);
      if ("status" in outcome) return outcome;
      const { error } = outcome;
      if (error.code === 401 && !renewed && this.#way.authenticator.renew(outcome.proof)) {
        renewed = true;
        continue;
      }
      if (attempt >= this.#options.attempts || !mayRepeat(call, outcome)) throw error;
      await sleep(this.#backoff(attempt, error), call.signal);
    }
  }

  /**
   * Sends a call and returns the accepted answer's status and JSON.
   * @throws ApiError as `send` does, and when the answer is not JSON.
   */
  async sendAnswer(call: Call): Promise<{ status: number; value: unknown }> {
    const answer = await this.send(call);
    try {
      return { status: answer.status, value: parseExactJson(answer.body.toString("utf8")) };
    } catch (cause) {
      throw malformed(call, cause);
    }
  }

  /** The JSON of an accepted answer; throws as `sendAnswer` does. */
  async sendJson(call: Call): Promise<unknown> {
    return (await this.sendAnswer(call)).value;
  }

  /**
   * Opens a stream on a socket of its own and resolves when the server ends it.
   * @throws ApiError when the server refuses it or the connection is lost; whatever the sink throws.
   */
  async stream(call: Call, sink: StreamSink): Promise<void> {
    const { authenticator, limiter } = this.#way;
    const proof = await authenticator.proof(call.signal);
    if (limiter.pausedForMs > 0) await sleep(limiter.pausedForMs, call.signal);
    const taken = new StreamCollector(sink);
    const started = performance.now();
    let lost: { cause: unknown } | undefined;
    try {
      await this.#way.transport.exchange(this.#wireRequest(call, proof, "watches"), taken, call.signal);
    } catch (cause) {
      lost = { cause };
    }
    const ms = performance.now() - started;
    this.#options.onRequest({ verb: call.verb, kind: call.kind, code: taken.answer.status, ms });
    if (taken.thrown) throw taken.thrown.error;
    call.signal.throwIfAborted();
    if (lost) throw noAnswer(call, lost.cause);
    if (taken.accepted) return;
    const error = this.#refusal(call, taken.answer);
    if (error.code === 401) authenticator.renew(proof);
    throw error;
  }

  async #attempt(call: Call): Promise<Answer | Failure> {
    const { authenticator, limiter } = this.#way;
    const proof = await authenticator.proof(call.signal);
    const request = this.#wireRequest(call, proof, "requests");
    await limiter.acquire(call.signal, call.late);
    const started = performance.now();
    let load: LoadSample = { kind: "silent" };
    let code = 0;
    try {
      const outcome = await this.#exchange(call, { request, proof });
      const ms = performance.now() - started;
      code = "status" in outcome ? outcome.status : outcome.error.code;
      load = loadOf(call, code, { ms, timedOut: "error" in outcome && outcome.error.reason === "Timeout" });
      return outcome;
    } finally {
      this.#options.onRequest({ verb: call.verb, kind: call.kind, code, ms: performance.now() - started });
      limiter.release(load);
    }
  }

  async #exchange(call: Call, { request, proof }: { request: WireRequest; proof: Proof }): Promise<Answer | Failure> {
    const taken = new AnswerCollector();
    let sent = false;
    let refused: { reason: unknown } | undefined;
    const start = () => {
      try {
        if (call.method !== "GET") this.#guard();
      } catch (reason) {
        refused = { reason };
        throw reason;
      }
      sent = true;
    };
    const sink = { start, head: taken.head.bind(taken), data: taken.data.bind(taken) };
    try {
      await withDeadline(call.signal, this.#limitMs(call), (scope) =>
        this.#way.transport.exchange(request, sink, scope),
      );
    } catch (error) {
      if (refused) throw refused.reason;
      call.signal.throwIfAborted();
      return { error: noAnswer(call, error), sent, proof };
    }
    if (taken.status >= 200 && taken.status < 300) return { status: taken.status, body: taken.body() };
    return { error: this.#refusal(call, taken), sent, proof };
  }

  #refusal(call: Call, taken: AnswerCollector): ApiError {
    const error = failureOf(
      { verb: call.verb, kind: call.kind, text: call.subject },
      { status: taken.status, retryAfter: taken.retryAfter, body: taken.body().toString("utf8") },
    );
    if (error.code === 429) this.#way.limiter.pause(error.retryAfterMs ?? DEFAULT_RETRY_AFTER_MS);
    return error;
  }

  #limitMs(call: Call): number {
    return call.method === "GET" ? this.#options.readTimeoutMs : this.#options.writeTimeoutMs;
  }

  #backoff(attempt: number, error: ApiError): number {
    if (error.code === 429) return 0; // The pause of the whole client is the wait.
    const cap = Math.min(BACKOFF_LIMIT_MS, this.#options.backoffMs * 2 ** (attempt - 1));
    return (error.retryAfterMs ?? 0) + cap * (0.5 + this.#options.random() / 2);
  }

  #wireRequest(call: Call, proof: Proof, pool: WireRequest["pool"]): WireRequest {
    const headers = ["user-agent", this.#options.userAgent, "accept", call.accept ?? "application/json"];
    if (proof.authorization !== undefined) headers.push("authorization", proof.authorization);
    if (call.contentType !== undefined) headers.push("content-type", call.contentType);
    if (call.as !== undefined) headers.push(...impersonationHeaders(call.as));
    return {
      method: call.method,
      path: call.path + queryText(call.query),
      headers,
      ...(call.body === undefined ? {} : { body: call.body }),
      certificate: proof.certificate,
      place: proof.place,
      pool,
    };
  }
}

/** The failure of an accepted answer that cannot be read: cut short, or not JSON. */
export function malformed(call: Call, cause: unknown): ApiError {
  // The parser's own words quote the answer, which may be a Secret.
  const name = cause instanceof Error ? cause.name : "Error";
  return new ApiError({
    code: 0,
    reason: "MalformedAnswer",
    message: `Cannot ${call.verb} ${call.subject}: the answer is cut short or not JSON (${name})`,
  });
}

function mayRepeat(call: Call, failure: Failure): boolean {
  const { code } = failure.error;
  if (code === 429 || !failure.sent) return true; // Refused before it did anything, or never left.
  return call.repeatable && (code === 0 || [500, 502, 503, 504].includes(code));
}

function loadOf(call: Call, code: number, seen: { ms: number; timedOut: boolean }): LoadSample {
  if (code === 429 || seen.timedOut) return { kind: "overloaded" };
  return code === 0 || call.verb === "list" || call.verb === "discover"
    ? { kind: "silent" }
    : { kind: "answered", ms: seen.ms };
}

function noAnswer(call: Call, cause: unknown): ApiError {
  const timedOut = cause instanceof DeadlineError;
  const why = timedOut ? `no answer within ${cause.limitMs} ms` : causeText(cause);
  return new ApiError(
    {
      code: 0,
      reason: timedOut ? "Timeout" : "NoAnswer",
      message: `Cannot ${call.verb} ${call.subject}: ${why}`,
    },
    { cause },
  );
}

function causeText(cause: unknown): string {
  if (!(cause instanceof Error)) return "the connection failed";
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  return [cause.message || "the connection failed", code].filter(Boolean).join(" ");
}

function queryText(query: Call["query"]): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`],
  );
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}
