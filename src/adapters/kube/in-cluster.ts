import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConnectionError } from "./connection.ts";
import type { ClusterSettings } from "./connection.ts";

const MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Connection settings of a pod's own service account; the token is read again as it rotates.
 * @throws ConnectionError outside a cluster.
 */
export async function inClusterConfig(options: { directory?: string; signal: AbortSignal }): Promise<ClusterSettings> {
  const directory = options.directory ?? MOUNT;
  const host = process.env["KUBERNETES_SERVICE_HOST"];
  const port = process.env["KUBERNETES_SERVICE_PORT"];
  if (!host || !port) throw new ConnectionError("Cannot use the service account: this does not run inside a cluster");
  const read = (name: string) => readFile(join(directory, name), { encoding: "utf8", signal: options.signal });
  try {
    return {
      server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
      ca: await read("ca.crt"),
      namespace: (await read("namespace")).trim(),
      credential: { kind: "token-file", path: join(directory, "token") },
    };
  } catch (cause) {
    options.signal.throwIfAborted();
    throw new ConnectionError(`Cannot use the service account: its files in ${directory} are unreadable`, { cause });
  }
}
