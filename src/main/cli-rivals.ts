import { ApiError } from "#core/cluster/api-error.ts";
import type { Dialect } from "#core/app/dialect.ts";
import { runsRival } from "#core/app/rival-workloads.ts";
import { labelsOf } from "#core/resource/resource.ts";
import type { ClusterClient } from "#engine/ports.ts";
import type { AppRecord } from "./cli-app-record.ts";

/** Workloads of a vendor's own controller that run now (`namespace/name`); null when they may not be listed. */
export async function liveRivals(
  client: ClusterClient,
  dialect: Dialect,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  const { workloadSelector, workloadNames } = dialect.rules.rival;
  const live: string[] = [];
  for (const kind of ["Deployment", "StatefulSet"]) {
    const found = await client.kind({ group: "apps", kind }, { signal });
    if (found.known !== "yes") continue;
    try {
      for (const object of await client.list(found.info, { labelSelector: workloadSelector }, { signal })) {
        const ready = (object["status"] as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0;
        const isOurs = labelsOf(object)["app.kubernetes.io/managed-by"] === "holdfast";
        const { name, namespace = "" } = object.metadata;
        if (ready > 0 && !isOurs && workloadNames.includes(name)) live.push(`${namespace}/${name}`);
      }
    } catch (error) {
      if (error instanceof ApiError && error.code === 403) return null;
      throw error;
    }
  }
  return live;
}

/** Whether an app runs the vendor's own controller, from what its status lists. */
export function keepsRival({ dialect, object }: Pick<AppRecord, "dialect" | "object">): boolean {
  const { inventory } = dialect.restore(object);
  return runsRival(
    dialect.rules.rival,
    inventory.map(({ id }) => id),
  );
}
