import type { Resource } from "./resource.ts";

/** API group and kind, without version: "" is the core group. */
export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** Group, version and kind of one API. */
export interface GroupVersionKind extends GroupKind {
  readonly version: string;
}

/** Identity of an object within a cluster; versions are views of the same object. Cluster-scoped: namespace "". */
export interface ResourceId extends GroupKind {
  readonly namespace: string;
  readonly name: string;
}

/** `group/kind/namespace/name`, usable as a map key. */
export type IdKey = string & { readonly __brand: "IdKey" };

/** Splits `apps/v1` into group and version; core objects have group "". */
export function splitApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf("/");
  if (slash < 0) return { group: "", version: apiVersion };
  return { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** Joins group and version into an `apiVersion`. */
export function joinApiVersion(gv: { group: string; version: string }): string {
  return gv.group === "" ? gv.version : `${gv.group}/${gv.version}`;
}

/** Group, version and kind of an object. */
export function gvkOf(resource: Resource): GroupVersionKind {
  return { ...splitApiVersion(resource.apiVersion), kind: resource.kind };
}

/** Identity of an object. */
export function idOf(resource: Resource): ResourceId {
  return {
    group: splitApiVersion(resource.apiVersion).group,
    kind: resource.kind,
    namespace: resource.metadata.namespace ?? "",
    name: resource.metadata.name,
  };
}

/** The map key of an identity. */
export function idKey(id: ResourceId): IdKey {
  return `${id.group}/${id.kind}/${id.namespace}/${id.name}` as IdKey;
}

/** The map key of an object. */
export function keyOf(resource: Resource): IdKey {
  return idKey(idOf(resource));
}

/** The identity that a map key stands for; names hold no slash except RBAC's, which come last. */
export function parseIdKey(key: IdKey): ResourceId {
  const [group = "", kind = "", namespace = "", ...name] = key.split("/");
  return { group, kind, namespace, name: name.join("/") };
}

/** The map key of a kind. */
export function kindKey(kind: GroupKind): string {
  return `${kind.group}/${kind.kind}`;
}

/** `Deployment/shop/web`, for people: kind, namespace when there is one, name. */
export function idText(id: ResourceId): string {
  return id.namespace === "" ? `${id.kind}/${id.name}` : `${id.kind}/${id.namespace}/${id.name}`;
}
