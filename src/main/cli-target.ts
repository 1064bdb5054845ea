import { connectCluster } from "#adapters/kube/cluster-client.ts";
import { parseForeignKubeconfig } from "#adapters/kube/kubeconfig.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import { referencedData } from "#engine/followed-objects.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { type FoundApp, usableApp } from "./cli-app-record.ts";

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
  const { kind, namespace, name, keys } = kubeconfig;
  const secret = await client.get({ apiVersion: "v1", kind, namespace, name }, { signal });
  const text = secret && referencedData(secret).text;
  const key = text && keys.find((one) => text[one] !== undefined);
  const content = text && key ? text[key] : undefined;
  if (content === undefined) {
    const problem = secret ? `has no key ${keys.join(" or ")}` : "does not exist";
    throw new CliError(`Cannot reach the cluster of ${record.key}: ${kind} ${namespace}/${name} ${problem}`, {
      exitCode: exitCode.unreachable,
    });
  }
  const target = connectCluster(parseForeignKubeconfig(content), { attempts: 2 });
  try {
    return await work(target);
  } finally {
    await target.close();
  }
}
