import { fieldAt, textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";

/** A source's address without the credentials that somebody may have put there. */
export function publicUrl(object: Resource): string {
  if (object.kind === "Bucket") return bucketUrl(object);
  return textAt(object, ["spec", "url"]).replace(/^([a-z]+:\/\/)[^/@]*@/, "$1");
}

function bucketUrl(object: Resource): string {
  const scheme = fieldAt(object, ["spec", "insecure"]) === true ? "http" : "https";
  // Azure's are whole addresses, and may end with a signature.
  const endpoint = textAt(object, ["spec", "endpoint"]).replace(/^(https?:\/\/)?(.*@)?|\/?(\?.*)?$/g, "");
  return `${scheme}://${endpoint}/${textAt(object, ["spec", "bucketName"])}`;
}
