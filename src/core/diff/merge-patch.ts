import { stableText } from "#core/resource/stable-text.ts";

/** The JSON merge patch (RFC 7386) that turns `before` into `after`; undefined when they are equal. Lists are replaced whole. */
export function mergePatch(before: unknown, after: unknown): unknown {
  if (!isMap(before) || !isMap(after)) return stableText(before) === stableText(after) ? undefined : after;
  const patch = new Map<string, unknown>();
  for (const key of Object.keys(before)) if (memberOf(after, key) === undefined) patch.set(key, null);
  for (const [key, value] of Object.entries(after)) {
    if (value === undefined) continue;
    const change = Object.hasOwn(before, key) ? mergePatch(before[key], value) : value;
    if (change !== undefined) patch.set(key, change);
  }
  return patch.size === 0 ? undefined : Object.fromEntries(patch);
}

/** Every map inherits members such as `constructor`, which are no data. */
function memberOf(map: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
