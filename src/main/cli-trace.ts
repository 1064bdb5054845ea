import type { CommitView, OwnerView, TraceView } from "#contract/trace-view.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { type IdKey, keyOf, parseIdKey } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import type { TraceActions } from "#cli/trace.ts";
import type { ConnectionOptions } from "#cli/connection-options.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { failureText } from "#engine/requests.ts";
import { type AppRecord, listApps } from "./cli-app-record.ts";
import { withCheckout } from "./cli-checkout.ts";
import { viewsOf } from "./cli-get.ts";
import { findObject } from "./cli-object-address.ts";
import { ownedObjects, recordedObjects } from "./cli-owned.ts";
import { withClient } from "./cli-session.ts";

/** Follows an object back to where it is declared. */
export const traceActions: TraceActions = {
  trace: (query, signal) => withClient(query, (client) => trace(client, query, signal), signal),
};

async function trace(
  client: ClusterClient,
  { object: address, namespace = "default" }: ConnectionOptions & { object: string },
  signal: AbortSignal,
): Promise<TraceView> {
  const notes: string[] = [];
  const { records, scope } = await knownApps(client, { namespace, notes }, signal);
  const ownerOf = await ownersOf(client, { records, scope }, signal);
  const known = [...ownerOf.keys()].map(parseIdKey);
  const object = await findObject(client, { address, namespace, known }, signal);
  const owners: IdKey[] = [];
  let record = appOf(object, { records, ownerOf });
  let current = object;
  while (!record) {
    const maker = await makerOf(client, current, signal);
    if (!maker || owners.includes(keyOf(maker)) || keyOf(maker) === keyOf(object)) break;
    owners.push(keyOf(maker));
    current = maker;
    record = appOf(current, { records, ownerOf });
  }
  const chain = record ? appsAbove(record, { records, ownerOf }) : [];
  const apps: OwnerView[] = [];
  for (const one of chain) apps.push(await ownerView(client, { record: one, notes }, signal));
  return { object: keyOf(object), owners, apps, notes };
}

interface Ownership {
  readonly records: readonly AppRecord[];
  readonly ownerOf: ReadonlyMap<IdKey, AppRecord>;
}

interface KnownApps {
  readonly records: readonly AppRecord[];
  /** The namespace that they are of; undefined: all. */
  readonly scope: string | undefined;
}

/** All apps or, for those who may not see them, the apps beside the object. */
async function knownApps(
  client: ClusterClient,
  { namespace, notes }: { namespace: string; notes: string[] },
  signal: AbortSignal,
): Promise<KnownApps> {
  try {
    return { records: await listApps(client, undefined, signal), scope: undefined };
  } catch (error) {
    if (!(error instanceof CliError) || !(error.cause instanceof ApiError)) throw error;
    notes.push(`Only apps of namespace ${namespace} were looked at: you may not list all.`);
    return { records: await listApps(client, namespace, signal), scope: namespace };
  }
}

async function ownersOf(
  client: ClusterClient,
  { records, scope }: KnownApps,
  signal: AbortSignal,
): Promise<ReadonlyMap<IdKey, AppRecord>> {
  const recorded = await recordedObjects(client, scope, signal);
  return new Map(records.flatMap((record) => ownedObjects(record, recorded).map(({ key }) => [key, record] as const)));
}

/** The app that recorded an object, or that marked it. */
function appOf(object: Resource, { records, ownerOf }: Ownership): AppRecord | undefined {
  return (
    ownerOf.get(keyOf(object)) ??
    records.find(({ key, dialect }) => {
      return dialect.rules.ownerOf(object) === key;
    })
  );
}

/** An app, the app that owns its object, and so on. */
function appsAbove(record: AppRecord, ownership: Ownership): readonly AppRecord[] {
  const chain: AppRecord[] = [];
  for (let next: AppRecord | undefined = record; next && !chain.includes(next);) {
    chain.push(next);
    next = appOf(next.object, ownership);
  }
  return chain;
}

/** The object that controls another, or else its first owner. */
async function makerOf(client: ClusterClient, object: Resource, signal: AbortSignal): Promise<Resource | null> {
  const references = object.metadata.ownerReferences ?? [];
  const reference = references.find(({ controller }) => controller === true) ?? references[0];
  if (!reference) return null;
  const { apiVersion, kind, name, uid } = reference;
  const { namespace = "" } = object.metadata;
  const maker = await client.get({ apiVersion, kind, namespace, name }, { signal });
  return maker?.metadata.uid === uid ? maker : null;
}

async function ownerView(
  client: ClusterClient,
  { record, notes }: { record: AppRecord; notes: string[] },
  signal: AbortSignal,
): Promise<OwnerView> {
  const [view] = await viewsOf(client, [record], signal);
  const declared = record.parsed.ok ? record.parsed.value.sources[0] : undefined;
  const { applied } = record.dialect.restore(record.object);
  const commit = applied && (await commitOf(client, { record, hash: applied.commit, notes }, signal));
  return {
    app: record.key,
    state: view?.state ?? "",
    source: declared && !declared.inline ? declared.source : "",
    url: view?.source?.url ?? "",
    ref: view?.source?.ref ?? "",
    path: view?.source?.path ?? "",
    revision: applied?.text ?? "",
    commit: commit ?? null,
  };
}

/** What the commit says; a repository that cannot be read keeps nothing else back. */
async function commitOf(
  client: ClusterClient,
  { record, hash, notes }: { record: AppRecord; hash: string; notes: string[] },
  signal: AbortSignal,
): Promise<CommitView | null> {
  try {
    return await withCheckout(
      { client, record },
      async (checkout) => {
        const { source, repository } = checkout;
        if (source.remote.kind !== "git") return null;
        await repository.fetchCommit(hash, signal);
        const { author, date, subject } = await checkout.open(null).commitInfo(hash, signal);
        return { author: author.name, date, subject };
      },
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    notes.push(`The commit of ${record.key} cannot be read: ${failureText(error)}`);
    return null;
  }
}
