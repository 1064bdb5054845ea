import { Pool, ProxyAgent } from "undici";
import type { Dispatcher } from "undici";
import type { ClientCertificate, ClusterSettings, Place } from "./connection.ts";

/** One HTTP request, ready to leave. */
export interface WireRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body?: string;
  readonly certificate: ClientCertificate | undefined;
  readonly place: Place;
  /** Watches hold a socket each, apart from the bounded pool of requests. */
  readonly pool: "requests" | "watches";
}

/** Receives what happens to a request. A throwing callback aborts it. */
export interface WireSink {
  /** Called as the request leaves for its socket: the last moment to refuse it. */
  start(): void;
  head(status: number, headers: Record<string, string | string[] | undefined>): void;
  data(chunk: Buffer): void;
}

interface Pools extends Pick<WireRequest, "certificate" | "place"> {
  readonly basePath: string;
  readonly origin: string;
  readonly requests: Dispatcher;
  readonly watches: Dispatcher;
}

const REQUEST_SOCKETS = 64;

/** The sockets of one cluster credential. */
export class Transport {
  readonly #settings: Pick<ClusterSettings, "insecure" | "serverName" | "proxy">;
  #pools: Pools | undefined;
  readonly #retired: Pools[] = [];

  constructor(settings: Pick<ClusterSettings, "insecure" | "serverName" | "proxy">) {
    this.#settings = settings;
  }

  /** Sends a request and resolves when its answer has ended; rejects with the signal's reason, the sink's or the socket's error. */
  exchange(request: WireRequest, sink: WireSink, signal: AbortSignal): Promise<void> {
    const { basePath, origin, ...pools } = this.#poolsFor(request);
    const pool = pools[request.pool];
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(sink, signal, { resolve, reject });
      if (!exchange.open()) return;
      pool.dispatch(
        {
          origin,
          method: request.method,
          path: basePath + request.path,
          headers: [...request.headers],
          body: request.body ?? null,
        },
        exchange,
      );
    });
  }

  /** Cuts every connection. */
  async close(): Promise<void> {
    const all = this.#pools ? [...this.#retired, this.#pools] : this.#retired;
    await Promise.all(all.flatMap((pools) => [pools.requests.destroy(), pools.watches.destroy()]));
  }

  #poolsFor(way: Pick<WireRequest, "certificate" | "place">): Pools {
    const current = this.#pools;
    if (current && sameCertificate(current.certificate, way.certificate) && samePlace(current.place, way.place)) {
      return current;
    }
    if (current) this.#retired.push(current); // Its running requests end in peace; close() ends the rest.
    const { certificate, place } = way;
    this.#pools = {
      certificate,
      place,
      origin: new URL(place.server).origin,
      basePath: new URL(place.server).pathname.replace(/\/+$/, ""),
      requests: this.#open(way, REQUEST_SOCKETS),
      watches: this.#open(way, null),
    };
    return this.#pools;
  }

  #open({ certificate, place }: Pick<WireRequest, "certificate" | "place">, connections: number | null): Dispatcher {
    const { insecure, serverName, proxy } = this.#settings;
    const { ca } = place;
    const connect = {
      timeout: 10_000,
      keepAlive: true,
      ...(ca === undefined ? {} : { ca }),
      ...(insecure ? { rejectUnauthorized: false } : {}),
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(certificate === undefined ? {} : { cert: certificate.certificate, key: certificate.key }),
    };
    const options = {
      connections,
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: 30_000,
      headersTimeout: 0, // Deadlines are the caller's.
      bodyTimeout: 0,
    };
    return proxy === undefined
      ? new Pool(new URL(place.server).origin, { ...options, connect })
      : new ProxyAgent({ ...options, uri: proxy, requestTls: connect });
  }
}

interface Settle {
  resolve(): void;
  reject(error: unknown): void;
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #sink: WireSink;
  readonly #signal: AbortSignal;
  readonly #settle: Settle;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;

  constructor(sink: WireSink, signal: AbortSignal, settle: Settle) {
    this.#sink = sink;
    this.#signal = signal;
    this.#settle = settle;
  }

  open(): boolean {
    if (this.#signal.aborted) {
      this.#fail(this.#signal.reason);
      return false;
    }
    this.#signal.addEventListener("abort", this.#abort, { once: true });
    return true;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#settled) controller.abort(new Error("The caller has gone"));
    else this.#guarded(() => this.#sink.start());
  }

  onResponseStart(_controller: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.#guarded(() => this.#sink.head(status, headers));
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#guarded(() => this.#sink.data(chunk));
  }

  onResponseEnd(): void {
    if (this.#settled) return;
    this.#finish();
    this.#settle.resolve();
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#fail(error);
  }

  readonly #abort = (): void => this.#stop(this.#signal.reason);

  #guarded(work: () => void): void {
    if (this.#settled) return;
    try {
      work();
    } catch (error) {
      this.#stop(error);
    }
  }

  #stop(reason: unknown): void {
    this.#fail(reason);
    this.#controller?.abort(reason instanceof Error ? reason : new Error("The request was aborted"));
  }

  #fail(error: unknown): void {
    if (this.#settled) return;
    this.#finish();
    this.#settle.reject(error);
  }

  #finish(): void {
    this.#settled = true;
    this.#signal.removeEventListener("abort", this.#abort);
  }
}

function samePlace(a: Place, b: Place): boolean {
  return a === b || (a.server === b.server && a.ca === b.ca);
}

function sameCertificate(a: ClientCertificate | undefined, b: ClientCertificate | undefined): boolean {
  return a === b || (a?.certificate === b?.certificate && a?.key === b?.key);
}
