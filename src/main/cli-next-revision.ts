import {
  decideRelease,
  type ReleaseDecision,
  type StoredRevision,
  type WantedRelease,
} from "#core/release/decide-release.ts";
import type { ReleaseMemory } from "#core/release/release-memory.ts";
import type { ReleasePolicy } from "#core/release/release-policy.ts";

/** An installation or upgrade, and why it is due. */
export interface NextAction {
  readonly action: "install" | "upgrade";
  readonly why: string;
}

/**
 * The installation or upgrade that is due now, or would be if failures were forgotten: what was given up, is gone back
 * from or is in the middle of something differs from what is declared all the same. Null: nothing is due.
 */
export function nextAction(known: {
  readonly policy: ReleasePolicy;
  readonly memory: ReleaseMemory;
  readonly wanted: WantedRelease;
  readonly stored: StoredRevision | null;
}): NextAction | null {
  const { policy, memory, stored } = known;
  const question = { ...known, done: [], drifted: false, canRollBack: true };
  const now = decideRelease(question);
  if (isRelease(now)) return { action: now.action, why: now.reason };
  const later = decideRelease({
    ...question,
    policy: { ...policy, test: { ...policy.test, enable: false } },
    memory: { ...memory, failures: 0, installFailures: 0, upgradeFailures: 0 },
    stored: stored?.status.startsWith("pending-") ? { ...stored, status: "failed" } : stored,
  });
  if (!isRelease(later)) return null;
  const why = now.kind === "stalled" ? now.message : now.kind === "act" ? now.reason : "";
  return { action: later.action, why };
}

type Release = Extract<ReleaseDecision, { kind: "act" }> & Pick<NextAction, "action">;

function isRelease(decision: ReleaseDecision): decision is Release {
  return decision.kind === "act" && (decision.action === "install" || decision.action === "upgrade");
}
