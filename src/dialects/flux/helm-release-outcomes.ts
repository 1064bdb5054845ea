import type { App } from "#core/app/app.ts";
import type { ReportInput } from "#core/app/app-report.ts";
import { conditionOf, conditionsOf } from "#core/health/condition.ts";
import { previousOf, type ReleaseMemory, type ReleaseOutcome } from "#core/release/release-memory.ts";
import type { ReleaseReport } from "#core/release/release-report.ts";
import {
  awaitingTestsMark,
  fullName,
  inSyncMark,
  releasedMark,
  remediatedMark,
  testedMark,
} from "./helm-release-words.ts";
import { alreadySays, type ConditionMark, type ConditionMarks } from "./status-conditions.ts";

/** The conditions that tell how actions ended; what this process does not know stays as the status has it. */
export function outcomeMarks(input: ReportInput, release: ReleaseReport, state?: "settled"): ConditionMarks {
  const outcomes = outcomesOf(input, release);
  const { Released: released, TestSuccess: tested, Remediated: remediated } = outcomes;
  const told = (type: string, one: ToldOutcome | undefined) => (one ? keptOrNew(input, type, one) : undefined);
  const marks: ConditionMarks = {
    Released: told("Released", released),
    TestSuccess: input.app?.release?.test.enable
      ? tested
        ? told("TestSuccess", tested)
        : untestedMark(release)
      : null,
    // A new installation or upgrade makes what an earlier failure led to a thing of the past.
    Remediated: remediated ? told("Remediated", remediated) : isAttempt(release.released) ? null : undefined,
    Drifted: driftMark(input, release),
  };
  return state === "settled" ? { ...marks, ...inSyncMarks(input, release, marks) } : marks;
}

/** An outcome and what the condition for it says. */
export interface ToldOutcome {
  readonly outcome: ReleaseOutcome;
  readonly mark: ConditionMark;
}

/** What this process did, by the condition that tells of it. */
export function outcomesOf(
  { app }: ReportInput,
  { released, tested, remediated, memory }: ReleaseReport,
): Readonly<Partial<Record<"Released" | "TestSuccess" | "Remediated", ToldOutcome>>> {
  // A release that goes with its object is removed for no failure.
  const isRemoved = app?.deleting === true && remediated?.action === "uninstall";
  const [latest = null] = memory.history;
  // Of what leaves no record, the newest revision tells what it was about.
  const recorded = (outcome: ReleaseOutcome) => ({ ...outcome, snapshot: outcome.snapshot ?? latest });
  const about = isRemoved ? recorded(remediated) : released;
  const test = tested && recorded(tested);
  const answer = isRemoved ? null : remediated && recorded(backTo(app, remediated, memory));
  return {
    ...(about && { Released: { outcome: about, mark: releasedMark(about) } }),
    ...(test && { TestSuccess: { outcome: test, mark: testedMark(test) } }),
    ...(answer && { Remediated: { outcome: answer, mark: remediatedMark(answer) } }),
  };
}

/** A rollback is told by the revision that it went back to, not by the one that it made. */
function backTo(app: App | null, outcome: ReleaseOutcome, { history }: ReleaseMemory): ReleaseOutcome {
  if (outcome.action !== "rollback") return outcome;
  const { upgrade, test } = app?.release ?? {};
  const policy = upgrade?.onFailure;
  const ignoreTests = policy?.kind === "remediate" ? policy.ignoreTests : (test?.ignoreFailures ?? false);
  return { ...outcome, snapshot: previousOf(history, ignoreTests) ?? outcome.snapshot };
}

/** What the status says already of an earlier generation stays as said of that. */
function keptOrNew({ object }: ReportInput, type: string, { outcome, mark }: ToldOutcome): ConditionMark | undefined {
  const isOld = outcome.generation !== object.metadata.generation;
  return isOld && alreadySays(conditionOf(object, type), mark) ? undefined : mark;
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

function isAttempt(outcome: ReleaseOutcome | null): outcome is ReleaseOutcome {
  return outcome?.action === "install" || outcome?.action === "upgrade";
}

/** What is said of tests that did not run since the release was made. */
function untestedMark({ released, memory }: ReleaseReport): ConditionMark | null | undefined {
  if (!isAttempt(released)) return undefined;
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
