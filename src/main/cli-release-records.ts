import { releaseSelector } from "#core/helm/release-record.ts";
import type { ReleasePolicy } from "#core/release/release-policy.ts";
import { labelsOf, type Resource } from "#core/resource/resource.ts";
import type { ClusterClient } from "#engine/ports.ts";

const secrets = { group: "", version: "v1", kind: "Secret", plural: "secrets", namespaced: true, verbs: [] };

/** Helm's records of a release, newest first, without what they hold. */
export async function releaseRecords(
  client: Pick<ClusterClient, "list">,
  { name, storageNamespace }: Pick<ReleasePolicy, "name" | "storageNamespace">,
  signal: AbortSignal,
): Promise<readonly Resource[]> {
  const selection = { namespace: storageNamespace, labelSelector: releaseSelector(name), metadataOnly: true };
  const found = await client.list(secrets, selection, { signal });
  return found.toSorted((a, b) => versionOf(b) - versionOf(a));
}

/** The revision that a record is of. */
export function versionOf(record: Resource): number {
  return Number(labelsOf(record)["version"] ?? 0);
}
