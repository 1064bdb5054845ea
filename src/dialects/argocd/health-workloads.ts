import type { Health, HealthRule } from "#core/health/health.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import { fieldAt, listAt, numberAt, textAt } from "./fields.ts";
import { conditionsOf, verdict } from "./health-conditions.ts";
import { hookRole } from "./hook.ts";

// Rules of gitops-engine pkg/health/health_*.go, one function per file there.

/** Deployment. */
export const deploymentHealth: HealthRule = (object) => {
  const { spec, status } = partsOf(object);
  if (fieldAt(spec, "paused") === true) return verdict("Suspended", "Deployment is paused");
  if (!isObserved(object)) return rollout("observed deployment generation less than desired generation");
  const progressing = conditionsOf(object).find((condition) => condition.type === "Progressing");
  if (progressing?.reason === "ProgressDeadlineExceeded") {
    return verdict("Degraded", `Deployment ${JSON.stringify(object.metadata.name)} exceeded its progress deadline`);
  }
  const wanted = numberAt(spec, "replicas");
  const updated = numberAt(status, "updatedReplicas") ?? 0;
  const old = (numberAt(status, "replicas") ?? 0) - updated;
  const available = numberAt(status, "availableReplicas") ?? 0;
  if (wanted !== null && updated < wanted)
    return rollout(`${updated} out of ${wanted} new replicas have been updated...`);
  if (old > 0) return rollout(`${old} old replicas are pending termination...`);
  if (available < updated) return rollout(`${available} of ${updated} updated replicas are available...`);
  return verdict("Healthy");
};

/** StatefulSet. */
export const statefulSetHealth: HealthRule = (object) => {
  const { spec, status } = partsOf(object);
  if ((numberAt(status, "observedGeneration") ?? 0) === 0 || !isObserved(object)) {
    return verdict("Progressing", "Waiting for statefulset spec update to be observed...");
  }
  const wanted = numberAt(spec, "replicas");
  const ready = numberAt(status, "readyReplicas") ?? 0;
  if (wanted !== null && ready < wanted)
    return verdict("Progressing", `Waiting for ${wanted - ready} pods to be ready...`);
  const updated = numberAt(status, "updatedReplicas") ?? 0;
  const strategy = textAt(spec, "updateStrategy", "type");
  const rolling = fieldAt(spec, "updateStrategy", "rollingUpdate");
  if (strategy === "RollingUpdate" && rolling !== undefined) return partitionHealth(rolling, wanted, updated);
  if (strategy === "OnDelete") return verdict("Healthy", `statefulset has ${ready} ready pods`);
  const [current, update] = [textAt(status, "currentRevision"), textAt(status, "updateRevision")];
  if (update !== current) {
    const message = `waiting for statefulset rolling update to complete ${updated} pods at revision ${update}...`;
    return verdict("Progressing", message);
  }
  const pods = numberAt(status, "currentReplicas") ?? 0;
  return verdict("Healthy", `statefulset rolling update complete ${pods} pods at revision ${current}...`);
};

function partitionHealth(rolling: unknown, wanted: number | null, updated: number): Health {
  const partition = numberAt(rolling, "partition");
  if (wanted !== null && partition !== null && updated < wanted - partition) {
    const share = `${updated} out of ${wanted - partition} new pods have been updated...`;
    return verdict("Progressing", `Waiting for partitioned roll out to finish: ${share}`);
  }
  return verdict("Healthy", `partitioned roll out complete: ${updated} new pods have been updated...`);
}

/** DaemonSet. */
export const daemonSetHealth: HealthRule = (object) => {
  const { spec, status } = partsOf(object);
  if (!isObserved(object)) return rollout("observed daemon set generation less than desired generation");
  const wanted = numberAt(status, "desiredNumberScheduled") ?? 0;
  const updated = numberAt(status, "updatedNumberScheduled") ?? 0;
  const available = numberAt(status, "numberAvailable") ?? 0;
  if (textAt(spec, "updateStrategy", "type") === "OnDelete") {
    return verdict("Healthy", `daemon set ${updated} out of ${wanted} new pods have been updated`);
  }
  const waiting = `Waiting for daemon set ${JSON.stringify(object.metadata.name)} rollout to finish`;
  if (updated < wanted) {
    return verdict("Progressing", `${waiting}: ${updated} out of ${wanted} new pods have been updated...`);
  }
  if (available < wanted)
    return verdict("Progressing", `${waiting}: ${available} of ${wanted} updated pods are available...`);
  return verdict("Healthy");
};

/** ReplicaSet. */
export const replicaSetHealth: HealthRule = (object) => {
  const { spec, status } = partsOf(object);
  if (!isObserved(object)) return rollout("observed replica set generation less than desired generation");
  const failure = conditionsOf(object).find((condition) => condition.type === "ReplicaFailure");
  if (failure?.status === "True") return verdict("Degraded", failure.message);
  const wanted = numberAt(spec, "replicas");
  const available = numberAt(status, "availableReplicas") ?? 0;
  if (wanted !== null && available < wanted) {
    return rollout(`${available} out of ${wanted} new replicas are available...`);
  }
  return verdict("Healthy");
};

/** Pod. */
export const podHealth: HealthRule = (object) => {
  const { spec, status } = partsOf(object);
  const always = textAt(spec, "restartPolicy") === "Always" || isToRun(object);
  const containers = listAt(status, "containerStatuses");
  const message = textAt(status, "message");
  if (always) {
    const stuck = containers.map((container) => fieldAt(container, "state", "waiting")).filter(isStuck);
    if (stuck.length > 0) return verdict("Degraded", stuck.map((waiting) => textAt(waiting, "message")).join(", "));
  }
  switch (textAt(status, "phase")) {
    case "Pending":
      return verdict("Progressing", message);
    case "Succeeded":
      return verdict("Healthy", message);
    case "Failed":
      return verdict("Degraded", message === "" ? failureOf(status) : message);
    case "Running":
      return always ? runningHealth(object, containers) : verdict("Progressing", message);
    default:
      return verdict("Unknown", message);
  }
};

/** A pod that is said to run on, though it is not started again once it ends; what runs as a hook does end. */
function isToRun(pod: Resource): boolean {
  return annotationsOf(pod)["argocd.argoproj.io/ignore-restart-policy"] === "true" && hookRole(pod).kind !== "hook";
}

function runningHealth(object: Resource, containers: readonly unknown[]): Health {
  const message = textAt(object["status"], "message");
  if (conditionsOf(object).some(({ type, status }) => type === "Ready" && status === "True")) {
    return verdict("Healthy", message);
  }
  const crashed = containers.some((container) => fieldAt(container, "lastState", "terminated") !== undefined);
  return verdict(crashed ? "Degraded" : "Progressing", message);
}

function isStuck(waiting: unknown): boolean {
  const reason = textAt(waiting, "reason");
  return reason.startsWith("Err") || reason.endsWith("Error") || reason.endsWith("BackOff");
}

function failureOf(status: unknown): string {
  for (const container of [...listAt(status, "initContainerStatuses"), ...listAt(status, "containerStatuses")]) {
    const ended = fieldAt(container, "state", "terminated");
    const message = textAt(ended, "message");
    if (message !== "") return message;
    if (textAt(ended, "reason") === "OOMKilled") return "OOMKilled";
    const code = numberAt(ended, "exitCode") ?? 0;
    if (code !== 0) return `container ${JSON.stringify(textAt(container, "name"))} failed with exit code ${code}`;
  }
  return "";
}

function rollout(detail: string): Health {
  return verdict("Progressing", `Waiting for rollout to finish: ${detail}`);
}

function isObserved(object: Resource): boolean {
  return (object.metadata.generation ?? 0) <= (numberAt(object["status"], "observedGeneration") ?? 0);
}

function partsOf(object: Resource): { spec: unknown; status: unknown } {
  return { spec: object["spec"], status: object["status"] };
}
