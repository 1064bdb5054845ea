import type { Resource } from "#core/resource/resource.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { SecretRole } from "#core/source/remote.ts";
import type { ObjectName, Source } from "#core/source/source.ts";
import type { ClusterClient, SourceSecrets } from "./ports.ts";

/** The Secrets that a source names. @throws SourceError `auth` when one does not exist */
export async function secretsOf(
  client: Pick<ClusterClient, "get">,
  { secrets: named }: Pick<Source, "secrets">,
  signal: AbortSignal,
): Promise<SourceSecrets> {
  const secrets: Partial<Record<SecretRole, Resource>> = {};
  for (const [role, { namespace, name }] of Object.entries(named) as [SecretRole, ObjectName][]) {
    const secret = await readSecret(client, { namespace, name }, signal);
    if (!secret) throw new SourceError("auth", `Cannot read credentials: Secret ${namespace}/${name} does not exist`);
    secrets[role] = secret;
  }
  return secrets;
}

/** A Secret as it is now; null when there is none. */
export async function readSecret(
  client: Pick<ClusterClient, "get">,
  { namespace, name }: ObjectName,
  signal: AbortSignal,
): Promise<Resource | null> {
  return await client.get({ apiVersion: "v1", kind: "Secret", namespace, name }, { signal });
}
