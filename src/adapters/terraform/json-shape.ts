/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A value as an object; empty for everything else. */
export function objectOf(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** A value as a list; what is no list is one member, null none. */
export function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

/** A value as a text; "" for everything else. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
