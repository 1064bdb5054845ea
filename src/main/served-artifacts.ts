import { hostname } from "node:os";
import { join } from "node:path";
import { ArtifactFiles } from "#adapters/artifact/artifact-files.ts";
import type { Log } from "#engine/ports.ts";
import { startArtifactServer } from "#server/artifact-server.ts";

/** Where artifacts are served. */
export interface ArtifactAddress {
  readonly host: string;
  readonly port: number;
  /** What others find it by: a host, perhaps with a port, or the beginning of a URL; null: this machine's name. */
  readonly advertised: string | null;
}

/** What sources have, kept as files and served until the signal aborts: by the leader, who makes them. */
export async function servedArtifacts(
  { dataDir, log }: { readonly dataDir: string; readonly log: Log },
  address: ArtifactAddress,
  signal: AbortSignal,
): Promise<ArtifactFiles> {
  const { host, port } = address;
  const baseUrl = urlOf(address.advertised ?? `${nameOf(host)}:${port}`);
  const files = new ArtifactFiles({ directory: join(dataDir, "artifacts"), baseUrl });
  await startArtifactServer({ host, port, find: (path) => files.find(path), signal });
  log.info({ host, port, baseUrl }, "artifacts are served");
  return files;
}

function urlOf(advertised: string): string {
  return (/^https?:\/\//.test(advertised) ? advertised : `http://${advertised}`).replace(/\/+$/, "");
}

function nameOf(host: string): string {
  if (host === "0.0.0.0" || host === "::") return hostname();
  return host.includes(":") ? `[${host}]` : host;
}
