import { joinApiVersion } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { TaskGroup } from "#async/task-group.ts";
import type { ClusterClient, KindInfo, Log } from "./ports.ts";
import { readUntilAnswered } from "./read-until-answered.ts";

/** Where one object is followed, and what its watch runs in. */
interface NamedReading {
  readonly client: ClusterClient;
  readonly log: Log;
  readonly random: () => number;
  /** Owns the watch. */
  readonly tasks: TaskGroup;
}

interface Named {
  readonly info: KindInfo;
  readonly namespace: string;
  readonly name: string;
  /** Is told what the object is now; null: it does not exist. */
  readonly take: (object: Resource | null) => void;
}

/** Follows one object by its name; resolves when it was read, also where it may be read but not listed. */
export async function followNamed(reading: NamedReading, named: Named, signal: AbortSignal): Promise<void> {
  const { client, tasks, log } = reading;
  const { info, namespace, name } = named;
  let known: Resource | null = null;
  const take = (object: Resource | null) => {
    known = object;
    named.take(object);
  };
  const ask = async () => {
    const before = known;
    const ref = { apiVersion: joinApiVersion(info), kind: info.kind };
    const live = await readUntilAnswered(reading, { ...ref, namespace, name }, signal);
    // What the watch has shown meanwhile is newer than this answer.
    if (known === before) take(live);
  };
  await new Promise<void>((resolve, reject) => {
    const handler = {
      upsert: take,
      gone: () => tasks.add(ask()),
      synced: resolve,
      failed: (error: Error) => {
        log.warn({ kind: info.kind, name, error: error.message }, "watch is interrupted");
        tasks.add(ask().then(resolve));
      },
    };
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    tasks.add(client.watch(info, { namespace, fieldSelector: `metadata.name=${name}` }, handler, signal));
  });
}
