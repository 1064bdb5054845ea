import type { Resource } from "#core/resource/resource.ts";
import type { ObjectAddress } from "#core/source/source.ts";

/** The address of an object of the dialect. */
export function addressOf(object: Resource): ObjectAddress {
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    namespace: object.metadata.namespace ?? "",
    name: object.metadata.name,
    uid: object.metadata.uid ?? "",
    generation: object.metadata.generation ?? 0,
  };
}
