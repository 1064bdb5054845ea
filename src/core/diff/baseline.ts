import { digestText } from "#core/resource/digest.ts";
import { type FieldSet, fieldSetDigest } from "#core/resource/field-set.ts";
import { fieldSetOf, othersFieldSet } from "#core/resource/field-set-of.ts";
import type { Resource } from "#core/resource/resource.ts";
import { stableText } from "#core/resource/stable-text.ts";
import { setWithoutPaths, withoutPaths } from "./ignore-paths.ts";
import { project } from "./projection.ts";

/** What an object looks like through our own fields, as digests. */
export interface Baseline {
  /** Digest of which fields are ours. */
  readonly fieldSet: string;
  /** Digest of which fields are ours and of their values: this one is recorded and compared. */
  readonly digest: string;
}

/**
 * The baseline of an object as the server stored it, for one applying manager; null when managedFields lacks its entry.
 * Ignored paths (JSON pointers) take no part; compare only baselines made with the same ones.
 */
export function baselineOf(stored: Resource, manager: string, ignoredPaths: readonly string[] = []): Baseline | null {
  const owned = fieldSetOf(stored, manager);
  if (!owned) return null;
  if (ignoredPaths.length === 0) return baselineThrough(stored, owned, manager);
  return baselineThrough(withoutPaths(stored, ignoredPaths), setWithoutPaths(owned, stored, ignoredPaths), manager);
}

function baselineThrough(stored: Resource, owned: FieldSet, manager: string): Baseline {
  const fieldSet = fieldSetDigest(owned);
  const values = project(
    stored,
    owned,
    lazily(() => othersFieldSet(stored, manager)),
  );
  return { fieldSet, digest: digestText(fieldSet + stableText(values)) };
}

// Only leaves that hold a filled map need the other writers' sets, and parsing them all would double the cost.
function lazily(make: () => FieldSet): () => FieldSet {
  let made: FieldSet | null = null;
  return () => (made ??= make());
}
