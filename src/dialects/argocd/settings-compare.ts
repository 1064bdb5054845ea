import type { Resource } from "#core/resource/resource.ts";
import type { IgnoreRule } from "./argo-details.ts";
import { type Customization, customizations } from "./setting-customizations.ts";
import { SettingError, shown, type SettingValues } from "./setting-values.ts";
import { flag, strings, yamlMap } from "./setting-yaml.ts";

/** How objects are compared, whatever their app says. */
export interface CompareSettings {
  /** What is ignored in all apps, by what says it. */
  readonly ignore: ReadonlyMap<string, IgnoreRule>;
  /** Whether rules of roles that are put together from others are left to who does that. */
  readonly aggregatedRoles: boolean;
}

/** Nothing is ignored. */
export const usualCompare: CompareSettings = { ignore: new Map(), aggregatedRoles: false };

const AGGREGATED: IgnoreRule = {
  group: "rbac.authorization.k8s.io",
  kind: "ClusterRole",
  name: "",
  namespace: "",
  pointers: ["/rules"],
  queries: [],
  managers: [],
};

/** Reads `resource.customizations.ignoreDifferences.*` and `resource.compareoptions`. */
export function parseCompare(values: SettingValues, before: CompareSettings): CompareSettings {
  const key = { object: "argocd-cm", key: "resource.compareoptions" };
  const aggregated = { usual: usualCompare.aggregatedRoles, before: before.aggregatedRoles };
  return {
    ignore: customizations(values, { sort: "ignoreDifferences", before: before.ignore }, ruleOf),
    aggregatedRoles: values.read(key, aggregated, (text) => flag(yamlMap(text), "ignoreAggregatedRoles")),
  };
}

/** The rules of the whole installation that may concern an object. */
export function systemRules(resource: Resource, { ignore, aggregatedRoles }: CompareSettings): readonly IgnoreRule[] {
  return aggregatedRoles && "aggregationRule" in resource ? [...ignore.values(), AGGREGATED] : [...ignore.values()];
}

function ruleOf({ group, kind, text }: Customization): IgnoreRule {
  const written = yamlMap(text);
  const pointers = strings(written, "jsonPointers");
  const unusable = pointers.find((pointer) => !pointer.startsWith("/"));
  if (unusable !== undefined) throw new SettingError(`${shown(unusable)} is not a JSON pointer`);
  return {
    group,
    kind,
    name: "",
    namespace: "",
    pointers,
    queries: strings(written, "jqPathExpressions"),
    managers: strings(written, "managedFieldsManagers"),
  };
}
