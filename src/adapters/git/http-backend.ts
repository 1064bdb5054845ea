import { spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";

/** Which repositories are served, and what clients may do. */
export interface HttpBackendOptions {
  /** Holds bare repositories; `name.git` is served at `/name.git`. */
  readonly directory: string;
  readonly allowPush: boolean;
  /** Answers like servers that know no partial clones. */
  readonly refuseFilters?: boolean;
  /** Answers like servers from before protocol version 2, which give out only what branches and tags point at. */
  readonly oldProtocol?: boolean;
}

const maxHeaderBytes = 16_384;

/** Serves Git over http by the machine's own `git http-backend`; for demonstrations and tests, on loopback. */
export function gitHttpBackend(
  options: HttpBackendOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const child = spawn("git", ["http-backend"], {
      env: backendEnvironment(options, request, url),
      stdio: ["pipe", "pipe", "ignore"],
    });
    let head: Buffer | undefined = Buffer.alloc(0);
    child.stdout.on("data", (chunk: Buffer) => {
      if (head === undefined) {
        if (!response.write(chunk)) pauseUntilDrained(child.stdout, response);
        return;
      }
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0 && head.length > maxHeaderBytes) child.kill();
      if (end < 0) return;
      writeHead(response, head.toString("latin1", 0, end));
      response.write(head.subarray(end + 4));
      head = undefined;
    });
    child.stdin.on("error", () => {});
    child.on("error", () => response.writeHead(500).end());
    child.on("close", () =>
      head === undefined ? response.end() : response.headersSent || response.writeHead(500).end(),
    );
    response.on("close", () => child.kill());
    request.pipe(child.stdin);
  };
}

function backendEnvironment(options: HttpBackendOptions, request: IncomingMessage, url: URL): NodeJS.ProcessEnv {
  const settings = {
    "http.receivepack": String(options.allowPush),
    "uploadpack.allowFilter": String(options.refuseFilters !== true),
    "uploadpack.allowAnySHA1InWant": String(options.oldProtocol !== true),
  };
  const env: NodeJS.ProcessEnv = {
    PATH: process.env["PATH"],
    HOME: options.directory,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_PROJECT_ROOT: options.directory,
    GIT_HTTP_EXPORT_ALL: "1",
    REQUEST_METHOD: request.method,
    PATH_INFO: decodeURIComponent(url.pathname),
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: request.headers["content-type"] ?? "",
    HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
    REMOTE_ADDR: request.socket.remoteAddress ?? "",
    GIT_CONFIG_COUNT: String(Object.keys(settings).length),
  };
  Object.entries(settings).forEach(([key, value], at) => {
    env[`GIT_CONFIG_KEY_${at}`] = key;
    env[`GIT_CONFIG_VALUE_${at}`] = value;
  });
  const length = request.headers["content-length"];
  if (length !== undefined) env["CONTENT_LENGTH"] = length;
  const protocol = request.headers["git-protocol"];
  if (typeof protocol === "string" && options.oldProtocol !== true) env["GIT_PROTOCOL"] = protocol;
  return env;
}

function writeHead(response: ServerResponse, head: string): void {
  let status = 200;
  for (const line of head.split("\r\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    if (name.toLowerCase() === "status") status = Number.parseInt(value, 10);
    else if (colon > 0) response.setHeader(name, value);
  }
  response.writeHead(status);
}

function pauseUntilDrained(source: NodeJS.ReadableStream, response: ServerResponse): void {
  source.pause();
  response.once("drain", () => source.resume());
}
