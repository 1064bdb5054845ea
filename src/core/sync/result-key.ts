import type { IdKey } from "#core/resource/resource-id.ts";

/** Names what a sync did: an object's own change, or one run of a hook by the dialect's word for its moment. */
export function resultKey(key: IdKey, word: string | undefined): string {
  return word === undefined ? key : `${key}:${word}`;
}
