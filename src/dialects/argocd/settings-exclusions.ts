import { globMatches } from "#core/policy/glob.ts";
import type { GroupKind } from "#core/resource/resource-id.ts";
import { SettingError, type SettingValues } from "./setting-values.ts";
import { asMap, strings, yamlValue } from "./setting-yaml.ts";

/** Kinds on clusters; globs, and what names none means all. */
export interface KindFilter {
  readonly apiGroups: readonly string[];
  readonly kinds: readonly string[];
  /** Servers of clusters. */
  readonly clusters: readonly string[];
}

/** Which kinds are nobody's to touch. */
export interface ExclusionSettings {
  readonly excluded: readonly KindFilter[];
  /** Nothing else counts; none: everything does. */
  readonly included: readonly KindFilter[];
}

/** Nothing but what is always excluded. */
export const usualExclusions: ExclusionSettings = { excluded: [], included: [] };

const ALWAYS: readonly KindFilter[] = [
  { apiGroups: ["events.k8s.io", "metrics.k8s.io"], kinds: [], clusters: [] },
  { apiGroups: [""], kinds: ["Event"], clusters: [] },
  { apiGroups: ["coordination.k8s.io"], kinds: ["Lease"], clusters: [] },
];

/** Reads `resource.exclusions` and `resource.inclusions`. */
export function parseExclusions(values: SettingValues, before: ExclusionSettings): ExclusionSettings {
  const read = (key: string, earlier: readonly KindFilter[]) =>
    values.read({ object: "argocd-cm", key }, { usual: [], before: earlier }, filtersOf);
  return {
    excluded: read("resource.exclusions", before.excluded),
    included: read("resource.inclusions", before.included),
  };
}

/** Whether objects of a kind on a cluster are nobody's to touch. */
export function isExcluded(
  { excluded, included }: ExclusionSettings,
  kind: GroupKind,
  { server }: { readonly server: string },
): boolean {
  const matches = (filter: KindFilter) =>
    oneMatches(filter.apiGroups, kind.group) &&
    oneMatches(filter.kinds, kind.kind) &&
    oneMatches(filter.clusters, server);
  return [...ALWAYS, ...excluded].some(matches) || (included.length > 0 && !included.some(matches));
}

function oneMatches(patterns: readonly string[], text: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => globMatches(pattern, text));
}

function filtersOf(text: string): KindFilter[] {
  const list = yamlValue(text) ?? [];
  if (!Array.isArray(list)) throw new SettingError("it is no list");
  return list.map((item: unknown, index) => {
    const map = asMap(item, `entry ${index + 1}`);
    return {
      apiGroups: strings(map, "apiGroups"),
      kinds: strings(map, "kinds"),
      clusters: strings(map, "clusters"),
    };
  });
}
