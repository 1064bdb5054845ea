import type { ScopeOf } from "#core/app/rules.ts";
import { type GroupKind, kindKey, splitApiVersion } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";

/** Kinds of Kubernetes itself (`group/Kind`) whose objects are in no namespace. */
export const builtInScopes: ReadonlySet<string> = new Set([
  "/ComponentStatus",
  "/Namespace",
  "/Node",
  "/PersistentVolume",
  "admissionregistration.k8s.io/MutatingAdmissionPolicy",
  "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding",
  "admissionregistration.k8s.io/MutatingWebhookConfiguration",
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy",
  "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding",
  "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
  "apiextensions.k8s.io/CustomResourceDefinition",
  "apiregistration.k8s.io/APIService",
  "certificates.k8s.io/CertificateSigningRequest",
  "certificates.k8s.io/ClusterTrustBundle",
  "flowcontrol.apiserver.k8s.io/FlowSchema",
  "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration",
  "networking.k8s.io/IPAddress",
  "networking.k8s.io/IngressClass",
  "networking.k8s.io/ServiceCIDR",
  "node.k8s.io/RuntimeClass",
  "rbac.authorization.k8s.io/ClusterRole",
  "rbac.authorization.k8s.io/ClusterRoleBinding",
  "resource.k8s.io/DeviceClass",
  "resource.k8s.io/ResourceSlice",
  "scheduling.k8s.io/PriorityClass",
  "storage.k8s.io/CSIDriver",
  "storage.k8s.io/CSINode",
  "storage.k8s.io/StorageClass",
  "storage.k8s.io/VolumeAttachment",
  "storage.k8s.io/VolumeAttributesClass",
]);

/** Whether kinds are namespaced as far as it shows without a cluster: built-in kinds, and definitions among the objects. */
export function scopesFrom(clusterScoped: ReadonlySet<string>, objects: readonly Resource[]): ScopeOf {
  const defined = new Map(objects.flatMap(definedScope));
  const placed = new Set(
    objects
      .filter((object) => object.metadata.namespace)
      .map(kindOf)
      .map(kindKey),
  );
  return (kind) => {
    const known = defined.get(kindKey(kind));
    if (known !== undefined) return known;
    if (clusterScoped.has(kindKey(kind))) return "cluster";
    return isBuiltIn(kind) || placed.has(kindKey(kind)) ? "namespaced" : "unknown";
  };
}

function definedScope(object: Resource): [string, "namespaced" | "cluster"][] {
  if (object.kind !== "CustomResourceDefinition") return [];
  const spec = object["spec"] as { group?: string; scope?: string; names?: { kind?: string } } | undefined;
  if (!spec?.group || !spec.names?.kind) return [];
  return [[kindKey({ group: spec.group, kind: spec.names.kind }), spec.scope === "Cluster" ? "cluster" : "namespaced"]];
}

function kindOf(object: Resource): GroupKind {
  return { group: splitApiVersion(object.apiVersion).group, kind: object.kind };
}

function isBuiltIn({ group }: GroupKind): boolean {
  return !group.includes(".") || group.endsWith(".k8s.io");
}
