/** The value at a path of member names in free JSON; undefined where the path leads nowhere. */
export function fieldAt(value: unknown, ...path: readonly string[]): unknown {
  let at = value;
  for (const name of path) {
    if (typeof at !== "object" || at === null || Array.isArray(at)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return at;
}

/** The text at a path; "" when there is none. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = fieldAt(value, ...path);
  return typeof found === "string" ? found : "";
}

/** The number at a path, or null. */
export function numberAt(value: unknown, ...path: readonly string[]): number | null {
  const found = fieldAt(value, ...path);
  return typeof found === "number" ? found : null;
}

/** The list at a path; empty when there is none. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = fieldAt(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** A copy without members that are null, which mean the same as absent ones. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  // In values of a chart a null deletes what is set by default.
  return Object.fromEntries(
    entries.map(([name, member]) => [name, name === "valuesObject" ? member : withoutNulls(member)]),
  );
}
