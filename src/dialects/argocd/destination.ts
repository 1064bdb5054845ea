import { ok, type Problem, refused, type Result } from "#core/result.ts";
import type { ResolvedDestination } from "./project.ts";
import type { SpecFields } from "./schema.ts";

/** How an application names the cluster it lives in. */
export const IN_CLUSTER = { name: "in-cluster", server: "https://kubernetes.default.svc" } as const;

/** The destination with both of its names; only the cluster that the engine itself serves is known. */
export function parseDestination(fields: SpecFields["destination"]): Result<ResolvedDestination, readonly Problem[]> {
  const { server = "", name = "", namespace = "" } = fields;
  const problem = (message: string) => refused([{ path: "spec.destination", message }]);
  if (server !== "" && name !== "") {
    return problem(`application destination can't have both name and server defined: ${name} ${server}`);
  }
  if (server === "" && name === "") return problem("Destination server missing from app spec");
  if (name !== "" && name !== IN_CLUSTER.name) return problem(`there are no clusters with this name: ${name}`);
  if (server !== "" && server.replace(/\/+$/, "") !== IN_CLUSTER.server) {
    const status = `rpc error: code = NotFound desc = cluster ${JSON.stringify(server)} not found`;
    return problem(`error getting cluster by server ${JSON.stringify(server)}: ${status}`);
  }
  return ok({ ...IN_CLUSTER, namespace });
}
