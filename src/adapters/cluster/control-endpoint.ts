import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { request } from "undici";
import { withDeadline } from "#async/with-deadline.ts";

/** Where the owner of a control plane listens, and the secret without which it does not answer. */
export interface ControlAddress {
  readonly controlPort: number;
  readonly controlToken: string;
}

/** The owner's side of the conversation. */
export interface ControlEndpoint {
  readonly address: ControlAddress;
  close(): void;
}

const requestLimitMs = { status: 2_000, stop: 15_000 } as const;

/**
 * Lets other processes of this person ask whether the owner lives and tell it to stop.
 * Unlike a process id, an answer cannot come from a stranger who was given the same number.
 */
export async function openControlEndpoint(stop: () => Promise<void>): Promise<ControlEndpoint> {
  const controlToken = randomBytes(32).toString("base64url");
  const server = createServer((incoming, response) => {
    const answer = (status: number) => response.writeHead(status, { connection: "close" }).end();
    if (!isEqual(incoming.headers.authorization, `Bearer ${controlToken}`)) answer(401);
    else if (incoming.url !== "/stop") answer(200);
    else
      stop()
        .then(() => answer(200))
        .catch(() => answer(500));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, resolve);
  });
  server.unref();
  const { port } = server.address() as AddressInfo;
  return { address: { controlPort: port, controlToken }, close: () => server.close() };
}

/** Asks the owner whether it lives, or to stop and answer when everything is gone; false when nobody answers. */
export async function askOwner(
  address: ControlAddress,
  question: "status" | "stop",
  signal: AbortSignal,
): Promise<boolean> {
  const ask = async (inside: AbortSignal) => {
    const response = await request(`http://127.0.0.1:${address.controlPort}/${question}`, {
      method: "POST",
      headers: { authorization: `Bearer ${address.controlToken}` },
      signal: inside,
      // A connection of its own: one kept alive would outlast the answer.
      reset: true,
    });
    await response.body.dump();
    return response.statusCode === 200;
  };
  try {
    return await withDeadline(signal, requestLimitMs[question], ask);
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

function isEqual(given: string | undefined, expected: string): boolean {
  const [left, right] = [Buffer.from(given ?? ""), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}
