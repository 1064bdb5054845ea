import type { CloudIdentity, RegistryCaller, RegistryPassword } from "#engine/cloud-identity.ts";
import { acrScope, askAcr } from "./acr-password.ts";
import { callerKey } from "./caller-key.ts";
import { CloudError } from "./cloud-error.ts";
import { askEcr, type EcrRegistry, ecrRegistry } from "./ecr-password.ts";
import type { KeptTokens } from "./kept-tokens.ts";

interface Parts {
  readonly tokens: Pick<CloudIdentity, "awsCredentials" | "azureToken" | "gcpToken">;
  readonly kept: KeptTokens;
  readonly now: () => number;
}

/** How a registry of a cloud is logged in to. */
export type RegistryKind =
  | { readonly cloud: "aws"; readonly registry: EcrRegistry }
  | { readonly cloud: "azure"; readonly scope: string }
  | { readonly cloud: "gcp" };

const googleHosts = /^((.+\.)?gcr\.io|.+-docker\.pkg\.dev)$/;
const ownHosts = {
  aws: "AWS, which are public.ecr.aws and <account>.dkr.ecr.<region>.amazonaws.com",
  azure: "Azure, which end in azurecr.io, .cn, .de or .us",
  gcp: "Google Cloud, which end in gcr.io or -docker.pkg.dev",
};

/** What a registry is, by its host. @throws CloudError for one that is none of the cloud's */
export function registryKind({ cloud, registry: host }: Pick<RegistryCaller, "cloud" | "registry">): RegistryKind {
  const kind = kindOf(cloud, host);
  if (kind !== undefined) return kind;
  const named = JSON.stringify(host.slice(0, 200));
  throw new CloudError(`Cannot log in to the registry: ${named} is none of the registries of ${ownHosts[cloud]}`);
}

function kindOf(cloud: RegistryCaller["cloud"], host: string): RegistryKind | undefined {
  if (cloud === "gcp") return googleHosts.test(host) ? { cloud } : undefined;
  if (cloud === "aws") {
    const registry = ecrRegistry(host);
    return registry && { cloud, registry };
  }
  const scope = acrScope(host);
  return scope === undefined ? undefined : { cloud, scope };
}

/** A password for a registry of a cloud. @throws SourceError, also for a registry that is none of the cloud's */
export async function registryPassword(
  { tokens, kept, now }: Parts,
  asked: RegistryCaller,
  signal: AbortSignal,
): Promise<RegistryPassword> {
  const kind = registryKind(asked);
  if (kind.cloud === "gcp") {
    const { token, expiresAt } = await tokens.gcpToken(asked, signal);
    return { username: "oauth2accesstoken", password: token, expiresAt };
  }
  if (kind.cloud === "aws") {
    const { registry } = kind;
    const credentials = await tokens.awsCredentials({ ...asked, region: registry.region }, signal);
    const key = callerKey(registry.service, asked, [registry.region, credentials.accessKeyId]);
    const ask = (scope: AbortSignal) => askEcr(asked, { registry, credentials, at: new Date(now()) }, scope);
    return await kept.get(key, ask, signal);
  }
  const host = asked.registry;
  const { token } = await tokens.azureToken({ ...asked, scope: kind.scope }, signal);
  return await kept.get(
    callerKey("acr", asked, [host, token]),
    (scope) => askAcr(asked, { host, token }, scope),
    signal,
  );
}
