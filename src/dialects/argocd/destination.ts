import type { HeldCluster } from "#core/app/app.ts";
import type { Lookup } from "#core/app/dialect.ts";
import { type Problem, ok, refused, type Result } from "#core/result.ts";
import type { ClusterSecret } from "./cluster-secret.ts";
import { clusterSecrets, heldCluster } from "./clusters.ts";
import type { SpecFields } from "./schema.ts";
import type { AccessSettings } from "./settings-access.ts";

/** How an application names the cluster it lives in. */
export const IN_CLUSTER = { name: "in-cluster", server: "https://kubernetes.default.svc" } as const;

/** A cluster with both of its names. */
export interface ClusterNames {
  readonly server: string;
  readonly name: string;
}

/** A destination with both names of its cluster, and what is declared of that. */
export interface Destination extends ClusterNames {
  readonly namespace: string;
  /** The way to the cluster; null: it is the one that the application lives in. */
  readonly held: HeldCluster | null;
  /** What may be managed there. */
  readonly reach: ClusterReach;
}

/** Which objects of a cluster may be managed. */
export interface ClusterReach {
  /** Null: those of all. */
  readonly namespaces: readonly string[] | null;
  readonly clusterWide: boolean;
}

/** The whole of a cluster. */
export const WHOLE_CLUSTER: ClusterReach = { namespaces: null, clusterWide: true };

/** The destination of a project's application. */
export function parseDestination(
  fields: SpecFields["destination"],
  project: string,
  lookup: Lookup,
): Result<Destination, readonly Problem[]> {
  const { server = "", name = "", namespace = "" } = fields;
  const problem = (message: string) => refused([{ path: "spec.destination", message }]);
  if (server !== "" && name !== "") {
    return problem(`application destination can't have both name and server defined: ${name} ${server}`);
  }
  if (server === "" && name === "") return problem("Destination server missing from app spec");
  const found = name === "" ? byServer(server, project, lookup) : byName(name, lookup);
  if (typeof found === "string") return problem(found);
  if (found === null) return ok({ ...IN_CLUSTER, namespace, held: null, reach: WHOLE_CLUSTER });
  if (found.problems.length > 0) return refused(found.problems);
  const isHome = found.server === IN_CLUSTER.server && !found.hasProof;
  const { namespaces, clusterResources } = found;
  const reach = { namespaces, clusterWide: namespaces === null || clusterResources };
  const held = isHome ? null : heldCluster(found);
  return ok({ server: found.server, name: found.name, namespace, held, reach });
}

/** Why a destination may not be used though it is known: the installation keeps applications off its own cluster. */
export function disabledCluster({ server }: ClusterNames, { inCluster }: AccessSettings): readonly Problem[] {
  if (inCluster || server !== IN_CLUSTER.server) return [];
  const message = `cluster ${JSON.stringify(server)} is disabled: cluster.inClusterEnabled of argocd-cm is false`;
  return [{ path: "spec.destination", message }];
}

/** Null: the cluster that applications live in, of which no Secret says anything. */
function byName(name: string, lookup: Lookup): ClusterSecret | string | null {
  const named = clusterSecrets(lookup).filter((one) => one.name === name);
  const [first] = named;
  if (named.length > 1) {
    const servers = named.map(({ server }) => server).join(" ");
    return `there are ${named.length} clusters with the same name: [${servers}]`;
  }
  if (first) return first;
  return name === IN_CLUSTER.name ? homeSecret(lookup) : `there are no clusters with this name: ${name}`;
}

function byServer(server: string, project: string, lookup: Lookup): ClusterSecret | string | null {
  const wanted = server.replace(/\/+$/, "");
  const same = clusterSecrets(lookup).filter((one) => one.server === wanted);
  const own = same.find((one) => one.project === project) ?? same.find((one) => one.project === "") ?? same[0];
  if (own) return own;
  if (wanted === IN_CLUSTER.server) return null;
  const status = `rpc error: code = NotFound desc = cluster ${JSON.stringify(server)} not found`;
  return `error getting cluster by server ${JSON.stringify(server)}: ${status}`;
}

function homeSecret(lookup: Lookup): ClusterSecret | null {
  return clusterSecrets(lookup).find(({ server }) => server === IN_CLUSTER.server) ?? null;
}
