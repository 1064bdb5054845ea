import type { Reason } from "#contract/why-view.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { conditionOf } from "#core/health/condition.ts";
import type { ReleasePolicy } from "#core/release/release-policy.ts";
import { labelsOf, type Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import type { FoundApp } from "./cli-app-record.ts";
import { releaseRecords, versionOf } from "./cli-release-records.ts";
import { withTarget } from "./cli-target.ts";

/** What is peculiar to releases of Helm: retries that are used up, another's action, drift, failed tests. */
export async function releaseReasons(
  { client, record }: FoundApp,
  policy: ReleasePolicy,
  signal: AbortSignal,
): Promise<Reason[]> {
  const { key, object } = record;
  const reasons = await lockReasons({ client, record }, policy, signal);
  const [stalled, drifted, tested] = ["Stalled", "Drifted", "TestSuccess"].map((type) => conditionOf(object, type));
  if (stalled?.status === "True" && stalled.reason === "RetriesExceeded") {
    const advice = `A change of chart or values starts over; to try the same again: holdfast reconcile ${key} --reset`;
    reasons.push({ rule: "retries", blocks: true, message: `${stalled.message}: it is tried no more`, advice });
  }
  if (drifted?.status === "True") {
    const advice =
      policy.drift === "warn" ? `spec.driftDetection.mode is warn; correct it: holdfast sync ${key} --force` : "";
    reasons.push({ rule: "drift", blocks: false, message: drifted.message, advice });
  }
  if (tested?.status === "False" && conditionOf(object, "Ready")?.status === "True") {
    reasons.push({ rule: "tests", blocks: false, message: tested.message, advice: "" });
  }
  return reasons;
}

/** An action that is in the middle and is not the controller's own: that one says that it runs. */
async function lockReasons(
  { client, record }: FoundApp,
  policy: ReleasePolicy,
  signal: AbortSignal,
): Promise<Reason[]> {
  if (conditionOf(record.object, "Reconciling")?.reason === "Progressing") return [];
  const newest = await newestRecord({ client, record }, policy, signal);
  const status = newest && labelsOf(newest)["status"];
  if (!newest || !status || !(status.startsWith("pending-") || status === "uninstalling")) return [];
  const message = `revision ${versionOf(newest)} is in status ${status}, by somebody else's hand`;
  const seconds = Math.round(policy.upgrade.timeoutMs / 1_000);
  const history = `helm history ${policy.name} -n ${policy.storageNamespace}`;
  const advice = `After ${seconds} s without a change it counts as broken off and is taken up; see it: ${history}`;
  return [{ rule: "release-locked", blocks: true, message, advice }];
}

/** People who may read releases need not be able to read Secrets, or to reach another cluster. */
async function newestRecord(
  found: FoundApp,
  policy: ReleasePolicy,
  signal: AbortSignal,
): Promise<Resource | undefined> {
  try {
    return await withTarget(found, async (target) => (await releaseRecords(target, policy, signal))[0], signal);
  } catch (error) {
    if (error instanceof CliError || (error instanceof ApiError && error.code === 403)) return undefined;
    throw error;
  }
}
