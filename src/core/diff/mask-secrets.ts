import type { Resource } from "#core/resource/resource.ts";
import { stableText } from "#core/resource/stable-text.ts";
import { LAST_APPLIED } from "./declared-part.ts";

const SHORTEST = 8;
const STEP = 4;

/** A copy fit for people's eyes: a Secret's values and what client-side apply remembered of them are masked. */
export function maskSecrets(resource: Resource): Resource {
  return isSecret(resource) ? masked(resource, new Map()) : resource;
}

/**
 * Masks two states of one object alike: equal values of a key get equal masks and each further distinct value a longer one,
 * so that a change is visible but no length is.
 */
export function maskSecretPair(before: Resource, after: Resource): readonly [Resource, Resource] {
  if (!isSecret(before) && !isSecret(after)) return [before, after];
  const seen: Seen = new Map();
  return [masked(before, seen), masked(after, seen)];
}

/** Per member path, the values met so far in order. */
type Seen = Map<string, string[]>;

function isSecret({ apiVersion, kind }: Resource): boolean {
  return apiVersion === "v1" && kind === "Secret";
}

function masked(secret: Resource, seen: Seen): Resource {
  const copy: Record<string, unknown> = { ...secret };
  for (const member of ["data", "stringData"]) {
    if (copy[member] !== undefined && copy[member] !== null) copy[member] = maskedMap(copy[member], member, seen);
  }
  const remembered = secret.metadata.annotations?.[LAST_APPLIED];
  if (remembered !== undefined) {
    const annotations = { ...secret.metadata.annotations, [LAST_APPLIED]: mask(remembered, LAST_APPLIED, seen) };
    copy["metadata"] = { ...secret.metadata, annotations };
  }
  return copy as unknown as Resource;
}

function maskedMap(map: unknown, member: string, seen: Seen): unknown {
  if (typeof map !== "object" || map === null || Array.isArray(map)) return mask(map, member, seen);
  const entries = Object.entries(map).map(([key, value]) => [key, mask(value, `${member}/${key}`, seen)]);
  return Object.fromEntries(entries);
}

function mask(value: unknown, place: string, seen: Seen): string {
  const values = seen.get(place) ?? [];
  seen.set(place, values);
  const text = stableText(value);
  if (!values.includes(text)) values.push(text);
  return "+".repeat(SHORTEST + STEP * values.indexOf(text));
}
