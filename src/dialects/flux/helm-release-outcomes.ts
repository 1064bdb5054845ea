import type { ReportInput } from "#core/app/app-report.ts";
import { conditionOf, conditionsOf } from "#core/health/condition.ts";
import type { ReleaseReport } from "#core/release/release-report.ts";
import {
  awaitingTestsMark,
  fullName,
  inSyncMark,
  releasedMark,
  remediatedMark,
  testedMark,
} from "./helm-release-words.ts";
import type { ConditionMark, ConditionMarks } from "./status-conditions.ts";

/** The conditions that tell how actions ended; what this process does not know stays as the status has it. */
export function outcomeMarks(input: ReportInput, release: ReleaseReport, state?: "settled"): ConditionMarks {
  const { released, remediated } = release;
  const marks: ConditionMarks = {
    Released: released ? releasedMark(released) : undefined,
    TestSuccess: testMark(input, release),
    // A new installation or upgrade makes what an earlier failure led to a thing of the past.
    Remediated: remediated ? remediatedMark(remediated) : released && isAttempt(released.action) ? null : undefined,
    Drifted: driftMark(input, release),
  };
  return state === "settled" ? { ...marks, ...inSyncMarks(input, release, marks) } : marks;
}

/** Ready says what the most telling of the others says: upstream's summary. Undefined when none of them is known. */
export function releaseSummary({ app, object }: ReportInput, marks: ConditionMarks): ConditionMark | undefined {
  const test = app?.release?.test;
  const types =
    test?.enable && !test.ignoreFailures ? ["Remediated", "TestSuccess", "Released"] : ["Remediated", "Released"];
  const generation = object.metadata.generation ?? 0;
  const known = types.flatMap((type) => {
    const mark = marks[type];
    if (mark === null) return [];
    if (mark) return [{ type, mark, generation }];
    const old = conditionOf(object, type);
    if (!old) return [];
    return [{ type, mark: old as ConditionMark, generation: old.observedGeneration ?? 0 }];
  });
  const newest = Math.max(...known.map((one) => one.generation));
  const first = known.find((one) => one.generation === newest);
  if (!first) return undefined;
  const { status, reason, message } = first.mark;
  // Even a failure that was dealt with is one.
  return { status: first.type === "Remediated" ? "False" : status, reason, message };
}

function isAttempt(action: string): boolean {
  return action === "install" || action === "upgrade";
}

function testMark({ app }: ReportInput, { released, tested, memory }: ReleaseReport): ConditionMark | null | undefined {
  if (!app?.release?.test.enable) return null;
  if (tested) return testedMark(tested);
  if (!released || !isAttempt(released.action)) return undefined;
  const latest = released.snapshot ?? memory.history[0];
  return released.ok && latest && latest.tests === undefined ? awaitingTestsMark(latest) : null;
}

function driftMark({ app }: ReportInput, { drift, memory }: ReleaseReport): ConditionMark | null | undefined {
  if (app?.release?.drift === "disabled") return null;
  if (!drift) return undefined;
  if (!drift.found) {
    const message = "No drift detected against the cluster state";
    return { status: "False", reason: "NoDriftDetected", message };
  }
  const [latest] = memory.history;
  const name = latest ? fullName(latest) : "";
  const message = `Cluster state of release ${name} has drifted from the desired state:\n${drift.message}`;
  return { status: "True", reason: "DriftDetected", message };
}

/** A release can be as it shall be again without another action, for instance after it was rolled back to just that. */
function inSyncMarks(
  { object }: ReportInput,
  { memory, stalled }: ReleaseReport,
  marks: ConditionMarks,
): ConditionMarks {
  const [latest] = memory.history;
  if (!latest || stalled !== null) return {};
  const known = Object.fromEntries(conditionsOf(object).map((condition) => [condition.type, condition]));
  const now = (type: string) => (marks[type] === undefined ? known[type] : marks[type]);
  if (now("Remediated")?.status === "True") return { Remediated: null, Released: inSyncMark(latest, "upgrade") };
  const reason = now("Released")?.reason;
  if (reason === "InstallFailed") return { Released: inSyncMark(latest, "install") };
  return reason === "UpgradeFailed" ? { Released: inSyncMark(latest, "upgrade") } : {};
}
