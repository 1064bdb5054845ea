/** Which writer owns which fields, as the API server records it. */
export interface ManagedFieldsEntry {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly time?: string;
  readonly subresource?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
}

/** A reference from an object to its owner. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Standard object metadata, as far as the engine reads it. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly generateName?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string | null;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** Any Kubernetes object, as plain JSON. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** The object's labels, empty when it has none. */
export function labelsOf(resource: Resource): Readonly<Record<string, string>> {
  return resource.metadata.labels ?? {};
}

/** The object's annotations, empty when it has none. */
export function annotationsOf(resource: Resource): Readonly<Record<string, string>> {
  return resource.metadata.annotations ?? {};
}

/** A copy with `labels` and `annotations` added over the existing ones. */
export function withMetadata(
  resource: Resource,
  added: { labels?: Readonly<Record<string, string>>; annotations?: Readonly<Record<string, string>> },
): Resource {
  const metadata: Record<string, unknown> = { ...resource.metadata };
  if (added.labels && Object.keys(added.labels).length > 0)
    metadata["labels"] = { ...labelsOf(resource), ...added.labels };
  if (added.annotations && Object.keys(added.annotations).length > 0) {
    metadata["annotations"] = { ...annotationsOf(resource), ...added.annotations };
  }
  return { ...resource, metadata: metadata as unknown as ObjectMeta };
}
