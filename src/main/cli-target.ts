import { CloudTokens } from "#adapters/cloud/cloud-tokens.ts";
import { connectCluster } from "#adapters/kube/cluster-client.ts";
import type { ClusterAccess } from "#core/cluster/cluster-access.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import { referencedData } from "#engine/followed-objects.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { namedAccess } from "#engine/remote-clusters.ts";
import { type FoundApp, usableApp } from "./cli-app-record.ts";
import { clusterSettings } from "./cluster-settings.ts";

/**
 * Does `work` with the cluster that an app's objects are on: that of the app itself, or the one that its kubeconfig names.
 * @throws CliError when there is no such kubeconfig
 */
export async function withTarget<T>(
  { client, record }: FoundApp,
  work: (target: ClusterClient) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { kubeconfig } = usableApp(record).target;
  if (kubeconfig === null) return work(client);
  if (kubeconfig.kind === "held") return await connected(client, kubeconfig.open(), work);
  const { kind, namespace, name } = kubeconfig;
  const named = await client.get({ apiVersion: "v1", kind, namespace, name }, { signal });
  const access = named && namedAccess(kubeconfig, referencedData(named).text);
  if (!access?.ok) {
    const problem = access?.error ?? "does not exist";
    throw new CliError(`Cannot reach the cluster of ${record.key}: ${kind} ${namespace}/${name} ${problem}`, {
      exitCode: exitCode.unreachable,
    });
  }
  return await connected(client, access.value, work);
}

async function connected<T>(
  client: ClusterClient,
  access: ClusterAccess,
  work: (target: ClusterClient) => Promise<T>,
): Promise<T> {
  const clouds = new CloudTokens({ now: () => Date.now() });
  const target = connectCluster(clusterSettings(access, { client, clouds, commands: [] }), { attempts: 2 });
  try {
    return await work(target);
  } finally {
    clouds.close();
    await target.close();
  }
}
