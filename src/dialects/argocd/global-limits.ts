import type { Lookup } from "#core/app/dialect.ts";
import { termsMatch } from "#core/policy/selector-terms.ts";
import { labelsOf, type Resource } from "#core/resource/resource.ts";
import { withoutNulls } from "./fields.ts";
import type { ProjectFields } from "./project-schema.ts";
import type { GlobalProject } from "./settings-projects.ts";

/** What of a global project counts for those that it selects. */
const SHARED = [
  "clusterResourceWhitelist",
  "clusterResourceBlacklist",
  "namespaceResourceWhitelist",
  "namespaceResourceBlacklist",
  "syncWindows",
  "sourceRepos",
  "destinations",
] as const satisfies readonly (keyof ProjectFields)[];

/** A project's limits with those of the global projects that select it; one that does not exist adds nothing. */
export function withGlobalLimits(
  project: { readonly name: string; readonly object: Resource | null; readonly limits: ProjectFields },
  globals: readonly GlobalProject[],
  { lookup, namespace }: { readonly lookup: Lookup; readonly namespace: string },
): ProjectFields {
  const labels = project.object ? labelsOf(project.object) : {};
  const added = globals
    .filter(({ name, selector }) => name !== project.name && termsMatch(selector, labels))
    .map(({ name }) => withoutNulls(lookup("AppProject", namespace, name)?.["spec"]) as ProjectFields | undefined);
  return added.reduce<ProjectFields>((limits, more) => (more ? joined(limits, more) : limits), project.limits);
}

function joined(limits: ProjectFields, more: ProjectFields): ProjectFields {
  const parts = SHARED.flatMap((field) => {
    const [own, added] = [limits[field], more[field]];
    if (added === undefined) return [];
    // A list that is malformed is told as such.
    const both = Array.isArray(own ?? []) && Array.isArray(added) ? [...(own ?? []), ...added] : added;
    return [[field, Array.isArray(own ?? []) ? both : own] as const];
  });
  return { ...limits, ...Object.fromEntries(parts) };
}
