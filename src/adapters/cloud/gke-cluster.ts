import type { ClusterCaller } from "#engine/cloud-identity.ts";
import { askJson } from "./ask-json.ts";
import { CloudError } from "./cloud-error.ts";
import type { CloudCluster } from "./cloud-cluster.ts";

const pattern = /^projects\/[^/?#]{1,200}\/locations\/[^/?#]{1,200}\/clusters\/[^/?#]{1,200}$/;

/** What Google Cloud says of a cluster. @throws SourceError */
export async function gkeCluster(
  { name, proxy }: ClusterCaller,
  token: string,
  signal: AbortSignal,
): Promise<CloudCluster> {
  const shown = JSON.stringify(name.slice(0, 300));
  if (!pattern.test(name)) {
    const wanted = "projects/<project>/locations/<location>/clusters/<name>";
    throw new CloudError(`Cannot use ${shown} as a cluster of Google Cloud: it is not like ${wanted}`);
  }
  const call = {
    action: `look up the cluster ${shown} of Google Cloud`,
    method: "GET",
    url: new URL(`https://container.googleapis.com/v1/${name}`),
    headers: { authorization: `Bearer ${token}` },
    proxy,
    secrets: [token],
  } as const;
  const { endpoint = "", masterAuth } = (await askJson(call, signal)) as {
    readonly endpoint?: string;
    readonly masterAuth?: { readonly clusterCaCertificate?: string };
  };
  return { address: endpoint, ca: Buffer.from(masterAuth?.clusterCaCertificate ?? "", "base64").toString("utf8") };
}
