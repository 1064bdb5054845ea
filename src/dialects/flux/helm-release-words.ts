import { assertNever } from "#core/result.ts";
import type { ReleaseAction, ReleaseOutcome, ReleaseSnapshot } from "#core/release/release-memory.ts";
import type { ConditionMark } from "./status-conditions.ts";

/** What an outcome says and in which condition; the words are upstream's: helm-controller@v1.6.3 internal/reconcile. */
export function releasedMark(outcome: ReleaseOutcome): ConditionMark {
  const { action, ok, message } = outcome;
  switch (action) {
    case "install":
      return releaseMark(outcome, ["InstallSucceeded", "InstallFailed"], "install");
    case "uninstall": {
      const mark = releaseMark(outcome, ["UninstallSucceeded", "UninstallFailed"], "uninstall");
      // Nothing is released, whether it went well or not.
      return { ...mark, status: "False" };
    }
    case "unlock": {
      const about = `Helm release ${releaseName(outcome)} with chart ${chartName(outcome)}`;
      const said = ok
        ? `Unlocked ${about} in ${message} state`
        : `Unlock of ${about} in ${outcome.snapshot?.status ?? "pending"} state failed: ${message.trim()}`;
      return { status: "False", reason: "PendingRelease", message: said };
    }
    case "upgrade":
    case "rollback":
    case "test":
    case "correct":
      return releaseMark(outcome, ["UpgradeSucceeded", "UpgradeFailed"], "upgrade");
    default:
      return assertNever(action);
  }
}

/** What the tests of a release say. */
export function testedMark(outcome: ReleaseOutcome): ConditionMark {
  const about = `release ${releaseName(outcome)} with chart ${chartName(outcome)}: ${outcome.message.trim()}`;
  return outcome.ok
    ? { status: "True", reason: "TestSucceeded", message: `Helm test succeeded for ${about}` }
    : { status: "False", reason: "TestFailed", message: `Helm test failed for ${about}` };
}

/** What is said of a release whose tests did not run yet. */
export function awaitingTestsMark(snapshot: ReleaseSnapshot): ConditionMark {
  const message = `Helm release ${fullName(snapshot)} with chart ${versionedChart(snapshot)} is awaiting tests`;
  return { status: "Unknown", reason: "AwaitingTests", message };
}

/** What the answer to a failure says; the outcome of a rollback is about the revision that it went back to. */
export function remediatedMark(outcome: ReleaseOutcome): ConditionMark {
  const isRollback = outcome.action === "rollback";
  const what = isRollback ? "Helm rollback to previous release" : "Helm uninstall remediation for release";
  const about = `${what} ${releaseName(outcome)} with chart ${chartName(outcome)}`;
  const reason = isRollback ? "Rollback" : "Uninstall";
  return outcome.ok
    ? { status: "True", reason: `${reason}Succeeded`, message: `${about} succeeded` }
    : { status: "False", reason: `${reason}Failed`, message: `${about} failed: ${outcome.message.trim()}` };
}

/** What is said of a release that is as it shall be although the last action on it failed. */
export function inSyncMark(snapshot: ReleaseSnapshot, action: "install" | "upgrade"): ConditionMark {
  const message = `Helm ${action} succeeded for release ${fullName(snapshot)} with chart ${versionedChart(snapshot)}`;
  return { status: "True", reason: action === "install" ? "InstallSucceeded" : "UpgradeSucceeded", message };
}

/** What an action is called while it runs. */
export function actionName(action: ReleaseAction): string {
  return action === "correct" ? "correct cluster drift" : action;
}

/** A revision as upstream names it. */
export function fullName({ namespace, name, version }: ReleaseSnapshot): string {
  return `${namespace}/${name}.v${version}`;
}

function releaseMark(
  outcome: ReleaseOutcome,
  [succeeded, failed]: readonly [string, string],
  verb: string,
): ConditionMark {
  if (outcome.ok) {
    const message = `Helm ${verb} succeeded for release ${releaseName(outcome)} with chart ${chartName(outcome)}`;
    return { status: "True", reason: succeeded, message };
  }
  // A release that failed to be made is named without a revision, one that failed to be removed with it.
  const name = verb === "uninstall" ? releaseName(outcome) : outcome.about.release;
  const message = `Helm ${verb} failed for release ${name} with chart ${chartName(outcome)}: ${outcome.message.trim()}`;
  return { status: "False", reason: failed, message };
}

function releaseName({ snapshot, about }: ReleaseOutcome): string {
  return snapshot ? fullName(snapshot) : about.release;
}

function chartName({ snapshot, about }: ReleaseOutcome): string {
  return snapshot ? versionedChart(snapshot) : about.chart;
}

function versionedChart({ chartName: name, chartVersion }: ReleaseSnapshot): string {
  return `${name}@${chartVersion}`;
}
