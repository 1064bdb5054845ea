import { annotationsOf, type Resource } from "#core/resource/resource.ts";

const ANNOTATION = "holdfast.dev/created-for";

/** The Namespace that `CreateNamespace=true` asks for: created when absent, otherwise left alone, never deleted. */
export function ownNamespace(name: string, instance: string): Resource {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, annotations: { [ANNOTATION]: instance } } };
}

/** Whether an object is such a Namespace rather than one that the source declares. */
export function isOwnNamespace(resource: Resource): boolean {
  return resource.kind === "Namespace" && resource.apiVersion === "v1" && ANNOTATION in annotationsOf(resource);
}
