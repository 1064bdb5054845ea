import type { Lookup } from "#core/app/dialect.ts";
import type { Settings } from "#core/app/settings.ts";
import { globMatches } from "#core/policy/glob.ts";
import type { GroupKind } from "#core/resource/resource-id.ts";
import type { Problem } from "#core/result.ts";
import { withoutNulls } from "./fields.ts";
import { comparableUrl } from "./git-url.ts";
import { type ProjectFields, projectSpecSchema } from "./project-schema.ts";
import { repositoriesOfProject } from "./repositories.ts";
import { schemaProblems } from "./schema-problems.ts";

/** A project: its name and its limits. */
export interface Project {
  readonly name: string;
  readonly limits: ProjectFields;
}

/** A destination with both of its names. */
export interface ResolvedDestination {
  readonly server: string;
  readonly name: string;
  readonly namespace: string;
}

/** The name of the project that is there without an object. */
export const DEFAULT_PROJECT = "default";

const PERMISSIVE: ProjectFields = {
  sourceRepos: ["*"],
  destinations: [{ server: "*", namespace: "*" }],
  clusterResourceWhitelist: [{ group: "*", kind: "*" }],
};

/** Limits whose neglect would allow what the project forbids. */
const UNSUPPORTED = ["syncWindows", "destinationServiceAccounts", "signatureKeys", "sourceIntegrity"] as const;

/** The project of that name, or null when there is none; `default` needs no object. */
export function findProject(name: string, lookup: Lookup, settings: Settings): Project | null {
  const object = lookup("AppProject", settings.controlNamespace, name);
  if (object === null) return name === DEFAULT_PROJECT ? { name, limits: PERMISSIVE } : null;
  return { name, limits: withOwn(name, withoutNulls(object["spec"]) ?? {}, lookup) };
}

/** Repositories that are declared for a project are among its own. */
function withOwn(name: string, limits: ProjectFields, lookup: Lookup): ProjectFields {
  const repositories = repositoriesOfProject(name, lookup);
  if (repositories.length === 0) return limits;
  return { ...limits, sourceRepos: [...(limits.sourceRepos ?? []), ...repositories] };
}

/** Why a project cannot be enforced as written. */
export function projectProblems(project: Project): Problem[] {
  const root = `AppProject ${project.name}: spec`;
  const illTyped = schemaProblems(projectSpecSchema, project.limits, root);
  if (illTyped.length > 0) return illTyped;
  return UNSUPPORTED.filter((field) => !isEmpty(project.limits[field])).map((field) => ({
    path: `${root}.${field}`,
    message: `${root}.${field} is not supported yet`,
  }));
}

/** Whether apps in `namespace` may use the project. */
export function permitsNamespaceOfApp(project: Project, namespace: string, settings: Settings): boolean {
  if (namespace === settings.controlNamespace) return true;
  return (project.limits.sourceNamespaces ?? []).some((pattern) => globMatches(pattern, namespace));
}

/** Whether the project allows a repository: one pattern must match, and no `!` pattern. */
export function permitsSource(project: Project, url: string): boolean {
  const wanted = comparableUrl(url);
  let permitted = false;
  for (const entry of project.limits.sourceRepos ?? []) {
    const denied = isDenial(entry);
    const pattern = comparableUrl(denied ? entry.slice(1) : entry);
    const matches = pattern === "*" || globMatches(pattern, wanted, "/");
    if (denied && matches) return false;
    if (denied || matches) permitted = true;
  }
  return permitted;
}

/** Whether the project allows a destination: one entry must match, and no `!` pattern. */
export function permitsDestination(project: Project, destination: ResolvedDestination): boolean {
  // No cluster belongs to a project here, so a project that wants only its own allows none.
  if (project.limits.permitOnlyProjectScopedClusters) return false;
  let permitted = false;
  for (const { server = "", name = "", namespace = "" } of project.limits.destinations ?? []) {
    const byName = destination.name !== "" && entryMatches(name, destination.name);
    const byServer = destination.server !== "" && entryMatches(server, destination.server);
    const byNamespace = entryMatches(namespace, destination.namespace);
    if ((byServer || byName) && byNamespace) permitted = true;
    else if (byNamespace && ((!byName && isDenial(name)) || (!byServer && isDenial(server)))) return false;
    else if (!byNamespace && isDenial(namespace) && byServer) return false;
  }
  return permitted;
}

/** Whether the project allows objects of a kind; an absent list of namespaced kinds allows all, one of cluster kinds none. */
export function permitsKind(project: Project, kind: GroupKind, object: { name: string; namespaced: boolean }): boolean {
  const { limits } = project;
  const allowed = object.namespaced ? limits.namespaceResourceWhitelist : (limits.clusterResourceWhitelist ?? []);
  const denied = object.namespaced ? limits.namespaceResourceBlacklist : limits.clusterResourceBlacklist;
  const lists = (entries: readonly { group: string; kind: string; name?: string }[]) =>
    entries.some((entry) => {
      if (!globMatches(entry.kind, kind.kind, "/") || !globMatches(entry.group, kind.group, "/")) return false;
      return object.namespaced || !entry.name || globMatches(entry.name, object.name, "/");
    });
  return (allowed === undefined || lists(allowed)) && !lists(denied ?? []);
}

function entryMatches(pattern: string, text: string): boolean {
  if (isDenial(pattern)) return !globMatches(pattern.slice(1), text);
  return pattern === "*" || globMatches(pattern, text);
}

function isDenial(pattern: string): boolean {
  return pattern.startsWith("!");
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === undefined;
}
