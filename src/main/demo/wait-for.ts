import { DeadlineError, sleep, withDeadline } from "#async/with-deadline.ts";
import { StoryError } from "./story.ts";

/** What is waited for, in words that end "Cannot go on: … ", and for how long. */
export interface Awaited<T> {
  readonly what: string;
  readonly limitMs?: number;
  readonly everyMs?: number;
  /** Anything but false and null ends the wait. */
  readonly probe: (signal: AbortSignal) => Promise<T | false | null>;
  /** What there was instead, for the message of a failure. */
  readonly lastSeen?: () => string;
}

/** Looks again and again until something is the case. @throws StoryError when it does not come in time */
export async function waitFor<T>(wait: Awaited<T>, signal: AbortSignal): Promise<T> {
  const { what, limitMs = 30_000, everyMs = 50, probe, lastSeen } = wait;
  try {
    return await withDeadline(signal, limitMs, async (scope) => {
      for (;;) {
        const found = await probe(scope);
        if (found !== false && found !== null) return found;
        await sleep(everyMs, scope);
      }
    });
  } catch (error) {
    if (signal.aborted || !isDeadline(error)) throw error;
    const last = lastSeen === undefined ? "" : `; last seen: ${lastSeen()}`;
    throw new StoryError(`Cannot go on: ${what} was not seen within ${limitMs / 1_000} s${last}`, { cause: error });
  }
}

function isDeadline(error: unknown): boolean {
  return error instanceof DeadlineError || (error instanceof Error && error.cause instanceof DeadlineError);
}
