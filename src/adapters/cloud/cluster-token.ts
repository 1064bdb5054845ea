import type { CloudWay } from "#core/cluster/described-cluster.ts";
import { assertNever } from "#core/result.ts";
import type { CloudIdentity, ExpiringToken } from "#engine/cloud-identity.ts";
import { aksScope } from "./aks-cluster.ts";
import { CloudError } from "./cloud-error.ts";
import { eksToken } from "./eks-cluster.ts";
import type { KeptTokens } from "./kept-tokens.ts";
import { roleCredentials } from "./role-credentials.ts";

/** What getting tokens takes. */
export interface ClusterTokenParts {
  readonly tokens: Pick<CloudIdentity, "awsCredentials" | "azureToken" | "gcpToken">;
  readonly kept: KeptTokens;
  readonly now: () => number;
}

/** A token for a cluster whose address and authorities are known, as whom its cloud knows the controller. @throws SourceError */
export async function clusterToken(
  parts: ClusterTokenParts,
  asked: CloudWay,
  signal: AbortSignal,
): Promise<ExpiringToken> {
  const { tokens } = parts;
  switch (asked.cloud) {
    case "aws":
      return await awsToken(parts, asked, signal);
    case "azure":
      return await tokens.azureToken({ identity: null, scope: asked.scope || aksScope }, signal);
    case "gcp":
      return await tokens.gcpToken({ identity: null }, signal);
    default:
      return assertNever(asked.cloud);
  }
}

async function awsToken(parts: ClusterTokenParts, asked: CloudWay, signal: AbortSignal): Promise<ExpiringToken> {
  const { name, role } = asked;
  const region = asked.region || (process.env["AWS_REGION"] ?? "");
  if (!/^[\w-]{1,200}$/.test(name)) throw new CloudError("Cannot get a token of AWS: the cluster has no name there");
  if (!/^[a-z0-9-]{1,100}$/.test(region)) {
    throw new CloudError(`Cannot get a token of AWS for the cluster ${name}: nobody says its region; set AWS_REGION`);
  }
  const credentials = await roleCredentials(parts, { region, role }, signal);
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return eksToken({ region, name, domain }, { credentials, at: new Date(parts.now()) });
}
