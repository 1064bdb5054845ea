import { globMatches } from "#core/policy/glob.ts";
import type { GroupKind } from "#core/resource/resource-id.ts";
import type { ClusterNames } from "./destination.ts";
import { comparableUrl } from "./git-url.ts";
import type { Project } from "./project.ts";

/** Whether something is permitted, and the rule of the project that says so. */
export interface Verdict {
  readonly permitted: boolean;
  readonly rule: string;
}

/** Whether a project allows a repository: one pattern must match, and no `!` pattern. */
export function judgeSource({ limits }: Project, url: string): Verdict {
  const wanted = comparableUrl(url);
  let granted = -1;
  for (const [index, entry] of (limits.sourceRepos ?? []).entries()) {
    const denied = isDenial(entry);
    const pattern = comparableUrl(denied ? entry.slice(1) : entry);
    const matches = pattern === "*" || globMatches(pattern, wanted, "/");
    if (denied && matches) return denies(`spec.sourceRepos[${index}] (${entry}) denies it`);
    if ((denied || matches) && granted < 0) granted = index;
  }
  return granted < 0
    ? denies("no entry of spec.sourceRepos matches")
    : grants(`spec.sourceRepos[${granted}] (${limits.sourceRepos?.[granted]})`);
}

/** Whether a project allows a destination: one entry must match, and no `!` pattern; some projects allow their own clusters alone. */
export function judgeDestination(project: Project, at: ClusterNames & { readonly namespace: string }): Verdict {
  const entries = [...(project.limits.destinations ?? []).entries()];
  let granted: Verdict | null = null;
  for (const [index, entry] of entries) {
    const { server = "", name = "", namespace = "" } = entry;
    const shown = `spec.destinations[${index}] (${server || name}, ${namespace || "no namespace"})`;
    const byName = at.name !== "" && entryMatches(name, at.name);
    const byServer = at.server !== "" && entryMatches(server, at.server);
    const byNamespace = entryMatches(namespace, at.namespace);
    const deniesCluster = (!byName && isDenial(name)) || (!byServer && isDenial(server));
    if ((byServer || byName) && byNamespace) granted ??= grants(shown);
    else if (byNamespace && deniesCluster) return denies(`${shown} denies it`);
    else if (!byNamespace && isDenial(namespace) && byServer) return denies(`${shown} denies it`);
  }
  if (granted === null) return denies("no entry of spec.destinations matches");
  const { ownClusters, limits } = project;
  const isOwn = ownClusters.some(({ name, server }) => name === at.name || server === at.server);
  if (limits.permitOnlyProjectScopedClusters && !isOwn) {
    return denies("spec.permitOnlyProjectScopedClusters allows clusters of the project alone");
  }
  return granted;
}

/** Whether a project allows objects of a kind; an absent list of namespaced kinds allows all, one of cluster kinds none. */
export function judgeKind(
  { limits }: Project,
  kind: GroupKind,
  object: { readonly name: string; readonly namespaced: boolean },
): Verdict {
  const scope = object.namespaced ? "namespace" : "cluster";
  const [allow, deny] = [`${scope}ResourceWhitelist`, `${scope}ResourceBlacklist`] as const;
  const entryOf = (list: typeof allow | typeof deny) =>
    (limits[list] ?? []).findIndex((entry: { group: string; kind: string; name?: string }) => {
      if (!globMatches(entry.kind, kind.kind, "/") || !globMatches(entry.group, kind.group, "/")) return false;
      return object.namespaced || !entry.name || globMatches(entry.name, object.name, "/");
    });
  const denied = entryOf(deny);
  if (denied >= 0) return denies(`spec.${deny}[${denied}] denies it`);
  if (object.namespaced && limits[allow] === undefined) return grants(`spec.${allow} is absent, which allows all`);
  const allowed = entryOf(allow);
  return allowed < 0 ? denies(`no entry of spec.${allow} matches`) : grants(`spec.${allow}[${allowed}]`);
}

function entryMatches(pattern: string, text: string): boolean {
  if (isDenial(pattern)) return !globMatches(pattern.slice(1), text);
  return pattern === "*" || globMatches(pattern, text);
}

function isDenial(pattern: string): boolean {
  return pattern.startsWith("!");
}

function grants(rule: string): Verdict {
  return { permitted: true, rule };
}

function denies(rule: string): Verdict {
  return { permitted: false, rule };
}
