import type { Dialect, DialectKind, KindScope } from "#core/app/dialect.ts";
import { selectorMatches, type WrittenSelector } from "#core/policy/label-selector.ts";
import { labelsOf, type Resource } from "#core/resource/resource.ts";
import type { TaskGroup } from "#async/task-group.ts";
import type { AppRegistry } from "./app-registry.ts";
import { followNamed } from "./follow-named.ts";
import { knownKind } from "./known-kind.ts";
import { followSettings } from "./follow-settings.ts";
import type { ClusterClient, EventSink, KindInfo, Log, Selection } from "./ports.ts";
import { readUntilAnswered } from "./read-until-answered.ts";

/** Where a registry's objects come from. */
export interface RegistryReading {
  readonly client: ClusterClient;
  readonly registry: AppRegistry;
  readonly dialects: readonly Dialect[];
  /** Namespaces to follow; null: the whole cluster. */
  readonly namespaces: readonly string[] | null;
  /** Apps without these labels are somebody else's; null: all are served. */
  readonly shard: WrittenSelector | null;
  /** Owns the watches. */
  readonly tasks: TaskGroup;
  readonly events: EventSink;
  readonly log: Log;
  readonly random: () => number;
}

interface FollowedKind {
  readonly dialect: Dialect;
  readonly kind: DialectKind;
}

type NamedScope = Extract<KindScope, { readonly names: readonly string[] }>;

/** Reads all of the dialects' objects before anything is decided, then keeps following them. */
export async function readRegistry(reading: RegistryReading, signal: AbortSignal): Promise<void> {
  const reads: Promise<void>[] = [];
  const onChange = (dialect: Dialect) => reading.registry.configure(dialect);
  await Promise.all(reading.dialects.map((dialect) => followSettings({ ...reading, onChange }, dialect, signal)));
  for (const dialect of reading.dialects) {
    const sets = dialect.sets ? [dialect.sets.kind] : [];
    const kinds = [...dialect.configKinds, ...dialect.sourceKinds, ...dialect.appKinds, ...sets];
    for (const kind of kinds) reads.push(followKind(reading, { dialect, kind }, signal));
  }
  await Promise.all(reads);
}

async function followKind(
  reading: RegistryReading,
  { dialect, kind }: FollowedKind,
  signal: AbortSignal,
): Promise<void> {
  const { client, registry, log, tasks, random } = reading;
  const unknown = (reason: string) => log.warn({ kind: kind.plural, reason }, "waiting until this kind can be read");
  const lookup = await knownKind(client, { kind, unknown, random }, signal);
  if (lookup.known !== "yes") {
    log.warn(
      { kind: `${kind.plural}.${kind.group}` },
      "this kind is not served by the cluster; its objects are not followed",
    );
    return;
  }
  const { only } = kind;
  if (only && "names" in only) return followNames(reading, { dialect, kind, only, info: lookup.info }, signal);
  for (const scope of scopesOf(reading, { dialect, kind })) {
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

async function followNames(
  reading: RegistryReading,
  { dialect, kind, only, info }: FollowedKind & { only: NamedScope; info: KindInfo },
  signal: AbortSignal,
): Promise<void> {
  const { registry, namespaces } = reading;
  if (namespaces && !namespaces.includes(only.namespace)) return;
  const follow = (name: string) => {
    let known: Resource | null = null;
    const take = (object: Resource | null) => {
      if (object) registry.upsert(dialect, kind, object);
      else if (known) registry.gone(dialect, kind, known);
      known = object;
    };
    return followNamed(reading, { info, namespace: only.namespace, name, take }, signal);
  };
  await Promise.all(only.names.map(follow));
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
  const isServed = live !== null && isOfShard(reading, { dialect, kind }, live) && isInScope(kind, live);
  if (!isServed || live.metadata.uid !== metadata.uid) registry.gone(dialect, kind, object);
  if (isServed) registry.upsert(dialect, kind, live);
}

function scopesOf({ namespaces, shard }: RegistryReading, { dialect, kind }: FollowedKind): readonly Selection[] {
  if (kind.only) return !namespaces || namespaces.includes(kind.only.namespace) ? selectionsOf(kind.only) : [];
  const scopes: readonly Selection[] = namespaces ? namespaces.map((namespace) => ({ namespace })) : [{}];
  if (!shard || !dialect.appKinds.includes(kind)) return scopes;
  return scopes.map((scope) => ({ ...scope, labelSelector: shard.text }));
}

/** Sources are read whatever their labels: apps of this shard may follow them. */
function isOfShard({ shard }: RegistryReading, { dialect, kind }: FollowedKind, object: Resource): boolean {
  return !shard || !dialect.appKinds.includes(kind) || selectorMatches(shard.parsed, labelsOf(object));
}

/** What of a kind is asked for. */
export function selectionsOf(only: KindScope): readonly Selection[] {
  const { namespace } = only;
  if ("selector" in only) return [{ namespace, labelSelector: only.selector.text }];
  return only.names.map((name) => ({ namespace, fieldSelector: `metadata.name=${name}` }));
}

function isInScope({ only }: DialectKind, object: Resource): boolean {
  return !only || !("selector" in only) || selectorMatches(only.selector.parsed, labelsOf(object));
}
