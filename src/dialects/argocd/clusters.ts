import type { HeldCluster } from "#core/app/app.ts";
import type { Lookup } from "#core/app/dialect.ts";
import { type ClusterSecret, clusterSecret } from "./cluster-secret.ts";

const read = new WeakMap<readonly unknown[], readonly ClusterSecret[]>();

/** Every cluster that a Secret declares, by the names of the Secrets. */
export function clusterSecrets(lookup: Lookup): readonly ClusterSecret[] {
  const secrets = lookup.all?.("Secret") ?? [];
  const known = read.get(secrets);
  if (known) return known;
  const found = secrets.flatMap((secret) => clusterSecret(secret) ?? []).sort((a, b) => (a.secret < b.secret ? -1 : 1));
  read.set(secrets, found);
  return found;
}

/** Clusters that are a project's own. */
export function clustersOfProject(project: string, lookup: Lookup): readonly ClusterSecret[] {
  return clusterSecrets(lookup).filter((one) => one.project === project);
}

/** The way to a cluster. */
export function heldCluster(cluster: ClusterSecret): HeldCluster | null {
  const { access, namespaces, clusterResources, name, secret, version } = cluster;
  if (!access) return null;
  return {
    kind: "held",
    name,
    version: `${secret} ${version}`,
    namespaces,
    clusterWide: namespaces === null || clusterResources,
    open: access,
  };
}
