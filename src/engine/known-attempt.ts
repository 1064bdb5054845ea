import type { SyncRequest } from "#core/app/app.ts";
import type { Revision } from "#core/source/source.ts";
import type { AppState } from "./app-state.ts";
import type { DesiredSet } from "./desired-set.ts";

/** What is to be attempted. */
export interface Attempted {
  readonly desired: DesiredSet;
  readonly revision: Revision;
  readonly request: SyncRequest | null;
  readonly now: number;
}

/** How this was attempted before, also by another process, and whether that was for the very order that stands now. */
export function knownAttempt(
  state: AppState,
  about: Attempted,
): { readonly attempt: AppState["attempt"]; readonly retriedOrder: boolean } {
  const { desired, request } = about;
  state.attempt ??= toldAttempt(state, about);
  state.toldFailure = null;
  const retriedOrder = request !== null && state.lastSync?.request?.token === request.token;
  // An order is the same order whatever it is about by now.
  const attempt = retriedOrder || state.attempt?.digest === desired.digest ? state.attempt : null;
  return { attempt, retriedOrder };
}

/** What the status tells of a failure counts for the content that it was about. */
function toldAttempt(state: AppState, { desired, revision, request, now }: Attempted): AppState["attempt"] {
  const { toldFailure, lastSync, app } = state;
  if (!toldFailure || !lastSync || state.restoredSpec !== app.specDigest) return null;
  if (lastSync.revision.text !== revision.text || lastSync.request?.token !== request?.token) return null;
  const failures = lastSync.retries + 1;
  const { baseMs, factor, maxMs } = request?.retry ?? app.policy.retry;
  const waitMs = Math.min(maxMs, baseMs * factor ** Math.min(failures - 1, 40));
  const retryAt = toldFailure.isRetried ? (lastSync.finishedAt ?? now) + waitMs : null;
  return { digest: desired.digest, outcome: "failed", failures, retryAt };
}
