import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { AddressInfo } from "node:net";

/** An answer of a service: a body of JSON, or all of it. */
export type Recorded =
  | { readonly body: unknown; readonly status?: number; readonly headers?: Readonly<Record<string, string>> }
  | ((url: string) => { readonly body: unknown; readonly headers?: Readonly<Record<string, string>> });

/** A service on this machine that answers what was recorded. */
export interface ProviderServer {
  readonly url: string;
  /** `PATH?QUERY` and the headers of every request, oldest first. */
  readonly requests: readonly {
    readonly path: string;
    readonly headers: IncomingMessage["headers"];
    readonly status: number;
    readonly sent: string;
  }[];
  /** Answers by path with query, or by path alone. */
  readonly answers: Map<string, Recorded>;
  stop(): Promise<void>;
}

/** Starts a service; every answer has an ETag of its content. */
export async function startProviderServer(): Promise<ProviderServer> {
  const answers = new Map<string, Recorded>();
  const requests: { path: string; headers: IncomingMessage["headers"]; status: number; sent: string }[] = [];
  const server: Server = createServer((request, response) => {
    text(request).then(
      (sent) => answer(request, response, sent),
      () => response.destroy(),
    );
  });
  const answer = (request: IncomingMessage, response: ServerResponse, sent: string): void => {
    const path = request.url ?? "";
    const found = answers.get(path) ?? answers.get(path.split("?")[0] ?? "");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const made = typeof found === "function" ? found(url) : found;
    const { status = 200 } = (typeof found === "object" ? found : {}) as { status?: number };
    const body = JSON.stringify(made?.body ?? {});
    const etag = `"${Buffer.from(body).toString("base64url").slice(-40)}"`;
    const isSame = request.headers["if-none-match"] === etag;
    const code = made === undefined ? 404 : isSame ? 304 : status;
    requests.push({ path, headers: request.headers, status: code, sent });
    response.writeHead(code, { "content-type": "application/json", etag, ...made?.headers });
    response.end(isSame ? undefined : body);
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answers,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
