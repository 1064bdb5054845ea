import type { SourceReport } from "#core/app/app-report.ts";
import { textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import type { Revision } from "#core/source/source.ts";

/** A report of a source that failed. */
export type SourceFailureReport = Extract<SourceReport["state"], { kind: "failed" }>;

/** What statuses and events say differently of one kind of source. */
export interface SourceWords {
  /** The message of a source that is ready. */
  stored(revision: Revision, object: Resource): string;
  /** The reason of a source that is ready, where it is another than `Succeeded`. */
  readyReason?(object: Resource, revision: Revision): string;
  /** The message of the event that tells of a new revision. */
  news(revision: Revision, object: Resource): string;
  /** The message where the signature of a revision is one that was asked for, unless it lists what was signed. */
  verified?(revision: Revision): string;
  /** Why fetching failed, for causes that are neither a credential nor the spec. */
  failure(failure: SourceFailureReport, object: Resource): FailureWords;
  /** What is said instead of an invalid spec when it is what the object refers to that cannot be used. */
  unavailable?(problems: readonly Problem[]): FailureWords | undefined;
  /** Digest of a revision's content, `<algorithm>:<hex>`. */
  digest(revision: Revision): string;
  /** Fields of the spec that the status repeats for the content that was stored. */
  readonly observed: Readonly<Record<string, string>>;
  /** Name of the artifact's file, where it is another than that of a tarball. */
  file?(revision: Revision, object: Resource): string;
  /** The one file of the source that is served as it is, where it is not a tarball of all. */
  served?(object: Resource): string | null;
  /** Further fields of the status for the content that was stored. */
  told?(object: Resource, revision: Revision): Readonly<Record<string, unknown>>;
}

/** How the message begins of a source that is not signed as asked. */
export function unverified(object: Resource): string {
  const provider = textAt(object, ["spec", "verify", "provider"]) || "cosign";
  const isKeyless = provider === "cosign" && textAt(object, ["spec", "verify", "secretRef", "name"]) === "";
  return `failed to verify the signature using provider '${provider}${isKeyless ? " keyless" : ""}': `;
}

/** How a failure reads. */
export interface FailureWords {
  readonly reason: string;
  readonly message: string;
  /** The condition that tells of it, where it is another than `FetchFailed`. */
  readonly type?: "BuildFailed";
  /** Whether only a change of the object or of what it refers to can help. */
  readonly stalls?: true;
}
