import { conditionOf, conditionsOf, fieldAt, numberAt, textAt } from "#core/health/condition.ts";
import type { Health } from "#core/health/health.ts";
import type { Resource } from "#core/resource/resource.ts";
import { current, failed, inProgress } from "./health-verdicts.ts";

const schedulingGraceMs = 15_000;

/** A Job is as desired when it is complete or suspended; kstatus itself would take a running one for done. */
export function job(object: Resource): Health {
  const completions = numberAt(object, ["spec", "completions"], numberAt(object, ["spec", "parallelism"], 1));
  const count = (field: string) => `${numberAt(object, ["status", field], 0)}/${completions}`;
  for (const { type, status } of conditionsOf(object)) {
    if (status !== "True") continue;
    if (type === "Complete") return current(`Job Completed. succeeded: ${count("succeeded")}`);
    if (type === "Failed") return failed(`Job Failed. failed: ${count("failed")}`);
    if (type === "Suspended") return current("Job is suspended");
  }
  return inProgress("Job in progress");
}

/** The disruption controller has observed a budget whose generation matches, and says no more. */
export function podDisruptionBudget(): Health {
  return current("AllowedDisruptions has been computed.");
}

/** A load balancer Service needs its cluster address only; every other Service is as desired at once. */
export function service(object: Resource): Health {
  if (textAt(object, ["spec", "type"]) === "LoadBalancer" && textAt(object, ["spec", "clusterIP"]) === "") {
    return inProgress("ClusterIP not set. Service type: LoadBalancer");
  }
  return current("Service is ready");
}

/** A claim is as desired once it is bound. */
export function persistentVolumeClaim(object: Resource): Health {
  const phase = textAt(object, ["status", "phase"]) || "unknown";
  return phase === "Bound" ? current("PVC is Bound") : inProgress(`PVC is not Bound. phase: ${phase}`);
}

/** A definition is as desired once its API is established; a name conflict is a failure. */
export function customResourceDefinition(object: Resource): Health {
  const names = conditionOf(object, "NamesAccepted");
  if (names?.status === "False") return failed(names.message);
  const established = conditionOf(object, "Established");
  if (established?.status === "True") return current("CRD is established");
  if (established?.status === "False" && established.reason !== "Installing") return failed(established.message);
  return inProgress("Install in progress");
}

/** A Pod is as desired when it is ready or has ended, however it ended. */
export function pod(object: Resource, now: number): Health {
  const phase = textAt(object, ["status", "phase"]);
  switch (phase) {
    case "Succeeded":
      return current("Pod has completed successfully");
    case "Failed":
      return current("Pod has completed, but not successfully");
    case "Running":
      return runningPod(object);
    case "Pending":
      return pendingPod(object, now);
    default:
      return inProgress("Pod phase not available");
  }
}

function runningPod(object: Resource): Health {
  if (conditionOf(object, "Ready")?.status === "True") return current("Pod is Ready");
  const crashing = crashingContainers(object);
  if (crashing.length > 0) return failed(`Containers in CrashLoop state: ${crashing.join(",")}`);
  return inProgress("Pod is running but is not Ready");
}

function pendingPod(object: Resource, now: number): Health {
  const scheduled = conditionOf(object, "PodScheduled");
  if (scheduled?.status !== "False" || scheduled.reason !== "Unschedulable") {
    return inProgress("Pod is in the Pending phase");
  }
  const created = Date.parse(object.metadata.creationTimestamp ?? "");
  const waitingMs = Number.isNaN(created) ? 0 : now - created;
  return waitingMs > schedulingGraceMs
    ? failed("Pod could not be scheduled")
    : inProgress("Pod has not been scheduled");
}

function crashingContainers(object: Resource): readonly string[] {
  const list = fieldAt(object, ["status", "containerStatuses"]);
  if (!Array.isArray(list)) return [];
  return list
    .filter((container: unknown) => textAt(container, ["state", "waiting", "reason"]) === "CrashLoopBackOff")
    .map((container: unknown) => textAt(container, ["name"]));
}
