import type { Resource } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import type { Destination } from "./destination.ts";
import { textAt } from "./fields.ts";
import { impersonatedUser } from "./impersonation.ts";
import { namespaceMatches } from "./namespace-patterns.ts";
import { type SourceList, sourcesOf } from "./parse-sources.ts";
import { permitsNamespaceOfApp, type Project, projectProblems, unknownProject } from "./project.ts";
import { judgeDestination, judgeSource } from "./project-rules.ts";
import type { SpecFields } from "./schema.ts";
import type { Installation } from "./settings.ts";

/** What an application asks for that its project does not allow, each with the rule. */
export function projectViolations(
  object: Resource,
  spec: SpecFields,
  found: {
    readonly project: Project | null;
    /** Null: it is not known. */
    readonly destination: Destination | null;
    readonly settings: Installation;
  },
): Problem[] {
  const { project, destination, settings } = found;
  const name = spec.project ?? "";
  if (project === null) return [unknownProject(name)];
  const problems = projectProblems(project);
  if (problems.length > 0) return problems;
  const account = destination ? accountProblems(project, destination, settings) : [];
  const own = { name: textAt(object.metadata, "name"), namespace: textAt(object.metadata, "namespace") };
  problems.push(...placeProblems(object, settings));
  if (!permitsNamespaceOfApp(project, own.namespace, settings)) {
    const message = `application '${own.name}' in namespace '${own.namespace}' is not permitted to use project '${name}': no entry of spec.sourceNamespaces matches`;
    problems.push({ path: "spec.project", message });
  }
  problems.push(...unpermittedSources(spec, project));
  const problem = destination && destinationProblem(project, spec, destination);
  return [...problems, ...(problem ? [problem] : []), ...account];
}

/** Why no application may be in the namespace where it is. */
export function placeProblems(object: Resource, settings: Installation): Problem[] {
  const name = textAt(object.metadata, "name");
  const namespace = textAt(object.metadata, "namespace");
  const { namespaces } = settings.argo.access;
  if (namespace === settings.controlNamespace || namespaceMatches(namespaces, namespace)) return [];
  const rule = "application.namespaces of argocd-cmd-params-cm does not name it";
  const message = `application '${name}' is in namespace '${namespace}', where none may be: ${rule}`;
  return [{ path: "metadata.namespace", message }];
}

/** Repositories that a project does not allow, each with the rule. */
export function unpermittedSources(list: SourceList, project: Project | null): Problem[] {
  const urls = project === null ? [] : sourcesOf(list).map(({ repoURL }) => repoURL);
  return urls.flatMap((url) => {
    const verdict = url && project ? judgeSource(project, url) : null;
    if (!verdict || verdict.permitted) return [];
    const message = `application repo ${url} is not permitted in project '${project?.name}': ${verdict.rule}`;
    return [{ path: "spec.source.repoURL", message }];
  });
}

/** Why it is not known as whom objects at a destination are written. */
export function accountProblems(
  project: Project,
  destination: Destination,
  settings: Installation,
): readonly Problem[] {
  if (!settings.argo.access.impersonation) return [];
  const user = impersonatedUser(project, destination, settings.controlNamespace);
  return user.ok ? [] : user.error;
}

function destinationProblem(project: Project, spec: SpecFields, destination: Destination): Problem | null {
  const { server, namespace } = destination;
  const { permitted, rule } = judgeDestination(project, destination);
  if (permitted) return null;
  const shown = spec.destination.name ? destination.name : server;
  const message = `application destination server '${shown}' and namespace '${namespace}' do not match any of the allowed destinations in project '${project.name}': ${rule}`;
  return { path: "spec.destination", message };
}
