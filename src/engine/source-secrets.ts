import type { Resource } from "#core/resource/resource.ts";
import { annotationsOf } from "#core/resource/resource.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { SecretRole } from "#core/source/remote.ts";
import type { ObjectName, Source } from "#core/source/source.ts";
import type { ServiceAccountIdentity } from "./cloud-identity.ts";
import type { ClusterClient, SourceSecrets } from "./ports.ts";

type Client = Pick<ClusterClient, "get" | "accountToken">;

/** The Secrets that a source names, and whom else it is read as. @throws SourceError `auth` when one does not exist */
export async function secretsOf(
  client: Client,
  { secrets: named, held, account, remote }: Pick<Source, "secrets" | "held" | "account" | "remote">,
  signal: AbortSignal,
): Promise<SourceSecrets> {
  const secrets: Partial<Record<SecretRole, Resource>> = {};
  for (const [role, name] of Object.entries(named) as [SecretRole, ObjectName][]) {
    secrets[role] = await existingSecret(client, name, signal);
  }
  Object.assign(secrets, held?.open());
  if (account === undefined) return secrets;
  const pullSecrets = remote.kind === "oci" ? await pullSecretsOf(client, account, signal) : [];
  return { ...secrets, identity: identityOf(client, account), pullSecrets };
}

/** A service account as clouds are asked as it. */
export function identityOf(client: Client, account: ObjectName): ServiceAccountIdentity {
  return {
    ...account,
    annotations: async (signal) => annotationsOf(await existingAccount(client, account, signal)),
    token: (audiences, signal) => client.accountToken(account, audiences, { signal }),
  };
}

async function pullSecretsOf(client: Client, account: ObjectName, signal: AbortSignal): Promise<readonly Resource[]> {
  const { namespace } = account;
  const { imagePullSecrets = [] } = (await existingAccount(client, account, signal)) as {
    readonly imagePullSecrets?: readonly { readonly name?: string }[];
  };
  const secrets: Resource[] = [];
  for (const { name = "" } of imagePullSecrets) secrets.push(await existingSecret(client, { namespace, name }, signal));
  return secrets;
}

async function existingAccount(
  client: Client,
  { namespace, name }: ObjectName,
  signal: AbortSignal,
): Promise<Resource> {
  const account = await client.get({ apiVersion: "v1", kind: "ServiceAccount", namespace, name }, { signal });
  if (account) return account;
  throw new SourceError("auth", `Cannot read credentials: ServiceAccount ${namespace}/${name} does not exist`);
}

async function existingSecret(client: Client, { namespace, name }: ObjectName, signal: AbortSignal): Promise<Resource> {
  const secret = await readSecret(client, { namespace, name }, signal);
  if (secret) return secret;
  throw new SourceError("auth", `Cannot read credentials: Secret ${namespace}/${name} does not exist`);
}

/** A Secret as it is now; null when there is none. */
export async function readSecret(
  client: Pick<ClusterClient, "get">,
  { namespace, name }: ObjectName,
  signal: AbortSignal,
): Promise<Resource | null> {
  return await client.get({ apiVersion: "v1", kind: "Secret", namespace, name }, { signal });
}
