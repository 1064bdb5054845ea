import { parseLabelSelector, selectorMatches } from "#core/policy/label-selector.ts";
import { gvkOf } from "#core/resource/resource-id.ts";
import { type Resource, annotationsOf, labelsOf } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import type { KustomizationSpec } from "./kustomization-schema.ts";

type IgnoreRule = NonNullable<KustomizationSpec["ignore"]>[number];
type Target = NonNullable<IgnoreRule["target"]>;

const maximumPattern = 512;
const patterns = ["group", "version", "kind", "name", "namespace"] as const;
const selectors = ["labelSelector", "annotationSelector"] as const;

/** What is wrong with the rules of a Kustomization. */
export function ignoreProblems(rules: readonly IgnoreRule[]): readonly Problem[] {
  return rules.flatMap(({ paths, target = {} }, index) => {
    const at = `spec.ignore[${index}]`;
    const wrong = paths.flatMap((path, number) =>
      path.startsWith("/") ? [] : [{ path: `${at}.paths[${number}]`, message: "is no JSON pointer: it begins with /" }],
    );
    return [...wrong, ...targetProblems(target, `${at}.target`)];
  });
}

/** The fields of an object whose changes a Kustomization leaves alone. */
export function ignoredPathsOf(rules: readonly IgnoreRule[], resource: Resource): readonly string[] {
  return rules.filter(({ target }) => isTarget(target ?? {}, resource)).flatMap(({ paths }) => paths);
}

function targetProblems(target: Target, at: string): readonly Problem[] {
  const problems: Problem[] = [];
  for (const field of patterns) {
    const pattern = target[field] ?? "";
    if (pattern.length > maximumPattern) {
      problems.push({ path: `${at}.${field}`, message: `is too long: at most ${maximumPattern} characters` });
    } else if (!whole(pattern)) problems.push({ path: `${at}.${field}`, message: "is no regular expression" });
  }
  for (const field of selectors) {
    const parsed = parseLabelSelector(target[field] ?? "");
    if (!parsed.ok) problems.push({ path: `${at}.${field}`, message: parsed.error });
  }
  return problems;
}

function isTarget(target: Target, resource: Resource): boolean {
  const { group, version, kind } = gvkOf(resource);
  const { name, namespace = "" } = resource.metadata;
  const values = { group, version, kind, name, namespace };
  if (!patterns.every((field) => !target[field] || whole(target[field])?.test(values[field]) === true)) return false;
  const sets = { labelSelector: labelsOf(resource), annotationSelector: annotationsOf(resource) };
  return selectors.every((field) => {
    const parsed = parseLabelSelector(target[field] ?? "");
    return parsed.ok && selectorMatches(parsed.value, sets[field]);
  });
}

/** Targets are regular expressions that must match from end to end. */
function whole(pattern: string): RegExp | null {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch {
    return null;
  }
}
