import type { Lookup } from "#core/app/dialect.ts";
import type { Settings } from "#core/app/settings.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import { clustersOfProject } from "./clusters.ts";
import type { ClusterNames } from "./destination.ts";
import { textAt, withoutNulls } from "./fields.ts";
import { withGlobalLimits } from "./global-limits.ts";
import { type ProjectFields, projectSpecSchema } from "./project-schema.ts";
import { namespaceMatches } from "./namespace-patterns.ts";
import { windowProblems } from "./sync-windows.ts";
import { repositoriesOfProject } from "./repositories.ts";
import { integrityProblems } from "./source-integrity.ts";
import { schemaProblems } from "./schema-problems.ts";
import type { GlobalProject } from "./settings-projects.ts";

/** A project: its name and its limits. */
export interface Project {
  readonly name: string;
  readonly limits: ProjectFields;
  /** Clusters that are declared for it alone. */
  readonly ownClusters: readonly ClusterNames[];
}

/** The name of the project that is there without an object. */
export const DEFAULT_PROJECT = "default";

const PERMISSIVE: ProjectFields = {
  sourceRepos: ["*"],
  destinations: [{ server: "*", namespace: "*" }],
  clusterResourceWhitelist: [{ group: "*", kind: "*" }],
};
const UNLIMITED = { limits: PERMISSIVE, ownClusters: [] };

/** Where projects are, and which of them count for others too. */
export interface ProjectPlace {
  readonly controlNamespace: string;
  readonly argo: { readonly projects: readonly GlobalProject[] };
}

/** The project of that name, or null when there is none; `default` needs no object. */
export function findProject(name: string, lookup: Lookup, place: ProjectPlace): Project | null {
  const object = lookup("AppProject", place.controlNamespace, name);
  if (object === null && name !== DEFAULT_PROJECT) return null;
  const own = object ? withOwn(name, withoutNulls(object["spec"]) ?? {}, lookup) : { name, ...UNLIMITED };
  const found = { name, object, limits: own.limits };
  const limits = withGlobalLimits(found, place.argo.projects, { lookup, namespace: place.controlNamespace });
  return { ...own, limits };
}

/** Whether a project is that of an application. */
export function isProjectOf(controlNamespace: string): (project: Resource, app: Resource) => boolean {
  return ({ metadata }, app) =>
    metadata.namespace === controlNamespace &&
    metadata.name === (textAt(withoutNulls(app["spec"]), "project") || DEFAULT_PROJECT);
}

/** Tells that there is no project of that name. */
export function unknownProject(name: string): Problem {
  return { path: "spec.project", message: `Application referencing project ${name} which does not exist` };
}

/** Repositories and clusters that are declared for a project are among what it may use. */
function withOwn(name: string, limits: ProjectFields, lookup: Lookup): Project {
  const repositories = repositoriesOfProject(name, lookup);
  const ownClusters = clustersOfProject(name, lookup);
  const destinations = ownClusters.flatMap(({ server, namespaces }) =>
    (namespaces ?? ["*"]).map((namespace) => ({ server, namespace })),
  );
  const { sourceRepos: repos = [], destinations: places = [] } = limits;
  // A list that is malformed is told as such.
  const isPlain = Array.isArray(repos) && Array.isArray(places);
  if (!isPlain || repositories.length + ownClusters.length === 0) return { name, limits, ownClusters };
  const all = { ...limits, sourceRepos: [...repos, ...repositories], destinations: [...places, ...destinations] };
  return { name, limits: all, ownClusters };
}

/** Why a project cannot be enforced as written. */
export function projectProblems(project: Project): Problem[] {
  const root = `AppProject ${project.name}: spec`;
  const illTyped = schemaProblems(projectSpecSchema, project.limits, root);
  if (illTyped.length > 0) return illTyped;
  return [...windowProblems(project.name, project.limits), ...integrityProblems(project.name, project.limits)];
}

/** Whether apps in `namespace` may use the project. */
export function permitsNamespaceOfApp({ limits }: Project, namespace: string, settings: Settings): boolean {
  return namespace === settings.controlNamespace || namespaceMatches(limits.sourceNamespaces ?? [], namespace);
}
