import { updated } from "#core/plan/inventory.ts";
import { changesOf } from "#core/plan/plan.ts";
import type { IdKey } from "#core/resource/resource-id.ts";
import { planApp } from "../plan-app.ts";
import { writeChanges } from "../write-changes.ts";
import type { EndedRun, ReleaseRun } from "./release-state.ts";
import type { ReleaseWork } from "./release-work.ts";

/** Where a failed upgrade or rollback shall leave nothing behind, what it created is deleted. */
export async function cleanUpAfterFailure(
  { work, policy }: ReleaseWork,
  { run, ended }: { readonly run: ReleaseRun; readonly ended: EndedRun },
  signal: AbortSignal,
): Promise<void> {
  const { context, state } = work;
  const { action, before } = run;
  if ((action !== "upgrade" && action !== "rollback") || !policy[action].cleanupOnFail || !before) return;
  const isNew = (key: IdKey) =>
    ended.machine.results.get(key)?.outcome === "created" && run.desired.byKey.has(key) && !before.byKey.has(key);
  const plan = await planApp(work, { desired: before, revision: "", request: null, deleting: false }, signal);
  const changes = changesOf(plan).filter((change) => change.action === "delete" && isNew(change.key));
  if (changes.length === 0) return;
  const { entries } = await writeChanges(work, { byKey: new Map(), changes }, signal);
  await context.inventories.write(state.app, updated(context.inventories.of(state.app.key), entries), signal);
}
