import type { SourceReport, SourceReportInput } from "#core/app/app-report.ts";
import { conditionOf } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { assertNever } from "#core/result.ts";
import type { SourceFailure } from "#core/source/source-error.ts";
import type { VerifiedObject } from "#core/source/source.ts";
import type { FailureWords } from "./source-phrases.ts";
import { wordsOf } from "./source-words.ts";
import type { ConditionMark, ConditionMarks } from "./status-conditions.ts";

const noFailure: ConditionMarks = {
  BuildFailed: null,
  FetchFailed: null,
  IncludeUnavailable: null,
  StorageOperationFailed: null,
};

/** The conditions of failures that are none of fetching. */
const failing: Readonly<Partial<Record<SourceFailure, string>>> = {
  "absent-include": "IncludeUnavailable",
  "empty-include": "IncludeUnavailable",
  "misplaced-include": "StorageOperationFailed",
  storage: "StorageOperationFailed",
  "no-keys": "SourceVerified",
  "no-tag": "SourceVerified",
  "unsigned-tag": "SourceVerified",
  "unverified-tag": "SourceVerified",
  "unverified-commit": "SourceVerified",
  "unverified-artifact": "SourceVerified",
};

/** What the state of a source says in Flux's conditions. */
export function sourceMarks({ object, report }: SourceReportInput): ConditionMarks {
  const { state } = report;
  switch (state.kind) {
    case "suspended":
      return {};
    case "invalid": {
      const unavailable = wordsOf(object).unavailable?.(state.problems);
      if (unavailable) return retriedMarks(object, "FetchFailed", { status: "True", ...unavailable });
      const message = state.problems.map(({ path, message: what }) => `${path}: ${what}`).join("; ");
      return stalledMarks("InvalidSpec", message);
    }
    case "ready":
      return readyMarks(report, object);
    case "failed": {
      if (state.reason === "config")
        return { ...stalledMarks("URLInvalid", state.message), FetchFailed: failure(state, object) };
      const { type = failing[state.reason] ?? "FetchFailed", stalls, ...told } = failure(state, object);
      const mark: ConditionMark = { ...told, status: type === "SourceVerified" ? "False" : "True" };
      // A verification that failed is over; one that succeeded was that of the revision in use.
      const verified = conditionOf(object, "SourceVerified")?.status === "False" ? { SourceVerified: null } : {};
      if (stalls || state.reason === "no-tag") {
        return { ...noFailure, ...stalledMarks(mark.reason, mark.message), [type]: mark };
      }
      return { ...verified, ...retriedMarks(object, type, mark) };
    }
    default:
      return assertNever(state);
  }
}

function retriedMarks(object: Resource, type: string, mark: ConditionMark): ConditionMarks {
  const hasArtifact = conditionOf(object, "ArtifactInStorage")?.status === "True";
  const message = hasArtifact ? "reconciliation in progress" : "building artifact";
  return {
    ...noFailure,
    [type]: mark,
    Ready: { ...mark, status: "False" },
    Reconciling: { status: "True", reason: "ProgressingWithRetry", message },
    Stalled: null,
  };
}

function readyMarks({ revision, verified = [] }: SourceReport, object: Resource): ConditionMarks {
  if (revision === null) return {};
  const stored: ConditionMark = {
    status: "True",
    reason: wordsOf(object).readyReason?.(object, revision) ?? "Succeeded",
    message: wordsOf(object).stored(revision, object),
  };
  return {
    ArtifactInStorage: stored,
    ArtifactOutdated: null,
    ...noFailure,
    Ready: stored,
    Reconciling: null,
    SourceVerified: verifiedMark(verified, wordsOf(object).verified?.(revision)),
    Stalled: null,
  };
}

function verifiedMark(verified: readonly VerifiedObject[], words: string | undefined): ConditionMark | null {
  if (verified.length === 0) return null;
  if (words !== undefined) return { status: "True", reason: "Succeeded", message: words };
  const lines = verified.map(({ what, name, key }) => `\n\t- ${what} '${name}' with key '${key}'`);
  return { status: "True", reason: "Succeeded", message: `verified signature of${lines.join("")}` };
}

function stalledMarks(reason: string, message: string): ConditionMarks {
  return {
    Ready: { status: "False", reason, message },
    Reconciling: null,
    Stalled: { status: "True", reason, message },
  };
}

function failure(
  state: Extract<SourceReport["state"], { kind: "failed" }>,
  object: Resource,
): ConditionMark & FailureWords {
  if (state.reason === "config") return { status: "True", reason: "URLInvalid", message: state.message };
  if (state.reason === "auth") return { status: "True", reason: "AuthenticationFailed", message: state.message };
  if (state.reason === "storage") {
    const message = `unable to archive artifact to storage: ${state.message}`;
    return { status: "True", reason: "ArchiveOperationFailed", message };
  }
  return { status: "True", ...wordsOf(object).failure(state, object) };
}
