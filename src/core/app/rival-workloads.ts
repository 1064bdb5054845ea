import type { Resource } from "../resource/resource.ts";
import type { ResourceId } from "../resource/resource-id.ts";
import type { Rules } from "./rules.ts";

/** Whether one of these objects is a workload of the vendor's own controller. */
export function runsRival(
  { workloadNames }: Pick<Rules["rival"], "workloadNames">,
  ids: Iterable<ResourceId>,
): boolean {
  for (const { group, kind, name } of ids) {
    const isWorkload = group === "apps" && (kind === "Deployment" || kind === "StatefulSet");
    if (isWorkload && workloadNames.includes(name)) return true;
  }
  return false;
}

/** Whether a workload is declared to run at all. */
export function hasReplicas(workload: Resource): boolean {
  return (workload["spec"] as { replicas?: unknown } | undefined)?.replicas !== 0;
}
