import { usualSettings } from "#core/app/settings.ts";
import { connectCluster, type ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import type { ClusterSettings } from "#adapters/kube/connection.ts";
import { inClusterConfig } from "#adapters/kube/in-cluster.ts";
import { loadKubeconfig } from "#adapters/kube/kubeconfig.ts";
import type { ConnectionOptions } from "#cli/connection-options.ts";

/** Settings that every command uses for vendors' installations. Whether there are plugins is the controller's to say. */
export const vendorSettings = { ...usualSettings("argocd"), plugins: true };

/** Connection settings of the cluster that a person means: the named kubeconfig, the pod's own, or the usual file. */
export async function settingsFor(
  options: Pick<ConnectionOptions, "kubeconfig" | "context">,
  signal: AbortSignal,
): Promise<ClusterSettings> {
  const { kubeconfig, context } = options;
  const isInside = Boolean(process.env["KUBERNETES_SERVICE_HOST"]) && !process.env["KUBECONFIG"];
  if (kubeconfig === undefined && context === undefined && isInside) return inClusterConfig({ signal });
  return loadKubeconfig({
    ...(kubeconfig === undefined ? {} : { path: kubeconfig }),
    ...(context === undefined ? {} : { context }),
    signal,
  });
}

/** Does `work` with a client of the cluster that the options choose, and closes it. */
export async function withClient<T>(
  options: ConnectionOptions,
  work: (client: ConnectedCluster) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const client = connectCluster(await settingsFor(options, signal), { attempts: 2 });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
