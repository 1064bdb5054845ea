import type { App, SyncPolicy } from "#core/app/app.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Problem, Result } from "#core/result.ts";
import { type Destination, IN_CLUSTER, WHOLE_CLUSTER } from "./destination.ts";
import { type Project, projectProblems, unknownProject } from "./project.ts";
import { accountProblems, placeProblems } from "./project-violations.ts";
import { type SpecFields, specSchema } from "./schema.ts";
import { schemaProblems } from "./schema-problems.ts";
import type { Installation } from "./settings.ts";

/** Stands for a cluster that nobody knows any more: nothing is done there. */
const NOWHERE: Destination = { ...IN_CLUSTER, namespace: "", held: null, reach: WHOLE_CLUSTER };

/** The members of a spec that can be read: whatever is wrong with the others, an application may be deleted. */
export function usablePart(spec: SpecFields): SpecFields {
  const needed = { project: "", destination: {} };
  const isUsable = ([name, value]: readonly [string, unknown]) =>
    schemaProblems(specSchema, { ...needed, [name]: value }, "spec").length === 0;
  return { ...needed, ...Object.fromEntries(Object.entries(spec).filter(isUsable)) };
}

/** What keeps an application from being deleted: it is not known where its objects are, or as whom they may be. */
export function deletionProblems(
  object: Resource,
  found: {
    readonly project: Project | null;
    readonly name: string;
    readonly destination: Result<Destination, readonly Problem[]>;
    readonly settings: Installation;
  },
): Problem[] {
  const { project, name, destination, settings } = found;
  const place = placeProblems(object, settings);
  // A destination that means no cluster holds nothing up; one whose cluster cannot be used now may be usable again.
  if (!destination.ok) return [...place, ...destination.error.filter(({ path }) => path !== "spec.destination")];
  if (!settings.argo.access.impersonation) return place;
  const malformed = project === null ? [unknownProject(name)] : projectProblems(project);
  const account = project && malformed.length === 0 ? accountProblems(project, destination.value, settings) : [];
  return [...place, ...malformed, ...account];
}

/** What an application is deleted with: of a cluster that nobody knows any more, its objects are left there. */
export function whatGoes({
  sources,
  destination,
  project,
  policy,
}: {
  readonly sources: Result<App["sources"], readonly Problem[]>;
  readonly destination: Result<Destination, readonly Problem[]>;
  readonly project: Project | null;
  readonly policy: SyncPolicy;
}): Pick<App, "sources" | "policy"> & { readonly destination: Destination; readonly project: Project | null } {
  return {
    sources: sources.ok ? sources.value : [],
    project: project && projectProblems(project).length === 0 ? project : null,
    ...(destination.ok
      ? { destination: destination.value, policy }
      : { destination: NOWHERE, policy: { ...policy, onDelete: "abandon" } }),
  };
}
