import type { AppPhase } from "#core/app/app-report.ts";
import { digestText } from "#core/resource/digest.ts";
import { annotationsOf } from "#core/resource/resource.ts";
import type { AppRecord } from "./app-registry.ts";
import type { AppWork } from "./app-state.ts";
import { APPROVE_ANNOTATION } from "./plan-app.ts";

/**
 * Says why nothing may be done on the cluster that stands now where the app's objects were put: it is another one. Null
 * where it is the same, where the app was sent to another cluster, or where a person approved it. @throws ApiError
 */
export async function strangeCluster(
  { context, state }: AppWork,
  record: AppRecord,
  signal: AbortSignal,
): Promise<AppPhase | null> {
  const { identity, inventories } = context;
  const { key } = state.app;
  const uid = identity ? await identity.uid(signal) : "";
  if (!identity || uid === "") return null;
  const now = `${uid} ${identity.name}`;
  const [before = "", ...words] = inventories.clusterOf(key).split(" ");
  const approval = digestText(now).slice(0, 16);
  const isSame = before === "" || before === uid || words.join(" ") !== identity.name;
  const hasNothing = inventories.of(key).size === 0;
  if (isSame || hasNothing || annotationsOf(record.object)[APPROVE_ANNOTATION] === approval) {
    inventories.place(key, now);
    return null;
  }
  const message =
    `cluster '${identity.name}' is another one than before: the uid of its kube-system is ${uid}, and the objects of this app ` +
    `were put on ${before}. Nothing is done there. To go on with the new one, where the objects are made anew: ` +
    `kubectl annotate --overwrite ${record.object.kind.toLowerCase()} ${record.object.metadata.name} ` +
    `-n ${record.object.metadata.namespace ?? ""} ${APPROVE_ANNOTATION}=${approval}`;
  return { kind: "sync-failed", step: "preflight", message, retryAt: null, unreachable: true };
}
