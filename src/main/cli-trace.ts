import type { CommitView, OriginView, OwnerView, TraceView } from "#contract/trace-view.ts";
import { textAt } from "#core/health/condition.ts";
import { type IdKey, keyOf, parseIdKey } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Source } from "#core/source/source.ts";
import type { TraceActions } from "#cli/trace.ts";
import type { ConnectionOptions } from "#cli/connection-options.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { failureText } from "#engine/requests.ts";
import { type AppRecord, sourceOfApp } from "./cli-app-record.ts";
import { withRepository } from "./cli-checkout.ts";
import { viewsOf } from "./cli-get.ts";
import { findObject } from "./cli-object-address.ts";
import { appOf, appsAbove, ownership } from "./cli-owner.ts";
import { withClient } from "./cli-session.ts";
import { originRefOf, refOfSource, sourceAt } from "./cli-source-object.ts";

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
  const owned = await ownership(client, { namespace, notes }, signal);
  const known = [...owned.ownerOf.keys()].map(parseIdKey);
  const object = await findObject(client, { address, namespace, known }, signal);
  const owners: IdKey[] = [];
  let record = appOf(object, owned);
  let current = object;
  while (!record) {
    const maker = await makerOf(client, current, signal);
    if (!maker || owners.includes(keyOf(maker)) || keyOf(maker) === keyOf(object)) break;
    owners.push(keyOf(maker));
    current = maker;
    record = appOf(current, owned);
  }
  const chain = record ? appsAbove(record, owned) : [];
  const apps: OwnerView[] = [];
  for (const one of chain) apps.push(await ownerView(client, { record: one, notes }, signal));
  return { object: keyOf(object), owners, apps, notes };
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
  const source = declared && !declared.inline ? declared.source : "";
  const object = await sourceObject(client, source, signal);
  return {
    app: record.key,
    state: view?.state ?? "",
    source,
    url: view?.source?.url ?? "",
    ref: view?.source?.ref ?? "",
    path: view?.source?.path ?? "",
    origin: object && (await originView(client, object, signal)),
    revision: record.dialect.restore(record.object).applied?.text ?? "",
    commit: await commitOf(client, { record, object, notes }, signal),
  };
}

async function sourceObject(client: ClusterClient, key: string, signal: AbortSignal): Promise<Resource | null> {
  const ref = refOfSource(key);
  return ref && client.get(ref, { signal });
}

/** What a source object is made of, as a chart is of its repository. */
async function originView(client: ClusterClient, object: Resource, signal: AbortSignal): Promise<OriginView | null> {
  const ref = originRefOf(object);
  const origin = ref && (await client.get(ref, { signal }));
  if (!ref || !origin) return null;
  return {
    source: `${ref.kind}/${ref.namespace ?? ""}/${ref.name}`,
    revision: textAt(origin, ["status", "artifact", "revision"]),
  };
}

/** What the commit says; a repository that cannot be read keeps nothing else back. */
async function commitOf(
  client: ClusterClient,
  { record, object, notes }: { record: AppRecord; object: Resource | null; notes: string[] },
  signal: AbortSignal,
): Promise<CommitView | null> {
  try {
    const found = await commitSource(client, { record, object }, signal);
    if (!found || found.source.remote.kind !== "git") return null;
    const { source, hash } = found;
    return await withRepository(
      { client, source },
      async ({ repository, open }) => {
        await repository.fetchCommit(hash, signal);
        const { author, date, subject } = await open(null).commitInfo(hash, signal);
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

/** Where the applied commit is: a chart of files is of the commit that it was packed from, as long as it is that chart. */
async function commitSource(
  client: ClusterClient,
  { record, object }: { record: AppRecord; object: Resource | null },
  signal: AbortSignal,
): Promise<{ readonly source: Source; readonly hash: string } | null> {
  const { applied } = record.dialect.restore(record.object);
  if (!applied) return null;
  const source = await sourceOfApp(client, record, signal);
  if (!source.origin) return applied.commit === "" ? null : { source, hash: applied.commit };
  const isApplied = textAt(object, ["status", "artifact", "revision"]) === applied.text;
  const packedFrom = textAt(object, ["status", "observedSourceArtifactRevision"]);
  const hash = /sha(?:1|256):([0-9a-f]+)$/.exec(packedFrom)?.[1];
  if (!isApplied || hash === undefined) return null;
  return { source: await sourceAt(client, { key: source.origin.source, object: null }, signal), hash };
}
