import type { ObjectResult, SyncReport } from "#core/app/app-report.ts";
import { objectImages, type ResourceRow, shownObjects } from "./report-resources.ts";
import type { ReportContext } from "./report-context.ts";
import { waveOf } from "./stages.ts";

/** The rows of `syncResult.resources`, in the order of execution. */
export function resultRows(context: ReportContext, sync: SyncReport): ResourceRow[] {
  const objects = new Map(context.report.objects.map((object) => [object.key, object]));
  const waves = new Map(
    sync.results.map(({ key }) => {
      const declared = objects.get(key)?.declared;
      return [key, declared ? waveOf(declared) : 0];
    }),
  );
  const last = Math.max(0, ...waves.values());
  const rows = sync.results.map((result) => {
    const object = objects.get(result.key);
    const images = object ? objectImages(object) : [];
    return {
      group: result.id.group,
      hookPhase: result.phase ?? hookPhaseOf(result, (waves.get(result.key) ?? 0) < last),
      ...(result.hook === undefined ? {} : { hookType: result.hook }),
      ...(images.length === 0 || result.outcome === "failed" ? {} : { images }),
      kind: result.id.kind,
      message: messageOf(result, sync.request?.dryRun ?? false),
      name: result.id.name,
      // Upstream writes the app's namespace for cluster-scoped objects, and readers match rows by it.
      namespace: result.id.namespace || (context.spec.destination?.namespace ?? ""),
      status: STATUSES[result.outcome],
      syncPhase: result.hook ?? "Sync",
      version: result.version,
    };
  });
  return [...rows, ...skippedRows(context, sync)];
}

/** What a sync left on the cluster though nothing declares it any more. */
function skippedRows(context: ReportContext, sync: SyncReport): ResourceRow[] {
  const isPartial = sync.request?.only !== null && sync.request?.only !== undefined;
  if (isPartial || sync.healAttempts > 0) return [];
  const done = new Set(sync.results.map(({ key }) => key));
  const left = shownObjects(context).filter(
    ({ key, comparison, hook }) => comparison === "extra" && !hook && !done.has(key),
  );
  const isHeld = context.report.notices.some(({ kind }) => kind === "held");
  const prunes = sync.request?.prune ?? context.app?.policy.prune ?? false;
  const message = isHeld ? "held back until it is approved" : `ignored (${prunes ? "no prune" : "requires pruning"})`;
  return left.map(({ id, version }) => ({
    group: id.group,
    hookPhase: "Succeeded",
    kind: id.kind,
    message,
    name: id.name,
    namespace: id.namespace || (context.spec.destination?.namespace ?? ""),
    status: "PruneSkipped",
    syncPhase: "Sync",
    version,
  }));
}

const STATUSES: Readonly<Record<ObjectResult["outcome"], string>> = {
  created: "Synced",
  changed: "Synced",
  unchanged: "Synced",
  deleted: "Pruned",
  kept: "PruneSkipped",
  failed: "SyncFailed",
};

/** What became of the objects of one wave is known once the next has begun; a wave is not waited for otherwise. */
function hookPhaseOf(result: ObjectResult, waitedFor: boolean): string {
  if (result.outcome === "failed") return "Failed";
  if (result.outcome === "deleted" || result.outcome === "kept") return "Succeeded";
  return waitedFor ? "Succeeded" : "Running";
}

function messageOf(result: ObjectResult, dryRun: boolean): string {
  const { id, outcome } = result;
  if (result.hook !== undefined && result.message !== "" && !dryRun) return result.message;
  const suffix = dryRun ? " (dry run)" : "";
  const kind = id.kind.toLowerCase();
  const subject = `${id.group === "" ? kind : `${kind}.${id.group}`}/${id.name}`;
  switch (outcome) {
    case "created":
      return `${subject} created${suffix}`;
    case "changed":
      return `${subject} configured${suffix}`;
    case "unchanged":
      return `${subject} unchanged${suffix}`;
    case "deleted":
      return `pruned${suffix}`;
    case "kept":
      return "ignored (no prune)";
    case "failed":
      return result.message;
  }
}
