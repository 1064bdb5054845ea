import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { startHttpService } from "./http-service.ts";

/** Whether the program can do its work, and if not, why. */
export interface Readiness {
  readonly ok: boolean;
  readonly reasons: readonly string[];
}

/** What is served and where. */
export interface ObservabilityServerOptions {
  /** Loopback unless given: the numbers name apps, and nobody is asked who they are. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Prometheus text. */
  readonly metrics: () => Promise<string>;
  readonly ready: () => Readiness;
  /** Aborting it stops the server. */
  readonly signal: AbortSignal;
}

/** A running server. */
export interface ObservabilityServer {
  readonly url: string;
  /** Resolves when the server has stopped. */
  readonly stopped: Promise<void>;
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const plain = "text/plain; charset=utf-8";
const prometheus = "text/plain; version=0.0.4; charset=utf-8";

/** Serves `/metrics`, `/healthz` and `/readyz`. @throws when the address cannot be listened on. */
export async function startObservabilityServer(options: ObservabilityServerOptions): Promise<ObservabilityServer> {
  const { host = "127.0.0.1", port, signal } = options;
  const { address, stopped } = await startHttpService({
    what: "metrics and health",
    host,
    port,
    maxConnections: 64,
    answer: (request, response) => answer(options, request, response),
    signal,
  });
  return { url: urlOf(address), stopped };
}

async function answer(
  options: ObservabilityServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, type, body } = await pageFor(options, request);
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    ...(status === 405 ? { allow: "GET, HEAD" } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

async function pageFor(options: ObservabilityServerOptions, request: IncomingMessage): Promise<Page> {
  if (request.method !== "GET" && request.method !== "HEAD") return text(405, "only GET is served here");
  switch (request.url?.split("?", 1)[0]) {
    case "/metrics":
      return await metricsPage(options);
    case "/healthz":
      return text(200, "ok");
    case "/readyz":
      return readyPage(options.ready());
    default:
      return text(404, "not found; there are /metrics, /healthz and /readyz");
  }
}

async function metricsPage(options: ObservabilityServerOptions): Promise<Page> {
  try {
    return { status: 200, type: prometheus, body: await options.metrics() };
  } catch (error) {
    return text(500, `metrics could not be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readyPage({ ok, reasons }: Readiness): Page {
  return ok ? text(200, "ok") : text(503, ["not ready", ...reasons].join("\n"));
}

function text(status: number, body: string): Page {
  return { status, type: plain, body: `${body}\n` };
}

function urlOf({ address, port, family }: AddressInfo): string {
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
