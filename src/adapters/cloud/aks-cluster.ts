import { load } from "js-yaml";
import { clusterAddress } from "#core/cluster/cluster-access.ts";
import type { CloudIdentity, ClusterCaller } from "#engine/cloud-identity.ts";
import { askJson } from "./ask-json.ts";
import { CloudError } from "./cloud-error.ts";
import type { CloudCluster } from "./cloud-cluster.ts";

interface Kubeconfig {
  readonly clusters?: readonly {
    readonly cluster?: { readonly server?: string; readonly "certificate-authority-data"?: string };
  }[];
  readonly users?: readonly { readonly user?: Readonly<Record<string, unknown>> }[];
}

/** What tokens for clusters of Azure's are asked for. */
export const aksScope = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";

const pattern =
  /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[^/?#]{1,200}\/providers\/Microsoft\.ContainerService\/managedClusters\/[^/?#]{1,200}$/i;

/** What Azure says of a cluster: of its addresses the given one, or the first. @throws SourceError */
export async function aksCluster(
  asked: ClusterCaller,
  tokens: Pick<CloudIdentity, "azureToken">,
  signal: AbortSignal,
): Promise<CloudCluster> {
  const { name, proxy } = asked;
  const shown = JSON.stringify(name.slice(0, 300));
  if (!pattern.test(name)) {
    const wanted =
      "/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ContainerService/managedClusters/<name>";
    throw new CloudError(`Cannot use ${shown} as a cluster of Azure: it is not like ${wanted}`);
  }
  const manager = managerOf(process.env["AZURE_AUTHORITY_HOST"] ?? "");
  const { token } = await tokens.azureToken({ ...asked, scope: `${manager}/.default` }, signal);
  const action = `look up the cluster ${shown} of Azure`;
  const url = new URL(`${manager}${name}/listClusterUserCredential?api-version=2025-01-01`);
  const headers = { authorization: `Bearer ${token}` };
  const call = { action, method: "POST", url, headers, proxy, secrets: [token] } as const;
  const { kubeconfigs = [] } = (await askJson(call, signal)) as {
    readonly kubeconfigs?: readonly { readonly value?: string }[];
  };
  const known = kubeconfigs.map(({ value = "" }) => read(value, action));
  const wanted = clusterAddress(asked.address);
  const fitting = known.find(({ address }) => wanted === undefined || clusterAddress(address) === wanted) ?? known[0];
  if (fitting !== undefined) return fitting;
  throw new CloudError(`Cannot ${action}: it has no kubeconfig`);
}

function managerOf(authority: string): string {
  if (authority.includes("chinacloudapi.cn")) return "https://management.chinacloudapi.cn";
  return authority.includes("microsoftonline.us")
    ? "https://management.usgovcloudapi.net"
    : "https://management.azure.com";
}

function read(value: string, action: string): CloudCluster {
  const { clusters, users } = parsed(Buffer.from(value, "base64").toString("utf8"), action);
  if (users?.some(({ user }) => user?.["client-certificate-data"] !== undefined)) {
    const state = "it does not know Entra ID, which its own settings must turn on";
    throw new CloudError(`Cannot ${action}: ${state}`);
  }
  const { server = "", "certificate-authority-data": data = "" } = clusters?.[0]?.cluster ?? {};
  return { address: server, ca: Buffer.from(data, "base64").toString("utf8") };
}

function parsed(text: string, action: string): Kubeconfig {
  let value: unknown;
  try {
    value = load(text);
  } catch {
    // The parser's words quote the text.
  }
  if (typeof value === "object" && value !== null) return value;
  throw new CloudError(`Cannot ${action}: its kubeconfig cannot be read`);
}
