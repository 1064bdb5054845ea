import type { PrepareContext, Prepared, PreparedWarning } from "#core/app/dialect.ts";
import { gvkOf, idOf } from "#core/resource/resource-id.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import { detailsOf } from "./argo-details.ts";
import { hookProblems, hookRole } from "./hook.ts";
import { SYNC_OPTIONS } from "./object-options.ts";
import { ownNamespace } from "./own-namespace.ts";
import { findProject, type Project } from "./project.ts";
import { judgeDestination, judgeKind } from "./project-rules.ts";
import type { Installation } from "./settings.ts";
import { isExcluded } from "./settings-exclusions.ts";
import { waveProblem } from "./stages.ts";
import { listOf, readSyncOptions } from "./sync-options.ts";

/**
 * Puts rendered objects into their namespaces and checks each against the project and against what is supported.
 * Refused objects stay among the resources too, so that they never look as if they had left the source.
 */
export function prepare(
  resources: readonly Resource[],
  context: PrepareContext & { readonly settings: Installation },
): Prepared {
  const details = detailsOf(context.app);
  const project = findProject(details.project, context.lookup, context.settings);
  const prepared = resources.map((resource) => placed(resource, context));
  const { exclusions } = context.settings.argo;
  const unwanted = new Set<Resource>();
  const warnings: PreparedWarning[] = [...details.warnings];
  const refusals: { resource: Resource; message: string }[] = [];
  for (const resource of prepared) {
    if (isExcluded(exclusions, gvkOf(resource), details.cluster)) {
      warnings.push(exclusionOf(resource));
      // Objects stay, so that they never look as if they had left the source; a hook would run.
      if (hookRole(resource).kind === "hook") unwanted.add(resource);
      continue;
    }
    const read = readSyncOptions(listOf(annotationsOf(resource)[SYNC_OPTIONS]), SYNC_OPTIONS);
    warnings.push(
      ...read.warnings.map((warning) => ({ ...warning, message: `${named(resource)}: ${warning.message}` })),
    );
    warnings.push(...oddities(resource));
    const message = refusalOf(resource, { context, project, name: details.project });
    if (message !== null && hookRole(resource).kind !== "skip") refusals.push({ resource, message });
  }
  const namespace = missingNamespace(prepared, { context, project });
  const left = prepared.filter((resource) => !unwanted.has(resource));
  return { resources: namespace ? [namespace, ...left] : left, refusals, warnings };
}

function exclusionOf(resource: Resource): PreparedWarning {
  const { group, kind, name } = idOf(resource);
  const message = `Resource ${group}/${kind} ${name} is excluded in the settings`;
  return { path: "resource.exclusions", message, kind: "excluded" };
}

/** Cluster-scoped objects have no namespace; the others get the destination's when they name none. */
function placed(resource: Resource, { app, scopeOf }: PrepareContext): Resource {
  const scope = scopeOf(gvkOf(resource));
  const { namespace, ...rest } = resource.metadata;
  if (scope === "cluster") return namespace === undefined ? resource : { ...resource, metadata: rest };
  if (namespace || app.target.namespace === null) return resource;
  return { ...resource, metadata: { ...resource.metadata, namespace: app.target.namespace } };
}

function refusalOf(
  resource: Resource,
  limits: { context: PrepareContext; project: Project | null; name: string },
): string | null {
  const { context, project } = limits;
  const { refusal } = hookProblems(resource);
  if (refusal !== null) return `${named(resource)}: ${refusal}`;
  const { group, kind, version } = gvkOf(resource);
  const { namespace, name } = idOf(resource);
  const mayGenerate = hookRole(resource).kind === "hook" && resource.metadata.generateName;
  if (!name && !mayGenerate)
    return `${kind} ${resource.metadata.generateName ?? ""} has no name; only hooks may go without one`;
  if (project === null) return `Application referencing project ${limits.name} which does not exist`;
  const scope = context.scopeOf({ group, kind, version });
  const namespaced = scope === "namespaced" || (scope === "unknown" && namespace !== "");
  const byKind = judgeKind(project, { group, kind }, { name, namespaced });
  if (!byKind.permitted) return `resource ${group}:${kind} is not permitted in project ${project.name}: ${byKind.rule}`;
  const { cluster } = detailsOf(context.app);
  const { namespaces } = cluster;
  if (!namespaced) {
    const isReached = cluster.clusterWide;
    return isReached ? null : `Cluster level ${kind} "${name}" can not be managed when in namespaced mode`;
  }
  if (namespace === "") return `Namespace for ${name} ${group}/${version}, Kind=${kind} is missing.`;
  if (namespaces && !namespaces.includes(namespace)) {
    return `Namespace "${namespace}" for ${kind} "${name}" is not managed`;
  }
  const { permitted, rule } = judgeDestination(project, { ...cluster, namespace });
  return permitted ? null : `namespace ${namespace} is not permitted in project '${project.name}': ${rule}`;
}

/** Annotations that mean nothing. */
function oddities(resource: Resource): Problem[] {
  const wave = waveProblem(resource);
  const texts = [...hookProblems(resource).warnings, ...(wave === null ? [] : [wave])];
  return texts.map((text) => ({ path: "metadata.annotations", message: `${named(resource)}: ${text}` }));
}

/** Added only where the project allows namespaces: where it does not, the namespace must exist already. */
function missingNamespace(
  resources: readonly Resource[],
  { context, project }: { context: PrepareContext; project: Project | null },
): Resource | null {
  const { app } = context;
  const name = app.target.namespace;
  if (!app.policy.createNamespace || name === null || project === null) return null;
  const kind = { group: "", kind: "Namespace" };
  if (!judgeKind(project, kind, { name, namespaced: false }).permitted) return null;
  const declared = resources.some((resource) => {
    const id = idOf(resource);
    return id.group === "" && id.kind === "Namespace" && id.name === name;
  });
  return declared ? null : ownNamespace(name, detailsOf(app).instance, detailsOf(app).namespaceMetadata);
}

function named(resource: Resource): string {
  const { kind, namespace, name } = idOf(resource);
  const shown = name || resource.metadata.generateName || "";
  return namespace === "" ? `${kind} ${shown}` : `${kind} ${namespace}/${shown}`;
}
