import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What is served and where. */
export interface HttpServiceOptions {
  /** As it reads after "Cannot serve". */
  readonly what: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly maxConnections: number;
  readonly answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Aborting it stops the server. */
  readonly signal: AbortSignal;
}

/** A running server. */
export interface HttpService {
  readonly address: AddressInfo;
  /** Resolves when the server has stopped. */
  readonly stopped: Promise<void>;
}

/** Serves until the signal aborts. @throws when the address cannot be listened on */
export async function startHttpService(options: HttpServiceOptions): Promise<HttpService> {
  const { signal } = options;
  signal.throwIfAborted();
  const server = createServer((request, response) => {
    options.answer(request, response).catch(() => response.destroy());
  });
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  server.maxConnections = options.maxConnections;
  await listening(server, options);
  const stopped = new Promise<void>((resolve) => server.once("close", resolve));
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  return { address: server.address() as AddressInfo, stopped };
}

function listening(server: Server, { what, host, port }: HttpServiceOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (cause: Error) => {
      reject(new Error(`Cannot serve ${what} at ${host}:${port}: ${cause.message}`, { cause }));
    };
    server.once("error", refused);
    server.listen({ host, port }, () => {
      server.off("error", refused);
      resolve();
    });
  });
}
