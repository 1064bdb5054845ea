import type { Health, HealthRule, HealthTable } from "#core/health/health.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import { fieldAt, listAt, textAt } from "./fields.ts";
import { knownHealth } from "./health/known-health.ts";
import { conditionList, conditionsOf, type ObjectCondition, verdict } from "./health-conditions.ts";
import {
  daemonSetHealth,
  deploymentHealth,
  podHealth,
  replicaSetHealth,
  statefulSetHealth,
} from "./health-workloads.ts";

/** A hook that is kept for its end is judged although it is on its way out. */
const HOOK_FINALIZER = "argocd.argoproj.io/hook-finalizer";

const pendingDeletion: HealthRule = ({ metadata: { deletionTimestamp, finalizers = [] } }) =>
  deletionTimestamp === undefined || finalizers.includes(HOOK_FINALIZER)
    ? null
    : verdict("Progressing", "Pending deletion");

const serviceHealth: HealthRule = (object) =>
  textAt(object["spec"], "type") === "LoadBalancer" ? addressHealth(object) : verdict("Healthy");

const addressHealth = (object: Resource): Health =>
  verdict(listAt(object["status"], "loadBalancer", "ingress").length > 0 ? "Healthy" : "Progressing");

const claimHealth: HealthRule = (object) => {
  switch (textAt(object["status"], "phase")) {
    case "Bound":
      return verdict("Healthy");
    case "Pending":
      return verdict("Progressing");
    case "Lost":
      return verdict("Degraded");
    default:
      return verdict("Unknown");
  }
};

const jobHealth: HealthRule = (object) => {
  const conditions = conditionsOf(object);
  const failed = conditions.find((condition) => condition.type === "Failed");
  if (failed) return verdict("Degraded", failed.message);
  if (conditions.some(({ type, status }) => type === "Suspended" && status === "True")) return verdict("Suspended");
  const complete = conditions.find((condition) => condition.type === "Complete");
  // Upstream also takes `Suspended=False`, which a resumed Job has while it runs, for completion.
  return complete ? verdict("Healthy", complete.message) : verdict("Progressing");
};

const cronJobHealth: HealthRule = (object) => {
  const status = object["status"];
  if (fieldAt(object["spec"], "suspend") === true) return verdict("Healthy", "CronJob is Suspended");
  if (status === undefined) return verdict("Progressing", "Waiting for CronJob");
  const scheduled = textAt(status, "lastScheduleTime");
  const succeeded = textAt(status, "lastSuccessfulTime");
  if (scheduled === "") return verdict("Healthy", "CronJob has not been scheduled yet");
  if (succeeded === "") return verdict("Healthy", "The CronJob never completed successfully. It may not be healthy");
  if (listAt(status, "active").length > 0) {
    return verdict("Healthy", "The job is running. Its last execution may not have been successful");
  }
  return succeeded < scheduled
    ? verdict("Degraded", "CronJob has not completed its last execution successfully")
    : verdict("Healthy", "CronJob has completed its last execution successfully");
};

const FAILED_SCALING = new Set([
  "AbleToScale/FailedGetScale",
  "AbleToScale/FailedUpdateScale",
  "ScalingActive/FailedGetResourceMetric",
  "ScalingActive/FailedGetObjectMetric",
  "ScalingActive/FailedGetPodsMetric",
  "ScalingActive/FailedGetExternalMetric",
  "ScalingActive/FailedComputeMetricsReplicas",
  "ScalingActive/InvalidSelector",
]);

const autoscalerHealth: HealthRule = (object) => {
  const conditions = object.apiVersion.endsWith("/v1") ? annotatedConditions(object) : conditionsOf(object);
  if (conditions === null) return verdict("Unknown", "the conditions annotation cannot be read");
  const failed = conditions.find(({ type, reason }) => FAILED_SCALING.has(`${type}/${reason}`));
  if (failed) return verdict("Degraded", failed.message);
  const fine = conditions.find(
    ({ type, status }) => (type === "AbleToScale" || type === "ScalingLimited") && status === "True",
  );
  return fine ? verdict("Healthy", fine.message) : verdict("Progressing", "Waiting to Autoscale");
};

/** The first API version keeps its conditions in an annotation. */
function annotatedConditions(object: Resource): ObjectCondition[] | null {
  const text = annotationsOf(object)["autoscaling.alpha.kubernetes.io/conditions"];
  if (text === undefined) return [];
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? conditionList(parsed) : null;
  } catch {
    return null;
  }
}

const apiServiceHealth: HealthRule = (object) => {
  const available = conditionsOf(object).find((condition) => condition.type === "Available");
  if (!available) return verdict("Progressing", "Waiting to be processed");
  const message = `${available.reason}: ${available.message}`;
  return verdict(available.status === "True" ? "Healthy" : "Progressing", message);
};

const definitionHealth: HealthRule = (object) => {
  const conditions = conditionsOf(object);
  if (conditions.length === 0) return verdict("Progressing", "Status conditions not found");
  const refusedNames = conditions.find(({ type, status }) => type === "NamesAccepted" && status === "False");
  if (refusedNames) return verdict("Degraded", `CRD names have not been accepted: ${refusedNames.message}`);
  const established = conditions.find((condition) => condition.type === "Established");
  if (established?.status !== "True" && established?.reason === "InvalidCABundle") {
    return verdict("Degraded", `CRD is not established: ${established.message}`);
  }
  if (established?.status !== "True") return verdict("Progressing", "CRD is not established");
  const violation = conditions.find(({ type, status }) => type === "NonStructuralSchema" && status === "True");
  return violation
    ? verdict("Degraded", `Schema violations found: ${violation.message}`)
    : verdict("Healthy", "CRD is healthy");
};

/** Health checks by kind: gitops-engine pkg/health and resource_customizations; then the kinds of known operators. */
export const healthTable: HealthTable = {
  first: [pendingDeletion],
  kinds: {
    "apps/Deployment": deploymentHealth,
    "apps/StatefulSet": statefulSetHealth,
    "apps/DaemonSet": daemonSetHealth,
    "apps/ReplicaSet": replicaSetHealth,
    "/Pod": podHealth,
    "/Service": serviceHealth,
    "/PersistentVolumeClaim": claimHealth,
    "extensions/Ingress": addressHealth,
    "networking.k8s.io/Ingress": addressHealth,
    "batch/Job": jobHealth,
    "batch/CronJob": cronJobHealth,
    "autoscaling/HorizontalPodAutoscaler": autoscalerHealth,
    "apiregistration.k8s.io/APIService": apiServiceHealth,
    "apiextensions.k8s.io/CustomResourceDefinition": definitionHealth,
  },
  otherwise: knownHealth,
};
