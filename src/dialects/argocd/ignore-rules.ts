import { globMatches } from "#core/policy/glob.ts";
import { idOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ObjectOptions } from "#core/app/rules.ts";
import type { IgnoreRule } from "./argo-details.ts";

/** What the rules that concern an object ignore in it. */
export function ignoredIn(
  resource: Resource,
  rules: readonly IgnoreRule[],
): Pick<ObjectOptions, "ignoredPaths" | "ignoredBy"> {
  const concerned = rules.filter((rule) => concerns(rule, resource));
  const ignoredPaths = concerned.flatMap((rule) => rule.pointers);
  const queries = concerned.flatMap((rule) => rule.queries);
  const managers = concerned.flatMap((rule) => rule.managers);
  return queries.length + managers.length === 0 ? { ignoredPaths } : { ignoredPaths, ignoredBy: { queries, managers } };
}

function concerns(rule: IgnoreRule, resource: Resource): boolean {
  const id = idOf(resource);
  if (rule.name !== "" && rule.name !== id.name) return false;
  if (rule.namespace !== "" && rule.namespace !== id.namespace) return false;
  return globMatches(rule.group, id.group) && globMatches(rule.kind, id.kind);
}
