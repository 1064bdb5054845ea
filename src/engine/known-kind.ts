import { ApiError } from "#core/cluster/api-error.ts";
import type { GroupKind } from "#core/resource/resource-id.ts";
import { sleep } from "#async/with-deadline.ts";
import { backoffMs } from "./backoff.ts";
import type { ClusterClient, KindLookup } from "./ports.ts";

const BACKOFF = { baseMs: 2_000, factor: 2, maxMs: 60_000 };

/**
 * Looks a kind up and asks again for as long as its group cannot be read: that is a fault which ends, not an answer.
 * `unknown` is told why, each time.
 */
export async function knownKind(
  client: Pick<ClusterClient, "kind">,
  wanted: { kind: GroupKind; unknown: (reason: string) => void; random: () => number },
  signal: AbortSignal,
): Promise<Exclude<KindLookup, { known: "unknown" }>> {
  for (let attempt = 0; ; attempt++) {
    const lookup = await lookedUp(client, wanted.kind, signal);
    if (lookup.known !== "unknown") return lookup;
    wanted.unknown(lookup.reason);
    await sleep(backoffMs(BACKOFF, attempt, wanted.random), signal);
  }
}

async function lookedUp(
  client: Pick<ClusterClient, "kind">,
  kind: GroupKind,
  signal: AbortSignal,
): Promise<KindLookup> {
  try {
    return await client.kind({ group: kind.group, kind: kind.kind }, { signal });
  } catch (error) {
    if (signal.aborted || !(error instanceof ApiError)) throw error;
    return { known: "unknown", reason: error.message };
  }
}
