import { claimCluster } from "./cluster-claim.ts";
import { clusterDirectory, defaultClusterName } from "./cluster-directory.ts";
import type { ControlPlane, ControlPlaneOptions } from "./control-plane.ts";
import { launchControlPlane } from "./launch-control-plane.ts";

/**
 * Starts etcd, the API server, the controllers and, unless told otherwise, a node that runs pods.
 * Resolves when the API server is ready; the rest follows within about two seconds.
 * @throws ComponentError with the end of a program's log, GoProgramError when the programs are not built,
 * ClusterClaimError when the name is in use.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { name = defaultClusterName, dir, audit = false, users = [], withNodes = true, signal } = options;
  const launch = (at: string) => launchControlPlane({ name, dir: at, audit, users, withNodes }, signal);
  if (dir !== undefined) return await launch(dir);
  return await claimCluster(name, () => launch(clusterDirectory(name)), signal);
}
