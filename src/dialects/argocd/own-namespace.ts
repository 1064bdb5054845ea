import { annotationsOf, labelsOf, type Resource } from "#core/resource/resource.ts";

const ANNOTATION = "holdfast.dev/created-for";

/** Labels and annotations that an app wants on the Namespace that it creates. */
export interface NamespaceMetadata {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * The Namespace that `CreateNamespace=true` asks for: created when absent, never deleted, and left alone but for the
 * metadata that the app names.
 */
export function ownNamespace(name: string, instance: string, wanted: NamespaceMetadata = {}): Resource {
  const { labels, annotations } = wanted;
  const metadata = { name, ...(labels && { labels }), annotations: { ...annotations, [ANNOTATION]: instance } };
  return { apiVersion: "v1", kind: "Namespace", metadata };
}

/** Whether an object is such a Namespace rather than one that the source declares. */
export function isOwnNamespace(resource: Resource): boolean {
  return resource.kind === "Namespace" && resource.apiVersion === "v1" && ANNOTATION in annotationsOf(resource);
}

/** Whether the app names metadata of its own for such a Namespace. */
export function hasOwnMetadata(resource: Resource): boolean {
  const labels = Object.keys(labelsOf(resource)).filter((name) => !name.startsWith("holdfast.dev/"));
  return labels.length > 0 || Object.keys(annotationsOf(resource)).length > 1;
}
