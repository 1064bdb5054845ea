import type { Resource } from "#core/resource/resource.ts";
import { fieldAt, listAt, numberAt } from "../fields.ts";
import { type BuiltInAction, change, timeText } from "./built-in-action.ts";

const stepsOf = (rollout: Resource) => listAt(rollout, "spec", "strategy", "canary", "steps").length;
const stepOf = (rollout: Resource) => numberAt(rollout, "status", "currentStepIndex") ?? 0;
const isAborted = (rollout: Resource) => fieldAt(rollout, "status", "abort") === true;
const isPausedBySpec = (rollout: Resource) => fieldAt(rollout, "spec", "paused") === true;
const hasPauses = (rollout: Resource) => listAt(rollout, "status", "pauseConditions").length > 0;

/** Nothing is under way: what runs is what was declared last, or its controller has not looked at it. */
function isPromoted(rollout: Resource): boolean {
  const status = rollout["status"];
  return status === undefined || fieldAt(status, "currentPodHash") === fieldAt(status, "stableRS");
}

/** What may be done to a Rollout. */
export const rolloutActions: readonly BuiltInAction[] = [
  change("restart", (_rollout, { now }) => ({ spec: { restartAt: timeText(now) } }), { displayName: "Restart Pods" }),
  change(
    "resume",
    (rollout) => ({
      ...(hasPauses(rollout) && { status: { pauseConditions: null } }),
      ...(isPausedBySpec(rollout) && { spec: { paused: false } }),
    }),
    { disabled: (rollout) => !hasPauses(rollout) && !isPausedBySpec(rollout) },
  ),
  change("abort", { status: { abort: true } }, { disabled: (rollout) => isPromoted(rollout) || isAborted(rollout) }),
  change("retry", { status: { abort: null } }, { disabled: (rollout) => isPromoted(rollout) || !isAborted(rollout) }),
  change(
    "pause",
    { spec: { paused: true } },
    { disabled: (rollout) => isPromoted(rollout) || isAborted(rollout) || isPausedBySpec(rollout) },
  ),
  change("promote-full", { status: { promoteFull: true } }, { disabled: isPromoted }),
  change(
    "skip-current-step",
    (rollout) => ({ status: { currentStepIndex: stepOf(rollout) + 1, pauseConditions: null } }),
    {
      disabled: (rollout) =>
        stepsOf(rollout) === 0 || rollout["status"] === undefined || stepOf(rollout) >= stepsOf(rollout),
    },
  ),
];
