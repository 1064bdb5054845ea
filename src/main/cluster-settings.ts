import { type ClusterSettings, ConnectionError, type Credential, type ExecPlugin } from "#adapters/kube/connection.ts";
import { parseForeignKubeconfig } from "#adapters/kube/kubeconfig.ts";
import type { CommandWay, DescribedCluster } from "#core/cluster/described-cluster.ts";
import { type AskedAccess, type ClusterAccess, clusterAddress } from "#core/cluster/cluster-access.ts";
import { assertNever } from "#core/result.ts";
import type { CloudClusters, ClusterProof } from "#engine/cloud-identity.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { identityOf } from "#engine/source-secrets.ts";

/** Who gives what proves to other clusters who asks. */
export interface ClusterProofs {
  /** The home cluster, where the service accounts are. */
  readonly client: Pick<ClusterClient, "get" | "accountToken">;
  readonly clouds: CloudClusters;
  /** Programs that may be run because a cluster's description names them. */
  readonly commands: readonly string[];
}

/** How another cluster is connected to. @throws ConnectionError when a kubeconfig cannot be used */
export function clusterSettings(access: ClusterAccess, proofs: ClusterProofs): ClusterSettings {
  if (access.kind === "kubeconfig") return parseForeignKubeconfig(access.text);
  if (access.kind === "described") return describedSettings(access, proofs);
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

function describedSettings(cluster: DescribedCluster, proofs: ClusterProofs): ClusterSettings {
  const { server, ca, serverName, insecure, certificate, proxy } = cluster;
  return {
    server,
    ...(ca !== "" && { ca }),
    ...(serverName !== "" && { serverName }),
    ...(insecure && { insecure }),
    ...(certificate && { clientCertificate: certificate }),
    ...(proxy !== "" && { proxy }),
    credential: credentialOf(cluster, proofs),
  };
}

function credentialOf({ proof, server, ca }: DescribedCluster, { clouds, commands }: ClusterProofs): Credential {
  switch (proof.kind) {
    case "none":
    case "token":
      return proof;
    case "password":
      return { ...proof, kind: "basic" };
    case "command":
      return { kind: "exec", plugin: allowed(proof, commands) };
    case "cloud": {
      const place = { server, ...(ca !== "" && { ca }) };
      return { kind: "asked", ask: async (signal) => ({ ...(await clouds.clusterToken(proof, signal)), ...place }) };
    }
    default:
      return assertNever(proof);
  }
}

/** Whoever describes a cluster would run programs as the controller, so the operator says which. */
function allowed({ kind: _, ...plugin }: CommandWay, commands: readonly string[]): ExecPlugin {
  if (commands.includes(plugin.command)) return { ...plugin, cluster: undefined };
  const shown = JSON.stringify(plugin.command.slice(0, 200));
  throw new ConnectionError(
    `Cannot use it: its credentials come from the program ${shown}, which this controller may not run; ` +
      `its operator may allow that with --cluster-command ${shown}`,
  );
}
