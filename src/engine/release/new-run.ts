import type { AppPhase } from "#core/app/app-report.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import type { Plan } from "#core/plan/plan.ts";
import type { ReleaseAction, ReleaseSnapshot } from "#core/release/release-memory.ts";
import { hooksOf, type ReleaseHook, type ReleaseSteps } from "#core/release/release-plan.ts";
import type { ActionPolicy } from "#core/release/release-policy.ts";
import type { DesiredSet } from "../desired-set.ts";
import { planApp } from "../plan-app.ts";
import { noteHeld } from "../sync-app.ts";
import type { HeldRelease, ReleaseRun, WantedChart } from "./release-state.ts";
import type { ReleaseStorage, StoredSummary } from "./release-store-index.ts";
import type { ReleaseWork } from "./release-work.ts";

/** What to do, and what is known of the release. */
export interface ActionStart {
  readonly action: ReleaseAction;
  /** Why, in words for a person. */
  readonly reason: string;
  readonly storage: ReleaseStorage;
  readonly wanted: WantedChart | null;
  readonly held: HeldRelease | null;
  readonly records: readonly StoredSummary[];
  /** Nothing is written, only what is left over goes. */
  readonly only?: "removals";
}

/** What comes of beginning an action; null: what it needs to know is still being read. */
export type Turn = AppPhase | null | "again";

/** Plans the objects of a release. */
export async function planOf({ work }: ReleaseWork, desired: DesiredSet, signal: AbortSignal): Promise<Plan> {
  const plan = await planApp(work, { desired, revision: "", request: null, deleting: false }, signal);
  work.state.waiting = plan.waiting;
  noteHeld(work.state, plan);
  return plan;
}

/** An action that is about to begin. */
export function newRun(
  { work }: ReleaseWork,
  parts: {
    readonly start: ActionStart;
    readonly rules: Pick<ActionPolicy, "timeoutMs">;
    readonly hooks: readonly ReleaseHook[];
    readonly desired: DesiredSet;
    readonly record: ReleaseRun["record"];
    readonly target?: ReleaseSnapshot;
  },
): ReleaseRun {
  const { start, rules, hooks, desired, record } = parts;
  return {
    action: start.action,
    reason: start.reason,
    startedAt: work.context.clock.now(),
    timeoutMs: rules.timeoutMs,
    storage: start.storage,
    specDigest: work.state.app.specDigest,
    wanted: start.wanted,
    record,
    hooks,
    desired,
    before: start.held?.desired ?? null,
    target: parts.target ?? null,
  };
}

/** The objects of the hooks of some events. */
export function due(hooks: readonly ReleaseHook[], events: readonly ReleaseSteps["before"][]): Desired[] {
  return events.flatMap((event) => (event ? hooksOf(hooks, event) : [])).map(({ desired }) => desired);
}

/** The revision that an action is about. */
export function revisionOf({ wanted }: ActionStart): string {
  return wanted?.revision.text ?? "";
}
