/** What is known when an app has been compared and nothing runs for it. Times are milliseconds since the epoch. */
export interface SyncQuestion {
  readonly now: number;
  readonly mode: "auto" | "manual";
  readonly selfHeal: boolean;
  /** A person's order that was not handled yet. */
  readonly ordered: boolean;
  /** The order was carried out before, failed, and asks for retries. */
  readonly retriedOrder: boolean;
  /** Whether carrying the plan out would send anything. */
  readonly work: boolean;
  /** How this very content was attempted before; null: it was not. */
  readonly attempt: {
    readonly outcome: "succeeded" | "failed";
    readonly failures: number;
    readonly retryAt: number | null;
  } | null;
  /** The source has another revision than the last attempt. */
  readonly revisionMoved: boolean;
  /** A restarted controller finds this revision recorded as applied, for the very spec that the app has. */
  readonly knownApplied: boolean;
  /** Deletions that had to wait when this content was attempted may happen now. */
  readonly released: boolean;
  /** Objects that the app waits for are not healthy although its last sync ended well. */
  readonly gateLost: boolean;
}

/** What to do about an app. */
export type SyncDecision =
  | { readonly kind: "sync"; readonly heal: boolean; readonly retries: number }
  /** As declared. */
  | { readonly kind: "rest" }
  /** Differs and waits for a person. */
  | { readonly kind: "out-of-sync" }
  /** Failed before: the next attempt comes at `at`, or never by itself (null). */
  | { readonly kind: "failed"; readonly at: number | null };

/** Decides whether a sync begins now. Pure: the same answers always give the same decision. */
export function decideSync(question: SyncQuestion): SyncDecision {
  const { attempt, work } = question;
  if (question.ordered && question.retriedOrder && attempt?.outcome === "failed")
    return afterFailure(question, attempt);
  if (question.ordered) return { kind: "sync", heal: false, retries: 0 };
  if (question.mode === "manual") return work ? { kind: "out-of-sync" } : { kind: "rest" };
  if (attempt === null && !question.knownApplied) return { kind: "sync", heal: false, retries: 0 };
  if (question.revisionMoved) return { kind: "sync", heal: false, retries: 0 };
  if (attempt?.outcome === "failed") return afterFailure(question, attempt);
  if (question.released) return { kind: "sync", heal: false, retries: 0 };
  if (!work) return rest(question);
  return question.selfHeal ? { kind: "sync", heal: true, retries: 0 } : { kind: "out-of-sync" };
}

function rest(question: SyncQuestion): SyncDecision {
  return question.gateLost ? { kind: "sync", heal: true, retries: 0 } : { kind: "rest" };
}

function afterFailure(
  question: SyncQuestion,
  attempt: { readonly failures: number; readonly retryAt: number | null },
): SyncDecision {
  if (attempt.retryAt === null || question.now < attempt.retryAt) return { kind: "failed", at: attempt.retryAt };
  return { kind: "sync", heal: false, retries: attempt.failures };
}
