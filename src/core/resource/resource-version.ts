import type { Resource } from "./resource.ts";

/**
 * Whether `known` is a later state of the same object than `object`. Supported API servers number the states of an object
 * with growing decimal resourceVersions.
 */
export function isNewer(known: Resource, object: Resource): boolean {
  if (known.metadata.uid !== object.metadata.uid) return false;
  const a = known.metadata.resourceVersion ?? "";
  const b = object.metadata.resourceVersion ?? "";
  return a.length !== b.length ? a.length > b.length : a > b;
}
