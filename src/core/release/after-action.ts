import {
  type ReleaseAction,
  type ReleaseAttempt,
  type ReleaseMemory,
  type ReleaseSnapshot,
  withSnapshot,
} from "./release-memory.ts";
import type { ReleasePolicy } from "./release-policy.ts";

/** Notes what is wanted now: failures that were counted for something else, or that a person forgave, no longer count. */
export function noteWanted(memory: ReleaseMemory, wanted: ReleaseAttempt, policy: ReleasePolicy): ReleaseMemory {
  const isReset = policy.resetToken !== null && policy.resetToken !== memory.resetToken;
  const resetToken = isReset ? policy.resetToken : memory.resetToken;
  if (memory.attempted && sameAttempt(memory.attempted, wanted) && !isReset) return memory;
  return { ...memory, attempted: wanted, resetToken, failures: 0, installFailures: 0, upgradeFailures: 0 };
}

/** How an action ended, for the memory of the release. */
export interface ActionEnd {
  readonly action: ReleaseAction;
  readonly ok: boolean;
  readonly tookMs: number;
  /** The revision that it left; null: none was recorded. */
  readonly snapshot: ReleaseSnapshot | null;
}

/** What is remembered once an action ended. */
export function afterAction(memory: ReleaseMemory, end: ActionEnd, policy: ReleasePolicy): ReleaseMemory {
  const { action, snapshot } = end;
  const counted = end.ok ? memory : withFailure(memory, end);
  const forced = policy.forceToken ?? counted.forceToken;
  switch (action) {
    case "install":
    case "upgrade":
      return {
        ...counted,
        history: historyAfter(counted, end),
        lastAction: action,
        lastActionMs: end.tookMs,
        storageNamespace: policy.storageNamespace,
        forceToken: forced,
        ...(end.ok && {
          postRenderersDigest: policy.postRenderersDigest,
          commonMetadataDigest: policy.commonMetadataDigest,
        }),
      };
    case "correct":
      return counted;
    default:
      return snapshot ? { ...counted, history: withSnapshot(counted.history, snapshot) } : counted;
  }
}

function historyAfter({ history }: ReleaseMemory, { action, snapshot }: ActionEnd): readonly ReleaseSnapshot[] {
  if (!snapshot) return history;
  // What an installation finds is nobody's past.
  if (action === "install") return [snapshot];
  const before = history.map((one) => (snapshot.status === "deployed" ? superseded(one) : one));
  return withSnapshot(before, snapshot);
}

/** A revision that another one took the place of. */
function superseded(snapshot: ReleaseSnapshot): ReleaseSnapshot {
  if (snapshot.status !== "deployed") return snapshot;
  return { ...snapshot, status: "superseded", action: "" };
}

/** A failed test fails the action that it tests. */
function withFailure(memory: ReleaseMemory, { action }: ActionEnd): ReleaseMemory {
  const about = action === "test" ? memory.lastAction : action;
  const failures = memory.failures + 1;
  if (about === "install") return { ...memory, failures, installFailures: memory.installFailures + 1 };
  if (about === "upgrade") return { ...memory, failures, upgradeFailures: memory.upgradeFailures + 1 };
  return { ...memory, failures };
}

function sameAttempt(a: ReleaseAttempt, b: ReleaseAttempt): boolean {
  return (
    a.generation === b.generation &&
    a.chartVersion === b.chartVersion &&
    a.ociDigest === b.ociDigest &&
    a.configDigest === b.configDigest
  );
}
