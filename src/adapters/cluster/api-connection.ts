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

/** Waits until the API server has written its certificate and says it is ready; `check` throws when it never will be. */
export async function connectWhenReady(
  input: ApiConnectionInput,
  check: () => Promise<void>,
  signal: AbortSignal,
): Promise<ApiConnection> {
  const caPem = await pollUntil(() => certificate(input.certificatePath), { check, signal });
  const connection = connect(input, caPem);
  try {
    await pollUntil(async () => ((await isReady(connection, signal)) ? true : undefined), { check, signal });
  } catch (error) {
    await connection.close();
    throw error;
  }
  return connection;
}

/** Calls `probe` until it gives a value. */
export async function pollUntil<T>(
  probe: () => Promise<T | undefined>,
  options: { check: () => Promise<void>; signal: AbortSignal },
): Promise<T> {
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    await options.check();
    await sleep(pollMs, options.signal);
  }
}

function connect(input: ApiConnectionInput, caPem: string): ApiConnection {
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

async function certificate(path: string): Promise<string | undefined> {
  // Written after the certificate: without it, half a certificate may have been read.
  if (!existsSync(path.replace(/crt$/, "key"))) return undefined;
  return await readFile(path, "utf8");
}

async function isReady(connection: ApiConnection, signal: AbortSignal): Promise<boolean> {
  try {
    return (await connection.send("GET", "/readyz", { signal })).status === 200;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
