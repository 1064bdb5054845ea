import { stableText } from "#core/resource/stable-text.ts";
import type { Resource } from "#core/resource/resource.ts";
import { fieldAt, listAt, textAt, withoutNulls } from "../fields.ts";
import { isComparedWith } from "../restore.ts";
import type { SpecFields } from "../schema.ts";

/** What a rollout looks at in an Application. */
export interface MemberState {
  readonly isHealthy: boolean;
  readonly isOutOfSync: boolean;
  readonly isProgressing: boolean;
  /** It has an order, or works on one. */
  readonly isBusy: boolean;
  /** It was synced to what its source has now. */
  readonly isSynced: boolean;
  /** Syncing it to what its source has now failed: another order would fail again. */
  readonly hasFailed: boolean;
  readonly revisions: readonly string[];
  /** Names what it is made from, whatever the revision. */
  readonly follows: string;
}

/** What an Application says of itself; while it was not compared as it shall be, it says nothing. */
export function memberStateOf(live: Resource): MemberState {
  const { status } = live;
  const spec = (withoutNulls(live["spec"]) ?? {}) as SpecFields;
  const phase = textAt(status, "operationState", "phase");
  const sync = textAt(status, "sync", "status");
  const health = textAt(status, "health", "status");
  const revisions = revisionsAt(fieldAt(status, "sync"));
  const attempted = revisionsAt(fieldAt(status, "operationState", "syncResult"));
  const isCurrent = isComparedWith(live, spec);
  const isAttempted = isCurrent && stableText(attempted) === stableText(revisions);
  const isBusy = live["operation"] !== undefined || phase === "Running" || phase === "Terminating";
  return {
    isHealthy:
      isCurrent && health === "Healthy" && sync === "Synced" && !isBusy && (phase === "Succeeded" || phase === ""),
    isOutOfSync: isCurrent && sync === "OutOfSync",
    isProgressing: isCurrent && health === "Progressing",
    isBusy,
    isSynced: phase === "Succeeded" && isAttempted && sync === "Synced",
    hasFailed: !isBusy && (phase === "Failed" || phase === "Error") && isAttempted,
    revisions,
    follows: followedBy(spec),
  };
}

function revisionsAt(value: unknown): readonly string[] {
  const several = listAt(value, "revisions").filter((one) => typeof one === "string");
  const single = textAt(value, "revision");
  return several.length > 0 || single === "" ? several : [single];
}

/** What the sources are, but for the path in them: those of the same are at the same revisions once all have looked. */
function followedBy({ source, sources }: SpecFields): string {
  const all = sources?.length ? sources : source ? [source] : [];
  return stableText(all.map(({ repoURL, chart, targetRevision }) => [repoURL, chart ?? "", targetRevision ?? ""]));
}
