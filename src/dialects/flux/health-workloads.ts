import { conditionOf, fieldAt, numberAt, textAt } from "#core/health/condition.ts";
import type { Health } from "#core/health/health.ts";
import type { Resource } from "#core/resource/resource.ts";
import { current, failed, inProgress } from "./health-verdicts.ts";

/** Replicas are counted in this order, and the first shortage is the verdict. */
export function deployment(object: Resource): Health {
  const progressing = conditionOf(object, "Progressing");
  if (progressing?.reason === "ProgressDeadlineExceeded") return failed("Progress deadline exceeded");
  const deadline = fieldAt(object, ["spec", "progressDeadlineSeconds"]);
  const wanted = numberAt(object, ["spec", "replicas"], 1);
  const count = counter(object);
  const replicas = count("replicas");
  const updated = count("updatedReplicas");
  const ready = count("readyReplicas");
  const available = count("availableReplicas");
  if (wanted > replicas) return inProgress(`Replicas: ${replicas}/${wanted}`);
  if (wanted > updated) return inProgress(`Updated: ${updated}/${wanted}`);
  if (replicas > wanted) return inProgress(`Pending termination: ${replicas - wanted}`);
  if (updated > available) return inProgress(`Available: ${available}/${updated}`);
  if (wanted > ready) return inProgress(`Ready: ${ready}/${wanted}`);
  // Without a deadline the server sets no Progressing condition; upstream treats the largest number the same way.
  const watched = typeof deadline === "number" && deadline !== 2_147_483_647;
  if (watched && !(progressing?.status === "True" && progressing.reason === "NewReplicaSetAvailable")) {
    return inProgress("ReplicaSet not Available");
  }
  if (conditionOf(object, "Available")?.status !== "True") return inProgress("Deployment not Available");
  return current(`Deployment is available. Replicas: ${replicas}`);
}

/** Rolling updates count replicas, revisions and the partition; `OnDelete` is left to people. */
export function statefulSet(object: Resource): Health {
  if (textAt(object, ["spec", "updateStrategy", "type"]) === "OnDelete") {
    return current("StatefulSet is using the ondelete update strategy");
  }
  const wanted = numberAt(object, ["spec", "replicas"], 1);
  const count = counter(object);
  const replicas = count("replicas");
  const ready = count("readyReplicas");
  const updated = count("updatedReplicas");
  if (wanted > replicas) return inProgress(`Replicas: ${replicas}/${wanted}`);
  if (wanted > ready) return inProgress(`Ready: ${ready}/${wanted}`);
  if (replicas > wanted) return inProgress(`Pending termination: ${replicas - wanted}`);
  const partition = numberAt(object, ["spec", "updateStrategy", "rollingUpdate", "partition"], -1);
  if (partition !== -1) {
    if (updated < wanted - partition) return inProgress(`updated: ${updated}/${wanted - partition}`);
    return current(`Partition rollout complete. updated: ${updated}`);
  }
  const currentReplicas = count("currentReplicas");
  if (wanted > currentReplicas) return inProgress(`current: ${currentReplicas}/${wanted}`);
  if (textAt(object, ["status", "currentRevision"]) !== textAt(object, ["status", "updateRevision"])) {
    return inProgress("Waiting for updated revision to match current");
  }
  return current(`All replicas scheduled as expected. Replicas: ${replicas}`);
}

/** Every scheduled node must run an updated, available and ready pod. */
export function daemonSet(object: Resource): Health {
  const wanted = fieldAt(object, ["status", "desiredNumberScheduled"]);
  if (fieldAt(object, ["metadata", "generation"]) === undefined) {
    return inProgress("DaemonSet metadata.generation not found");
  }
  if (fieldAt(object, ["status", "observedGeneration"]) === undefined) {
    return inProgress("DaemonSet status.observedGeneration not found");
  }
  if (typeof wanted !== "number") return inProgress("Missing .status.desiredNumberScheduled");
  const count = counter(object);
  const scheduled = count("currentNumberScheduled");
  const updated = count("updatedNumberScheduled");
  const available = count("numberAvailable");
  const ready = count("numberReady");
  if (wanted > scheduled) return inProgress(`Current: ${scheduled}/${wanted}`);
  if (wanted > updated) return inProgress(`Updated: ${updated}/${wanted}`);
  if (wanted > available) return inProgress(`Available: ${available}/${wanted}`);
  if (wanted > ready) return inProgress(`Ready: ${ready}/${wanted}`);
  return current(`All replicas scheduled as expected. Replicas: ${wanted}`);
}

/** Labelled, available and ready replicas must match. */
export function replicaSet(object: Resource): Health {
  if (conditionOf(object, "ReplicaFailure")?.status === "True") {
    return inProgress("Replica Failure condition. Check Pods");
  }
  const wanted = numberAt(object, ["spec", "replicas"], 1);
  const count = counter(object);
  const replicas = count("replicas");
  const labelled = count("fullyLabeledReplicas");
  const available = count("availableReplicas");
  const ready = count("readyReplicas");
  if (wanted > labelled) return inProgress(`Labelled: ${labelled}/${wanted}`);
  if (wanted > available) return inProgress(`Available: ${available}/${wanted}`);
  if (wanted > ready) return inProgress(`Ready: ${ready}/${wanted}`);
  if (replicas > wanted) return inProgress(`Pending termination: ${replicas - wanted}`);
  return current(`ReplicaSet is available. Replicas: ${replicas}`);
}

function counter(object: Resource): (field: string) => number {
  return (field) => numberAt(object, ["status", field], 0);
}
