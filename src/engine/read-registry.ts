import type { Dialect, DialectKind } from "#core/app/dialect.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { TaskGroup } from "#async/task-group.ts";
import type { AppRegistry } from "./app-registry.ts";
import { knownKind } from "./known-kind.ts";
import type { ClusterClient, Log } from "./ports.ts";
import { readUntilAnswered } from "./read-until-answered.ts";

/** Where a registry's objects come from. */
export interface RegistryReading {
  readonly client: ClusterClient;
  readonly registry: AppRegistry;
  readonly dialects: readonly Dialect[];
  /** Namespaces to follow; null: the whole cluster. */
  readonly namespaces: readonly string[] | null;
  /** Owns the watches. */
  readonly tasks: TaskGroup;
  readonly log: Log;
  readonly random: () => number;
}

interface FollowedKind {
  readonly dialect: Dialect;
  readonly kind: DialectKind;
}

/** Reads all of the dialects' objects before anything is decided, then keeps following them. */
export async function readRegistry(reading: RegistryReading, signal: AbortSignal): Promise<void> {
  const reads: Promise<void>[] = [];
  for (const dialect of reading.dialects) {
    const kinds = [...dialect.configKinds, ...dialect.sourceKinds, ...dialect.appKinds];
    for (const kind of kinds) reads.push(followKind(reading, { dialect, kind }, signal));
  }
  await Promise.all(reads);
}

async function followKind(
  reading: RegistryReading,
  { dialect, kind }: FollowedKind,
  signal: AbortSignal,
): Promise<void> {
  const { client, registry, namespaces, log, tasks, random } = reading;
  const unknown = (reason: string) => log.warn({ kind: kind.plural, reason }, "waiting until this kind can be read");
  const lookup = await knownKind(client, { kind, unknown, random }, signal);
  if (lookup.known !== "yes") {
    log.warn(
      { kind: `${kind.plural}.${kind.group}` },
      "this kind is not served by the cluster; its objects are not followed",
    );
    return;
  }
  const scopes: { namespace?: string }[] = namespaces ? namespaces.map((namespace) => ({ namespace })) : [{}];
  for (const scope of scopes) {
    await new Promise<void>((resolve, reject) => {
      const handler = {
        upsert: (object: Resource) => registry.upsert(dialect, kind, object),
        gone: (object: Resource) => tasks.add(confirmGone(reading, { dialect, kind, object }, signal)),
        synced: resolve,
        failed: (error: Error) => log.warn({ kind: kind.plural, error: error.message }, "watch is interrupted"),
      };
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      tasks.add(client.watch(lookup.info, scope, handler, signal));
    });
  }
}

/** An app object that a watch no longer shows is believed gone when the server says so. */
async function confirmGone(
  reading: RegistryReading,
  { dialect, kind, object }: FollowedKind & { object: Resource },
  signal: AbortSignal,
): Promise<void> {
  const { registry } = reading;
  const { apiVersion, metadata } = object;
  const ref = { apiVersion, kind: kind.kind, namespace: metadata.namespace ?? "", name: metadata.name };
  const live = await readUntilAnswered(reading, ref, signal);
  if (!live || live.metadata.uid !== metadata.uid) registry.gone(dialect, kind, object);
  if (live) registry.upsert(dialect, kind, live);
}
