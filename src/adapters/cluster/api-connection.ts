import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Agent, request } from "undici";
import { sleep } from "#async/with-deadline.ts";

/** A minimal connection to the API server as its administrator, for starting the control plane only. */
export interface ApiConnection {
  readonly caPem: string;
  /** Sends one request and returns its status and text. */
  send(method: "GET" | "POST", path: string, options: ApiRequest): Promise<{ status: number; text: string }>;
  close(): Promise<void>;
}

/** Body and deadline of one request. */
export interface ApiRequest {
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** Where the API server is and how to be its administrator. */
export interface ApiConnectionInput {
  readonly server: string;
  readonly token: string;
  /** The certificate that the API server signs for itself when it starts first. */
  readonly certificatePath: string;
}

const pollMs = 25;

/** How long to go on: `check` throws when waiting is in vain. */
export interface Wait {
  readonly check: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** Connects as soon as the API server has written the certificate that the connection trusts. */
export async function connectApi(input: ApiConnectionInput, wait: Wait): Promise<ApiConnection> {
  const caPem = await pollUntil(() => certificate(input.certificatePath), wait);
  const dispatcher = new Agent({ connect: { ca: caPem } });
  return {
    caPem,
    send: async (method, path, { body, signal }) => {
      const response = await request(`${input.server}${path}`, {
        method,
        dispatcher,
        signal,
        headers: { authorization: `Bearer ${input.token}`, "content-type": "application/json" },
        body: body === undefined ? null : JSON.stringify(body),
      });
      return { status: response.statusCode, text: await response.body.text() };
    },
    close: () => dispatcher.destroy(),
  };
}

/** Waits until the API server says that it is ready. */
export async function waitUntilReady(connection: ApiConnection, wait: Wait): Promise<void> {
  await pollUntil(async () => (await isServed(connection, "/readyz", wait.signal)) || undefined, wait);
}

/** Whether the API server answers a read of `path` with success; false also while it cannot be reached. */
export async function isServed(connection: ApiConnection, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await connection.send("GET", path, { signal })).status === 200;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** Calls `probe` until it gives a value. */
export async function pollUntil<T>(probe: () => Promise<T | undefined>, wait: Wait): Promise<T> {
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    await wait.check();
    await sleep(pollMs, wait.signal);
  }
}

async function certificate(path: string): Promise<string | undefined> {
  // Written after the certificate: without it, half a certificate may have been read.
  if (!existsSync(path.replace(/crt$/, "key"))) return undefined;
  return await readFile(path, "utf8");
}
