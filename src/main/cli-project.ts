import type { PermissionView } from "#contract/access-view.ts";
import type { GroupKind } from "#core/resource/resource-id.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { PermissionQuery, ProjectActions } from "#cli/project.ts";
import { withoutNulls } from "#dialects/argocd/fields.ts";
import { parseDestination } from "#dialects/argocd/destination.ts";
import { sourcesOf } from "#dialects/argocd/parse-sources.ts";
import { DEFAULT_PROJECT, findProject, type Project, projectProblems } from "#dialects/argocd/project.ts";
import { judgeDestination, judgeKind, judgeSource } from "#dialects/argocd/project-rules.ts";
import type { SpecFields } from "#dialects/argocd/schema.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { type AppRecord, findApp, lookupFor } from "./cli-app-record.ts";
import { kindsOf } from "./cli-object-address.ts";
import { withClient } from "./cli-session.ts";
import { projectPlace } from "./cli-settings.ts";

/** Asks projects what they permit. */
export const projectActions: ProjectActions = {
  can: (query, signal) => withClient(query, (client) => can(client, query, signal), signal),
};

async function can(client: ClusterClient, query: PermissionQuery, signal: AbortSignal): Promise<PermissionView> {
  const record = await findApp(client, query, signal);
  if (record.dialect.name !== "argocd") {
    throw new CliError(`Cannot ask for ${record.key}: it has no project`, { exitCode: exitCode.usage });
  }
  const lookup = await lookupFor(client, record.dialect, signal);
  const spec = specOf(record);
  const name = spec.project || DEFAULT_PROJECT;
  const project = findProject(name, lookup, await projectPlace(client, signal));
  const problem = project ? projectProblems(project)[0]?.message : `project ${name} does not exist`;
  if (!project || problem) throw new CliError(`Cannot ask the project: ${problem}`, { exitCode: exitCode.refused });
  const destination = parseDestination(spec.destination, name, lookup);
  if (!destination.ok) throw new CliError(`Cannot tell where ${record.key} deploys: ${destination.error[0]?.message}`);
  const object = await objectOf(client, query.kind, signal);
  const namespace = query.to ?? destination.value.namespace;
  const at = { ...destination.value, namespace };
  const rules = [
    ...sourcesOf(spec).map(({ repoURL }) => ({ about: `source ${repoURL}`, ...judgeSource(project, repoURL) })),
    ...(object.namespaced || query.to !== null
      ? [{ about: `destination ${at.name}, namespace ${namespace}`, ...judgeDestination(project, at) }]
      : []),
    kindRule(project, object),
  ];
  return { app: record.key, project: name, permitted: rules.every(({ permitted }) => permitted), rules };
}

function kindRule(project: Project, object: GroupKind & { name: string; namespaced: boolean }) {
  const { group, kind } = object;
  return { about: `kind ${group === "" ? kind : `${kind}.${group}`}`, ...judgeKind(project, object, object) };
}

function specOf({ object }: AppRecord): SpecFields {
  return { destination: {}, ...(withoutNulls(object["spec"]) as object) } as SpecFields;
}

/** The kind that a word means, and whether its objects are in namespaces; a kind that is not served is taken to be. */
async function objectOf(
  client: ClusterClient,
  text: string,
  signal: AbortSignal,
): Promise<GroupKind & { name: string; namespaced: boolean }> {
  const [word = "", name = ""] = text.split("/");
  const kinds = kindsOf(word, []);
  for (const kind of kinds) {
    const found = await client.kind(kind, { signal });
    if (found.known === "yes") return { group: kind.group, kind: kind.kind, name, namespaced: found.info.namespaced };
  }
  const [first] = kinds;
  return { group: first?.group ?? "", kind: first?.kind ?? word, name, namespaced: true };
}
