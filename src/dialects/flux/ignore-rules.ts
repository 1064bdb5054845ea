import { type LabelSelector, parseLabelSelector, selectorMatches } from "#core/policy/label-selector.ts";
import { parsePattern, type Pattern } from "#core/policy/pattern.ts";
import { gvkOf } from "#core/resource/resource-id.ts";
import { type Resource, annotationsOf, labelsOf } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import type { KustomizationSpec } from "./kustomization-schema.ts";

type RuleFields = NonNullable<KustomizationSpec["ignore"]>[number];

const patternFields = ["group", "version", "kind", "name", "namespace"] as const;
const selectorFields = ["labelSelector", "annotationSelector"] as const;

/** Fields that an app leaves alone, and of which objects. */
export interface IgnoreRule {
  readonly paths: readonly string[];
  readonly patterns: readonly (readonly [field: (typeof patternFields)[number], pattern: Pattern])[];
  readonly labels: LabelSelector;
  readonly annotations: LabelSelector;
}

/** The rules that stand in the field `path`; what cannot be used is added to the problems. */
export function parseIgnoreRules(
  rules: readonly RuleFields[],
  problems: Problem[],
  path = "spec.ignore",
): readonly IgnoreRule[] {
  return rules.map(({ paths, target = {} }, index) => {
    const at = `${path}[${index}]`;
    for (const [number, pointer] of paths.entries()) {
      if (pointer.startsWith("/")) continue;
      problems.push({ path: `${at}.paths[${number}]`, message: "is no JSON pointer: it begins with /" });
    }
    const patterns = patternFields.flatMap((field) => {
      if (!target[field]) return [];
      const pattern = parsePattern(target[field]);
      if (pattern) return [[field, pattern] as const];
      problems.push({ path: `${at}.target.${field}`, message: "is no regular expression, or a very long one" });
      return [];
    });
    const [labels = [], annotations = []] = selectorFields.map((field) => {
      const parsed = parseLabelSelector(target[field] ?? "");
      if (!parsed.ok) problems.push({ path: `${at}.target.${field}`, message: parsed.error });
      return parsed.ok ? parsed.value : [];
    });
    return { paths, patterns, labels, annotations };
  });
}

/** The fields of an object whose changes the rules leave alone. Patterns must match from end to end. */
export function ignoredPathsOf(rules: readonly IgnoreRule[], resource: Resource): readonly string[] {
  const { name, namespace = "" } = resource.metadata;
  const values = { ...gvkOf(resource), name, namespace };
  const concerned = rules.filter(
    ({ patterns, labels, annotations }) =>
      patterns.every(([field, pattern]) => pattern.covers(values[field])) &&
      selectorMatches(labels, labelsOf(resource)) &&
      selectorMatches(annotations, annotationsOf(resource)),
  );
  return concerned.flatMap(({ paths }) => paths);
}
