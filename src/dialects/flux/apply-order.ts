import type { StageGate, StageKey } from "#core/order/stage.ts";
import { type GroupKind, kindKey, splitApiVersion } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";

/** Kinds in the order that upstream applies them: fluxcd/pkg ssa/sort.go@e2cfd1a. Every other kind stands at `others`. */
const kindOrder: readonly string[] = [
  "CustomResourceDefinition",
  "Namespace",
  "ClusterRole",
  "ClusterClass",
  "RuntimeClass",
  "PriorityClass",
  "StorageClass",
  "VolumeSnapshotClass",
  "IngressClass",
  "GatewayClass",
  "ClusterRoleBinding",
  "ResourceQuota",
  "ServiceAccount",
  "Role",
  "RoleBinding",
  "ConfigMap",
  "Secret",
  "Service",
  "LimitRange",
  "Deployment",
  "StatefulSet",
  "CronJob",
  "PodDisruptionBudget",
];
const others = kindOrder.length;
const lastKinds: readonly string[] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

const ranks: ReadonlyMap<string, number> = new Map([
  ...kindOrder.map((kind, index): [string, number] => [kind, index]),
  ...lastKinds.map((kind, index): [string, number] => [kind, others + 1 + index]),
]);

/** Definitions come first: fluxcd/pkg ssa/utils/is.go@e2cfd1a. */
const definitions: ReadonlySet<string> = new Set([
  "apiextensions.k8s.io/CustomResourceDefinition",
  "/Namespace",
  "rbac.authorization.k8s.io/ClusterRole",
]);

const definitionPhase = 1;
const classPhase = 2;
const restPhase = 4;

/** Position of a kind inside its stage. */
export function kindRank(kind: string): number {
  return ranks.get(kind) ?? others;
}

/**
 * The stage an object is applied in: definitions, then classes, then the rest. Upstream's third stage holds kinds that
 * its controller was told by a flag; nothing here asks for it, so its number stays free.
 */
export function stageOf(resource: Resource): StageKey {
  return { phase: phaseOf(kindOf(resource)), wave: 0, rank: 0 };
}

/** What must hold before the stages after this one start. */
export function gateAfter(key: StageKey): StageGate {
  if (key.phase === definitionPhase) return "established";
  return key.phase === classPhase ? "healthy" : "none";
}

/** Whether one identity is applied before another: stage, kind order, group, kind, namespace, name. */
export function compareApplied(a: AppliedId, b: AppliedId): number {
  return (
    phaseOf(a) - phaseOf(b) ||
    kindRank(a.kind) - kindRank(b.kind) ||
    compareText(a.group, b.group) ||
    compareText(a.kind, b.kind) ||
    compareText(a.namespace, b.namespace) ||
    compareText(a.name, b.name)
  );
}

interface AppliedId extends GroupKind {
  readonly namespace: string;
  readonly name: string;
}

function phaseOf(kind: GroupKind): number {
  if (definitions.has(kindKey(kind))) return definitionPhase;
  return kind.kind.endsWith("Class") ? classPhase : restPhase;
}

function kindOf(resource: Resource): GroupKind {
  return { group: splitApiVersion(resource.apiVersion).group, kind: resource.kind };
}

/** The order of names that every machine agrees on: by code unit, whatever the locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
