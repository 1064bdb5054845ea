import { textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";

/** A source's address without the credentials that somebody may have put there. */
export function publicUrl(object: Resource): string {
  return textAt(object, ["spec", "url"]).replace(/^([a-z]+:\/\/)[^/@]*@/, "$1");
}
