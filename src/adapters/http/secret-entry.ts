import type { Resource } from "#core/resource/resource.ts";

/** One entry of a Secret as text; undefined when it has none of that name. */
export function secretEntry(secret: Resource, key: string): string | undefined {
  const data = secret["data"] as Record<string, string> | undefined;
  const value = data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
}

/** What messages call a Secret. */
export function secretName({ metadata }: Resource): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}
