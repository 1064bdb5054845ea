import type { AppKey } from "#core/app/app.ts";
import { ApiError, isVerdict } from "#core/cluster/api-error.ts";
import { baselineOf } from "#core/diff/baseline.ts";
import { ignoredFieldsOf } from "#core/diff/ignored-fields.ts";
import { driftOf } from "#core/diff/drift.ts";
import type { InventoryEntry } from "#core/plan/inventory.ts";
import type { Desired, Verdict } from "#core/plan/make-plan.ts";
import { digestOf } from "#core/resource/digest.ts";
import { type IdKey, keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { AppWork } from "./app-state.ts";
import type { EngineContext } from "./engine-context.ts";
import { ignoredBetween, loadIgnored } from "./ignored-fields.ts";
import { asUser, failureText } from "./requests.ts";

/**
 * Compares objects with their declaration from memory, and asks the server only where memory cannot tell: a recorded
 * object that the watch does not show, one that must not exist yet, or a declaration whose stored form is not known.
 */
export async function compareObjects(
  work: AppWork,
  input: { keys: Iterable<IdKey>; takeover: boolean },
  signal: AbortSignal,
): Promise<{ adopted: InventoryEntry[] }> {
  const { context, state } = work;
  const adopted: InventoryEntry[] = [];
  const inventory = context.inventories.of(state.app.key);
  const keys = [...input.keys];
  await loadIgnored(context.queries, pairsInMemory(work, keys), signal);
  for (const key of keys) {
    const desired = state.desired?.byKey.get(key);
    if (!desired) continue;
    const entry = inventory.get(key);
    const { verdict, live } = await verdictOf(work, { desired, entry, takeover: input.takeover }, signal);
    state.verdicts.set(key, verdict);
    if (verdict.kind === "same" && live) {
      const fresh = entryOf(desired, live, state.dialect.rules.manager);
      if (fresh && (entry?.uid !== fresh.uid || entry.input !== fresh.input)) adopted.push(fresh);
    }
  }
  return { adopted };
}

function pairsInMemory({ context, state }: AppWork, keys: readonly IdKey[]) {
  return keys.flatMap((key) => {
    const desired = state.desired?.byKey.get(key);
    if (!desired?.options.ignoredBy) return [];
    return [{ desired: desired.resource, live: context.index.get(key), options: desired.options }];
  });
}

/** The inventory entry of an object as it is stored now; null when our ownership is not recorded on it. */
export function entryOf(desired: Desired, stored: Resource, manager: string): InventoryEntry | null {
  const baseline = baselineOf(stored, manager, desired.options.ignoredPaths);
  if (!baseline) return null;
  return {
    key: desired.key,
    version: desired.version,
    uid: stored.metadata.uid ?? "",
    input: desired.input,
    baseline: baseline.digest,
  };
}

interface Compared {
  readonly verdict: Verdict;
  readonly live: Resource | null;
}

async function verdictOf(
  work: AppWork,
  item: { desired: Desired; entry: InventoryEntry | undefined; takeover: boolean },
  signal: AbortSignal,
): Promise<Compared> {
  const { context, state } = work;
  const { desired, entry } = item;
  // The watch shows marked objects only, and one that is only to be created must not overwrite somebody else's.
  const expected = item.takeover || Boolean(entry?.uid) || desired.options.apply === "if-absent";
  const kind = context.index.follow({ ...desired.id, version: desired.version }, state.app.key);
  if (kind.kind === "failed") return { verdict: { kind: "unknown", reason: kind.reason }, live: null };
  if (kind.kind === "absent") return { verdict: { kind: "missing" }, live: null };
  const live = context.index.get(desired.key) ?? (expected ? await confirmed(context, desired, signal) : null);
  if (!live) return { verdict: { kind: "missing" }, live: null };
  if (live.metadata.deletionTimestamp) return { verdict: { kind: "same" }, live: null };
  const options = state.dialect.rules.optionsOf(desired.resource, live, state.app);
  if (options.apply === "ignore" || options.apply === "if-absent") return { verdict: { kind: "same" }, live: null };
  if (entry?.input === desired.input && isAnothers(work, live)) return { verdict: { kind: "same" }, live: null };
  return { verdict: await driftVerdict(work, { ...item, live, options }, signal), live };
}

/** The later apply of two apps that declare one object owns it: the other lets go until its own declaration changes. */
function isAnothers(work: AppWork, live: Resource): boolean {
  const { context, state } = work;
  const owner = state.dialect.rules.ownerOf(live);
  if (owner === null || owner === state.app.key) return false;
  return context.index.claimants(keyOf(live)).has(owner as AppKey);
}

/** A recorded object that the watch does not show is gone, or it lost the label that the watch selects by. */
async function confirmed(context: EngineContext, desired: Desired, signal: AbortSignal): Promise<Resource | null> {
  const asked = context.index.moment;
  const live = await context.client.get(refOf(desired), { signal });
  if (live) context.index.record(live, asked);
  return live;
}

async function driftVerdict(
  work: AppWork,
  item: { desired: Desired; entry: InventoryEntry | undefined; live: Resource; options: Desired["options"] },
  signal: AbortSignal,
): Promise<Verdict> {
  const { context, state } = work;
  const { desired, entry, live, options } = item;
  const ignoredPaths = await ignoredBetween(context.queries, { desired: desired.resource, live, options }, signal);
  const rules = state.dialect.rules;
  const known = entry !== undefined && entry.uid === live.metadata.uid && entry.input === desired.input;
  const sent = rules.overLive?.(desired.resource, live) ?? desired.resource;
  const drift = driftOf({
    live,
    manager: rules.manager,
    baseline: known && entry.baseline !== "" ? entry.baseline : null,
    desired: sent,
    takeOver: options.apply === "merge" ? [] : rules.takeOver,
    ignoredPaths,
  });
  if (drift.kind === "same") return { kind: "same" };
  if (drift.kind === "drifted") {
    const by = drift.by.length > 0 ? ` by ${drift.by.join(", ")}` : "";
    const reason = known ? `changed on the cluster${by}` : "declaration changed";
    return { kind: "different", paths: drift.paths, reason, drift: known, by: drift.by };
  }
  return settled(work, { desired: { ...desired, resource: sent }, live }, signal);
}

/** One server-side dry run settles what the local comparison could not. @throws when the server does not answer */
async function settled(
  work: AppWork,
  item: { desired: Desired; live: Resource },
  signal: AbortSignal,
): Promise<Verdict> {
  const { context, state } = work;
  const manager = state.dialect.rules.manager;
  try {
    const answer = await context.client.apply(item.desired.resource, {
      manager,
      dryRun: true,
      signal,
      ...asUser(state.app),
    });
    const { options, resource } = item.desired;
    const baseline = async (live: Resource) => {
      const ignored = await ignoredBetween(context.queries, { desired: resource, live, options }, signal);
      return baselineOf(live, manager, ignoredFieldsOf(ignored).live)?.digest;
    };
    const before = await baseline(item.live);
    const after = await baseline(withoutVersion(answer.object));
    if (before === after) return { kind: "same" };
    return { kind: "different", paths: [], reason: "differs from its declaration", drift: false, by: [] };
  } catch (error) {
    if (!(error instanceof ApiError) || !isVerdict(error)) throw error;
    return { kind: "different", paths: [], reason: failureText(error), drift: false, by: [] };
  }
}

/** What a dry run would store is no version that anybody has seen. */
function withoutVersion(answer: Resource): Resource {
  return { ...answer, metadata: { ...answer.metadata, resourceVersion: `dry ${digestOf(answer)}` } };
}

/** How to address a declared object. */
export function refOf(desired: Desired): { apiVersion: string; kind: string; namespace: string; name: string } {
  const { apiVersion, kind } = desired.resource;
  return { apiVersion, kind, namespace: desired.id.namespace, name: desired.id.name };
}
