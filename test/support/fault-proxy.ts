import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { Pool } from "undici";
import type { Dispatcher } from "undici";
import { sleep } from "#async/with-deadline.ts";
import type { ClusterSettings } from "#adapters/kube/connection.ts";
import { eventFilter } from "./watch-event-filter.ts";
import type { EventChange } from "./watch-event-filter.ts";

/** A request as rules see it. */
export interface ProxiedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly watch: boolean;
  readonly at: number;
  /** The code that the client was sent; 0: none. */
  status: number;
  /** Whether its answer has not ended yet. */
  open: boolean;
}

/** What a rule does to a request. */
export type FaultAct =
  | { readonly kind: "delay"; readonly ms: number }
  /** Cuts the connection, before the server hears of the request or after it did what was asked. */
  | { readonly kind: "drop"; readonly when: "before" | "after" }
  /** Never answers, and the server does not hear of the request. */
  | { readonly kind: "hold" }
  /** Answers by itself; a watch gets the body as its stream, which ends then. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  /** Sends so many bytes of the real answer and resets the connection. */
  | { readonly kind: "reset"; readonly afterBytes: number }
  /** A well-formed answer that holds only the start of the real one. */
  | { readonly kind: "truncate"; readonly bytes: number }
  /** The real list without its items. */
  | { readonly kind: "empty-list" }
  /** Swallows what the server sends, with the connection open. */
  | { readonly kind: "stall" }
  /** Changes the events of a watch. */
  | { readonly kind: "events"; readonly change: EventChange };

/** Which requests a rule takes: all that are given must hold. */
export interface FaultMatch {
  readonly method?: string;
  readonly path?: RegExp;
  readonly watch?: boolean;
  readonly when?: (request: ProxiedRequest) => boolean;
}

/** A fault; the first rule that takes a request acts on it. */
export interface FaultRule {
  readonly match: FaultMatch;
  readonly act: FaultAct;
  /** How many requests it takes at most. */
  readonly times?: number;
  /** Chance that it takes a request that matches, from the proxy's seed. */
  readonly probability?: number;
}

/** A rule at work. */
export interface ActiveRule {
  readonly hits: number;
  remove(): void;
}

/** Where the proxy forwards to. */
export interface FaultProxyOptions {
  readonly server: string;
  readonly caPem: string;
  /** Added to requests that carry no credential. */
  readonly token: string;
  readonly seed?: number;
}

/** A proxy before the API server that breaks what its rules name. */
export interface FaultProxy {
  readonly url: string;
  /** Settings of a client that goes through the proxy as the proxy's own user. */
  readonly settings: ClusterSettings;
  /** Everything that was asked, oldest first. */
  readonly requests: readonly ProxiedRequest[];
  rule(rule: FaultRule): ActiveRule;
  clear(): void;
  /** Cuts every open watch. */
  breakWatches(): void;
  close(): Promise<void>;
}

/** A Status body as the API server writes it. */
export function statusBody(code: number, reason: string, message = reason): string {
  return JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message });
}

/** Starts a fault proxy on a free loopback port. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new Proxy(options);
  await proxy.listen();
  return proxy;
}

interface Held extends ActiveRule {
  readonly rule: FaultRule;
  hits: number;
}

interface Exchange {
  readonly seen: ProxiedRequest;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
}

class Proxy implements FaultProxy {
  readonly requests: ProxiedRequest[] = [];
  readonly #options: FaultProxyOptions;
  readonly #upstream: Pool;
  readonly #server: Server;
  readonly #random: () => number;
  readonly #watches = new Set<ServerResponse>();
  #rules: Held[] = [];

  constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed ?? 1);
    this.#upstream = new Pool(options.server, {
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { ca: options.caPem },
    });
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get settings(): ClusterSettings {
    return { server: this.url, credential: { kind: "none" } };
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  rule(rule: FaultRule): ActiveRule {
    const held: Held = {
      rule,
      hits: 0,
      remove: () => {
        this.#rules = this.#rules.filter((other) => other !== held);
      },
    };
    this.#rules.push(held);
    return held;
  }

  clear(): void {
    this.#rules = [];
  }

  breakWatches(): void {
    for (const response of this.#watches) response.socket?.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.#upstream.destroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const scope = new AbortController();
    const seen = describe(request);
    response.once("close", () => {
      seen.open = false;
      scope.abort();
    });
    this.requests.push(seen);
    if (seen.watch) {
      this.#watches.add(response);
      response.once("close", () => this.#watches.delete(response));
    }
    const exchange = { seen, request, response, signal: scope.signal };
    await this.#perform(exchange, this.#pick(seen));
  }

  #pick(seen: ProxiedRequest): FaultAct | undefined {
    const held = this.#rules.find(({ rule, hits }) => {
      if (hits >= (rule.times ?? Infinity) || !matches(rule.match, seen)) return false;
      return rule.probability === undefined || this.#random() < rule.probability;
    });
    if (held) held.hits += 1;
    return held?.rule.act;
  }

  async #perform(exchange: Exchange, act: FaultAct | undefined): Promise<void> {
    const { response } = exchange;
    switch (act?.kind) {
      case undefined:
        return this.#stream(exchange, undefined);
      case "events":
        return this.#stream(exchange, act.change);
      case "delay":
        await sleep(act.ms, exchange.signal);
        return this.#stream(exchange, undefined);
      case "drop":
        if (act.when === "after") await this.#whole(exchange);
        response.socket?.resetAndDestroy();
        return;
      case "hold":
        return;
      case "answer":
        send(exchange, { status: act.status, headers: act.headers ?? {}, body: Buffer.from(act.body ?? "") });
        return;
      case "stall":
        exchange.seen.status = 200;
        response.writeHead(200, { "content-type": "application/json" });
        response.flushHeaders();
        return;
      case "truncate":
      case "reset":
      case "empty-list":
        return this.#damage(exchange, act);
    }
  }

  async #damage(
    exchange: Exchange,
    act: Extract<FaultAct, { kind: "truncate" | "reset" | "empty-list" }>,
  ): Promise<void> {
    const answer = await this.#whole(exchange);
    if (act.kind === "truncate") send(exchange, { ...answer, body: answer.body.subarray(0, act.bytes) });
    else if (act.kind === "empty-list") send(exchange, { ...answer, body: withoutItems(answer.body) });
    else {
      const { response } = exchange;
      response.writeHead(answer.status, { ...answer.headers, "content-length": String(answer.body.length) });
      response.write(answer.body.subarray(0, act.afterBytes), () => response.socket?.resetAndDestroy());
    }
  }

  async #whole(exchange: Exchange): Promise<{ status: number; headers: Record<string, string>; body: Buffer }> {
    const answer = await this.#forward(exchange);
    const body = await buffer(answer.body);
    return { status: answer.statusCode, headers: kept(answer.headers), body };
  }

  async #stream(exchange: Exchange, change: EventChange | undefined): Promise<void> {
    const { response, seen } = exchange;
    const answer = await this.#forward(exchange);
    seen.status = answer.statusCode;
    response.writeHead(answer.statusCode, kept(answer.headers));
    response.flushHeaders();
    const source = change ? eventFilter(answer.body, change, this.#random) : answer.body;
    for await (const chunk of source) response.write(chunk);
    response.end();
  }

  async #forward({ request, signal }: Exchange): Promise<Dispatcher.ResponseData> {
    const { host: _host, connection: _connection, ...headers } = request.headers;
    const body = await buffer(request);
    return this.#upstream.request({
      method: request.method ?? "GET",
      path: request.url ?? "/",
      headers: { authorization: `Bearer ${this.#options.token}`, ...headers },
      body: body.length > 0 ? body : null,
      signal,
    });
  }
}

function describe(request: IncomingMessage): ProxiedRequest {
  const url = new URL(request.url ?? "/", "http://proxy");
  return {
    method: request.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    watch: url.searchParams.get("watch") === "true",
    at: performance.now(),
    status: 0,
    open: true,
  };
}

function matches(match: FaultMatch, seen: ProxiedRequest): boolean {
  if (match.method !== undefined && match.method !== seen.method) return false;
  if (match.path !== undefined && !match.path.test(seen.path)) return false;
  if (match.watch !== undefined && match.watch !== seen.watch) return false;
  return match.when?.(seen) ?? true;
}

function send(
  { response, seen }: Exchange,
  answer: { status: number; headers: Record<string, string>; body: Buffer },
): void {
  seen.status = answer.status;
  const headers = { "content-type": "application/json", ...answer.headers };
  response.writeHead(answer.status, { ...headers, "content-length": String(answer.body.length) });
  response.end(answer.body);
}

function withoutItems(body: Buffer): Buffer {
  const list = JSON.parse(body.toString("utf8")) as Record<string, unknown>;
  return Buffer.from(JSON.stringify({ ...list, items: [] }));
}

function kept(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const names = ["content-type", "retry-after", "warning"];
  return Object.fromEntries(
    names.flatMap((name) => (typeof headers[name] === "string" ? [[name, headers[name]] as const] : [])),
  );
}

// Mulberry32: small, and the same faults come back with the same seed.
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
