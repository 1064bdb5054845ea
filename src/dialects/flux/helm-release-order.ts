import type { ResourceId } from "#core/resource/resource-id.ts";
import { compareText } from "./apply-order.ts";

/** Kinds in the order in which Helm installs them: helm@v4.2.4 pkg/release/v1/util/kind_sorter.go. Others come last. */
const installOrder: readonly string[] = [
  "PriorityClass",
  "Namespace",
  "NetworkPolicy",
  "ResourceQuota",
  "LimitRange",
  "PodSecurityPolicy",
  "PodDisruptionBudget",
  "ServiceAccount",
  "Secret",
  "SecretList",
  "ConfigMap",
  "StorageClass",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "CustomResourceDefinition",
  "ClusterRole",
  "ClusterRoleList",
  "ClusterRoleBinding",
  "ClusterRoleBindingList",
  "Role",
  "RoleList",
  "RoleBinding",
  "RoleBindingList",
  "Service",
  "DaemonSet",
  "Pod",
  "ReplicationController",
  "ReplicaSet",
  "Deployment",
  "HorizontalPodAutoscaler",
  "StatefulSet",
  "Job",
  "CronJob",
  "IngressClass",
  "Ingress",
  "APIService",
  "MutatingWebhookConfiguration",
  "ValidatingWebhookConfiguration",
];
const ranks: ReadonlyMap<string, number> = new Map(installOrder.map((kind, rank) => [kind, rank]));

/** Position of a kind among the objects of a release. */
export function releaseRank(kind: string): number {
  return ranks.get(kind) ?? installOrder.length;
}

/** Whether one object of a release is installed before another: by kind, then group, namespace and name. */
export function compareReleased(a: ResourceId, b: ResourceId): number {
  return (
    releaseRank(a.kind) - releaseRank(b.kind) ||
    compareText(a.kind, b.kind) ||
    compareText(a.group, b.group) ||
    compareText(a.namespace, b.namespace) ||
    compareText(a.name, b.name)
  );
}
