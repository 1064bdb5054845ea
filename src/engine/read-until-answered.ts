import type { Resource } from "#core/resource/resource.ts";
import { sleep } from "#async/with-deadline.ts";
import { backoffMs } from "./backoff.ts";
import type { ClusterClient, Log, ObjectRef } from "./ports.ts";
import { failureText } from "./requests.ts";

const BACKOFF = { baseMs: 1_000, factor: 2, maxMs: 60_000 };

/** What the server says about an object that a watch no longer shows, however long it takes to say it. */
export async function readUntilAnswered(
  { client, log, random }: { client: ClusterClient; log: Log; random: () => number },
  ref: ObjectRef,
  signal: AbortSignal,
): Promise<Resource | null> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await client.get(ref, { signal });
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ object: ref.name, error: failureText(error) }, "cannot tell whether this object is gone");
      await sleep(backoffMs(BACKOFF, attempt, random), signal);
    }
  }
}
