import { DeadlineError, sleep } from "#async/with-deadline.ts";

/** Why an attempt did not succeed, and whether another one may. */
export interface FailedAttempt<E extends Error> {
  readonly error: E;
  readonly retryAfterMs?: number | undefined;
  readonly passes: boolean;
  /** `once`: another way is there to be tried, without waiting. */
  readonly at: "once" | "later";
}

/** What is asked, and how a missed deadline is told. */
export interface Asking<T, E extends Error> {
  readonly attempt: () => Promise<{ readonly value: T } | FailedAttempt<E>>;
  /** The error for a deadline that passed; `state` as it reads after "Cannot …: ". */
  readonly late: (state: string, cause: DeadlineError) => E;
  readonly random: () => number;
}

const attempts = 4;
const backoffMs = 500;
const longestWaitMs = 60_000;

/** Asks until an attempt succeeds or no other may. @throws E, of the last attempt or of the deadline */
export async function askAgain<T, E extends Error>(asking: Asking<T, E>, signal: AbortSignal): Promise<T> {
  let last: E | undefined;
  try {
    for (let attempt = 1; ; attempt++) {
      const outcome = await asking.attempt();
      if ("value" in outcome) return outcome.value;
      last = outcome.error;
      const waitMs = waitOf(attempt, outcome, asking.random);
      if (!outcome.passes || attempt >= attempts || waitMs > longestWaitMs) throw outcome.error;
      await sleep(waitMs, signal);
    }
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    const since = last === undefined ? "" : `; last, ${last.message.replace(/^Cannot /, "it could not ")}`;
    throw asking.late(`no answer within ${error.limitMs / 1000} s${since}`, error);
  }
}

function waitOf(attempt: number, failed: FailedAttempt<Error>, random: () => number): number {
  if (failed.at === "once") return 0;
  return Math.max(backoffMs * 2 ** (attempt - 1) * (0.5 + random() / 2), failed.retryAfterMs ?? 0);
}
