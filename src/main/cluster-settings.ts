import type { ClusterSettings } from "#adapters/kube/connection.ts";
import { parseForeignKubeconfig } from "#adapters/kube/kubeconfig.ts";
import { type AskedAccess, type ClusterAccess, clusterAddress } from "#core/cluster/cluster-access.ts";
import type { CloudClusters, ClusterProof } from "#engine/cloud-identity.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { identityOf } from "#engine/source-secrets.ts";

/** Who gives what proves to other clusters who asks. */
export interface ClusterProofs {
  /** The home cluster, where the service accounts are. */
  readonly client: Pick<ClusterClient, "get" | "accountToken">;
  readonly clouds: CloudClusters;
}

/** How another cluster is connected to. @throws ConnectionError when a kubeconfig cannot be used */
export function clusterSettings(access: ClusterAccess, proofs: ClusterProofs): ClusterSettings {
  if (access.kind === "kubeconfig") return parseForeignKubeconfig(access.text);
  const ask = (signal: AbortSignal) => asked(access, proofs, signal);
  return { server: access.address || access.name, credential: { kind: "asked", ask } };
}

async function asked(
  access: AskedAccess,
  { client, clouds }: ClusterProofs,
  signal: AbortSignal,
): Promise<ClusterProof> {
  const { cloud, account, address, ca, audiences } = access;
  if (cloud !== null) {
    const identity = account && identityOf(client, account);
    return await clouds.clusterProof({ ...access, cloud, identity }, signal);
  }
  const { token, expiresAt } = await client.accountToken(account, audiences.length > 0 ? audiences : [address], {
    signal,
  });
  return { token, expiresAt, server: clusterAddress(address) ?? address, ...(ca !== "" && { ca }) };
}
