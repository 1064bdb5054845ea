import type { Resource } from "#core/resource/resource.ts";

// A server that cannot leave the content out may send it whole; it is dropped here then.
const media = (kind: string) => `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`;

/** What a list or watch accepts that wants no more than the metadata of objects. */
export const metadataAccept = { list: media("PartialObjectMetadataList"), watch: media("PartialObjectMetadata") };

/** An object's metadata under the name of its own kind, which the server leaves out of such answers. */
export function metadataOf(
  object: Pick<Resource, "metadata">,
  type: { readonly apiVersion: string; readonly kind: string },
): Resource {
  return { apiVersion: type.apiVersion, kind: type.kind, metadata: object.metadata };
}
