/** Whether a field manager is named by one of the patterns: exact names or `prefix*`. */
export function matchesManager(manager: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith("*") ? manager.startsWith(pattern.slice(0, -1)) : manager === pattern,
  );
}
