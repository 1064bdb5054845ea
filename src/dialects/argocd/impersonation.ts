import { globMatches } from "#core/policy/glob.ts";
import { type Problem, ok, refused, type Result } from "#core/result.ts";
import type { Destination } from "./destination.ts";
import type { Project } from "./project.ts";

const FORBIDDEN = /[!*[\]{}\\/]/;

/** The user that an application acts as, by the first entry of its project that fits its destination. */
export function impersonatedUser(
  { limits }: Project,
  { server, namespace }: Destination,
  ownNamespace: string,
): Result<string, readonly Problem[]> {
  const path = "spec.destination";
  for (const entry of limits.destinationServiceAccounts ?? []) {
    const isMeant = globMatches(entry.server, server) && globMatches(entry.namespace ?? "", namespace);
    if (!isMeant) continue;
    const account = entry.defaultServiceAccount;
    if (account.trim() === "" || FORBIDDEN.test(account)) {
      return refused([{ path, message: `default service account contains invalid chars '${account.slice(0, 80)}'` }]);
    }
    return ok(`system:serviceaccount:${account.includes(":") ? account : `${namespace || ownNamespace}:${account}`}`);
  }
  const message =
    "failed to find a matching service account to impersonate: " +
    `no matching service account found for destination server ${server} and namespace ${namespace}`;
  return refused([{ path, message }]);
}
