import { globMatches } from "#core/policy/glob.ts";
import { parsePattern } from "#core/policy/pattern.ts";

/** Whether one of the patterns fits a namespace: globs, and regular expressions between slashes. */
export function namespaceMatches(patterns: readonly string[], namespace: string): boolean {
  return patterns.some((pattern) => {
    const [, expression] = /^\/(.*)\/$/s.exec(pattern) ?? [];
    if (expression === undefined) return globMatches(pattern, namespace);
    return parsePattern(expression)?.finds(namespace) ?? false;
  });
}
