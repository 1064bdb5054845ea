/** A column that `kubectl get` prints; those with a priority above 0 only with `-o wide`. */
export interface CrdColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly jsonPath: string;
  readonly description?: string;
  readonly priority?: number;
}

/** One version of a kind: its whole schema in OpenAPI's words. */
export interface CrdVersion {
  readonly name: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly columns: readonly CrdColumn[];
  readonly statusSubresource: boolean;
}

/** Everything that a CustomResourceDefinition is generated from; the first version is the one stored. */
export interface CrdSpec {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  /** Groups such as `all` that `kubectl get` lists it under. */
  readonly categories?: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  readonly versions: readonly CrdVersion[];
}
