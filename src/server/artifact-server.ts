import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { startHttpService } from "./http-service.ts";

/** A file that is sent. */
export interface SentFile {
  readonly size: number;
  /** `sha256:` of its bytes. */
  readonly digest: string;
  open(): Readable;
}

/** What is served and where. */
export interface ArtifactServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The file at a path without a leading slash; null: there is none. */
  readonly find: (path: string) => Promise<SentFile | null>;
  /** Aborting it stops the server. */
  readonly signal: AbortSignal;
}

/** A running server. */
export interface ArtifactServer {
  readonly port: number;
  /** Resolves when the server has stopped. */
  readonly stopped: Promise<void>;
}

const maxConnections = 256;
// For a file of half a gigabyte over a slow line.
const longestAnswerMs = 10 * 60_000;

/**
 * Serves files by their exact path to whoever asks: nothing is listed, nothing else is found.
 * @throws when the address cannot be listened on
 */
export async function startArtifactServer(options: ArtifactServerOptions): Promise<ArtifactServer> {
  const { host, port, signal } = options;
  const { address, stopped } = await startHttpService({
    what: "artifacts",
    host,
    port,
    maxConnections,
    answer: (request, response) => answer(options, request, response),
    signal,
  });
  return { port: address.port, stopped };
}

async function answer(
  { find }: ArtifactServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return refuse(response, 405, "only GET is served here");
  }
  const path = pathOf(request.url ?? "");
  const file = path === null ? null : await find(path);
  if (path === null || file === null) return refuse(response, 404, "not found");
  const etag = `"${file.digest}"`;
  const headers = { etag, "cache-control": "no-cache", "x-content-type-options": "nosniff" };
  if (request.headers["if-none-match"] === etag) return void response.writeHead(304, headers).end();
  response.writeHead(200, { ...headers, "content-type": typeOf(path), "content-length": file.size });
  if (request.method === "HEAD") return void response.end();
  response.setTimeout(longestAnswerMs, () => response.destroy());
  await pipeline(file.open(), response);
}

function refuse(response: ServerResponse, status: 404 | 405, why: string): void {
  const allow = status === 405 ? { allow: "GET, HEAD" } : {};
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...allow }).end(`${why}\n`);
}

/** The path that was asked for; null for what cannot be one. */
function pathOf(url: string): string | null {
  try {
    const [path = ""] = url.split("?", 1);
    return decodeURIComponent(path).replace(/^\//, "");
  } catch {
    return null;
  }
}

function typeOf(path: string): string {
  return /\.(tgz|tar\.gz)$/.test(path) ? "application/gzip" : "application/yaml";
}
