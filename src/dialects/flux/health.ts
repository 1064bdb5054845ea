import { conditionOf, fieldAt, numberAt } from "#core/health/condition.ts";
import type { Health, HealthRule, HealthTable } from "#core/health/health.ts";
import { current, failed, inProgress } from "./health-verdicts.ts";
import {
  customResourceDefinition,
  job,
  persistentVolumeClaim,
  pod,
  podDisruptionBudget,
  service,
} from "./health-objects.ts";
import { daemonSet, deployment, replicaSet, statefulSet } from "./health-workloads.ts";

/** Health as upstream's kstatus reads it: cli-utils pkg/kstatus/status/{core,generic}.go@1ad68d5, Jobs as fluxcd/pkg runtime/statusreaders/job.go@e2cfd1a. */
export const healthTable: HealthTable = {
  first: [terminating, unobserved, reconciling, stalled],
  kinds: {
    "apps/Deployment": deployment,
    "apps/StatefulSet": statefulSet,
    "apps/DaemonSet": daemonSet,
    "apps/ReplicaSet": replicaSet,
    "extensions/Deployment": deployment,
    "extensions/DaemonSet": daemonSet,
    "extensions/ReplicaSet": replicaSet,
    "policy/PodDisruptionBudget": podDisruptionBudget,
    "batch/Job": job,
    "batch/CronJob": always,
    "/Service": service,
    "/Pod": pod,
    "/ConfigMap": always,
    "/Secret": always,
    "/PersistentVolumeClaim": persistentVolumeClaim,
    "apiextensions.k8s.io/CustomResourceDefinition": customResourceDefinition,
  },
  otherwise: byReadyCondition,
};

function terminating(object: Parameters<HealthRule>[0]): Health | null {
  if (object.metadata.deletionTimestamp === undefined) return null;
  return inProgress("Resource scheduled for deletion");
}

function unobserved(object: Parameters<HealthRule>[0]): Health | null {
  const observed = fieldAt(object, ["status", "observedGeneration"]);
  const generation = numberAt(object, ["metadata", "generation"], 0);
  if (typeof observed !== "number" || observed === generation) return null;
  return inProgress(`${object.kind} generation is ${generation}, but latest observed generation is ${observed}`);
}

function reconciling(object: Parameters<HealthRule>[0]): Health | null {
  const condition = conditionOf(object, "Reconciling");
  return condition?.status === "True" ? inProgress(condition.message) : null;
}

function stalled(object: Parameters<HealthRule>[0]): Health | null {
  const condition = conditionOf(object, "Stalled");
  return condition?.status === "True" ? failed(condition.message) : null;
}

function always(): Health {
  return current("Resource is always ready");
}

function byReadyCondition(object: Parameters<HealthRule>[0]): Health {
  const ready = conditionOf(object, "Ready");
  if (ready === undefined) return current("Resource is current");
  if (ready.status === "True") return current("Resource is Ready");
  return inProgress(ready.message);
}
