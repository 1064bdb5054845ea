import { ApiError } from "#core/cluster/api-error.ts";
import { fieldAt, numberAt, textAt } from "#core/health/condition.ts";
import type { ClusterClient } from "#engine/ports.ts";

/** Whether a controller leads now: its identity, or why none is known to. */
export type Leader = { readonly holder: string } | { readonly holder: null; readonly reason: string };

/** Reads the lease of the controllers that run in the usual namespace. */
export async function currentLeader(client: ClusterClient, signal: AbortSignal): Promise<Leader> {
  const ref = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    namespace: "holdfast-system",
    name: "holdfast-controller",
  };
  try {
    const lease = await client.get(ref, { signal });
    if (!lease) return { holder: null, reason: "no controller has ever run (there is no lease in holdfast-system)" };
    const holder = textAt(lease, ["spec", "holderIdentity"]);
    const renewed = Date.parse(String(fieldAt(lease, ["spec", "renewTime"])));
    const lasts = numberAt(lease, ["spec", "leaseDurationSeconds"], 15) * 1_000;
    if (holder !== "" && Date.now() - renewed < lasts + 5_000) return { holder };
    return { holder: null, reason: `no controller has led since ${new Date(renewed || 0).toISOString()}` };
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 403) throw error;
    return { holder: null, reason: "you may not read its lease in holdfast-system" };
  }
}
