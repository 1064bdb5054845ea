import { clusterAddress } from "#core/cluster/cluster-access.ts";
import { assertNever } from "#core/result.ts";
import type { CloudIdentity, ClusterCaller, ClusterProof, ExpiringToken } from "#engine/cloud-identity.ts";
import { aksCluster, aksScope } from "./aks-cluster.ts";
import type { CloudCluster } from "./cloud-cluster.ts";
import { CloudError } from "./cloud-error.ts";
import { eksArn, eksCluster, eksToken } from "./eks-cluster.ts";
import { gkeCluster } from "./gke-cluster.ts";

/** What getting proofs takes. */
export interface ClusterProofParts {
  readonly tokens: Pick<CloudIdentity, "awsCredentials" | "azureToken" | "gcpToken">;
  readonly now: () => number;
}

/** A token of a cluster, and how to find out where the cluster is. */
interface Way {
  readonly token: ExpiringToken;
  readonly look: () => Promise<CloudCluster>;
}

/** What a cluster of a cloud takes for a while, and where it is. @throws SourceError */
export async function clusterProof(
  parts: ClusterProofParts,
  asked: ClusterCaller,
  signal: AbortSignal,
): Promise<ClusterProof> {
  const { token, look } = await wayOf(parts, asked, signal);
  const given = { address: clusterAddress(asked.address), ca: asked.ca };
  // What is the controller's goes nowhere but where the cloud says that the cluster is.
  if (given.address !== undefined && given.ca !== "" && asked.identity !== null) {
    return { ...token, server: given.address, ca: given.ca };
  }
  const told = await look();
  const own = clusterAddress(told.address);
  const what = `the cluster ${JSON.stringify(asked.name.slice(0, 300))}`;
  if (own === undefined) throw new CloudError(`Cannot use ${what}: its cloud tells no address of it`);
  if (asked.identity === null && given.address !== undefined && given.address !== own) {
    const way = "name a serviceAccountName to use another one";
    throw new CloudError(`Cannot use ${what}: ${given.address} is not its address ${own}; ${way}`);
  }
  return { ...token, server: given.address ?? own, ca: given.ca || told.ca };
}

async function wayOf({ tokens, now }: ClusterProofParts, asked: ClusterCaller, signal: AbortSignal): Promise<Way> {
  const { cloud } = asked;
  switch (cloud) {
    case "aws": {
      const at = eksArn(asked.name);
      const credentials = await tokens.awsCredentials({ ...asked, region: at.region }, signal);
      const signing = { credentials, at: new Date(now()) };
      const look = async () => await eksCluster(at, { ...signing, proxy: asked.proxy }, signal);
      return { token: eksToken(at, signing), look };
    }
    case "azure": {
      const token = await tokens.azureToken({ ...asked, scope: aksScope }, signal);
      return { token, look: async () => await aksCluster(asked, tokens, signal) };
    }
    case "gcp": {
      const token = await tokens.gcpToken(asked, signal);
      return { token, look: async () => await gkeCluster(asked, token.token, signal) };
    }
    default:
      return assertNever(cloud);
  }
}
