import { randomInt } from "node:crypto";
import { createServer } from "node:net";

// Below the ranges from which Linux and macOS take ports for outgoing connections, which could
// otherwise grab the port between this probe and the server's start.
const lowestPort = 20_000;
const highestPort = 29_999;
const attempts = 50;

/** Finds a loopback port that nothing listens on at this moment. */
export async function freePort(signal: AbortSignal): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    signal.throwIfAborted();
    const port = randomInt(lowestPort, highestPort + 1);
    if (await isFree(port)) return port;
  }
  throw new Error(`Cannot find a free port: ${attempts} random ones from ${lowestPort} to ${highestPort} are in use`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ host: "127.0.0.1", port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
