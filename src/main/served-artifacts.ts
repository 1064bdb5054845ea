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

/** What sources have, kept as files. */
export function artifactFiles(dataDir: string, { host, port, advertised }: ArtifactAddress): ArtifactFiles {
  const baseUrl = urlOf(advertised ?? `${nameOf(host)}:${port}`);
  return new ArtifactFiles({ directory: join(dataDir, "artifacts"), baseUrl });
}

/** Serves these files until the signal aborts. @throws when the address cannot be listened on */
export async function serveArtifacts(
  files: ArtifactFiles,
  { artifacts, log }: { readonly artifacts?: ArtifactAddress; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  if (!artifacts) return;
  const { host, port } = artifacts;
  await startArtifactServer({ host, port, find: (path) => files.find(path), signal });
  log.info({ host, port }, "artifacts are served");
}

function urlOf(advertised: string): string {
  return (/^https?:\/\//.test(advertised) ? advertised : `http://${advertised}`).replace(/\/+$/, "");
}

function nameOf(host: string): string {
  if (host === "0.0.0.0" || host === "::") return hostname();
  return host.includes(":") ? `[${host}]` : host;
}
