import { homedir } from "node:os";
import { join } from "node:path";

/** Name of the control plane that is meant when none is named. */
export const defaultClusterName = "default";

/** Folder that holds one folder for each control plane of this person. */
export function clustersDirectory(): string {
  const state = process.env["XDG_STATE_HOME"] || join(homedir(), ".local", "state");
  return join(state, "holdfast", "clusters");
}

/**
 * State folder of the control plane `name`.
 * @throws Error when the name could lead out of the folder.
 */
export function clusterDirectory(name: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name)) return join(clustersDirectory(), name);
  throw new Error(`Cannot name a cluster "${name}": use up to 40 lower-case letters, digits and inner hyphens`);
}
