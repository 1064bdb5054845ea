import { ADOPTED_ANNOTATION, wasSuspended } from "#core/app/adoption.ts";
import { SourceError } from "#core/source/source-error.ts";
import { RenderError } from "#core/source/render-error.ts";
import { releaseSelector } from "#core/helm/release-record.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { joinApiVersion, parseIdKey } from "#core/resource/resource-id.ts";
import { annotationsOf, labelsOf } from "#core/resource/resource.ts";
import type { AdoptQuery, AppsAction, Handled, ReleaseQuery } from "#cli/adopt.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { type AppRecord, type FoundApp, listApps } from "./cli-app-record.ts";
import { diffOf } from "./cli-diff.ts";
import { adoptSets, releaseSets, withoutSets } from "./cli-adopt-sets.ts";
import { keepsRival, liveRivals } from "./cli-rivals.ts";
import { ownedObjects, recordedObjects } from "./cli-owned.ts";
import { CLI_MANAGER } from "./cli-reconcile.ts";
import { withTarget } from "./cli-target.ts";
import { eachInParallel } from "#engine/requests.ts";
import { withClient } from "./cli-session.ts";
import { chosen, turned, type Turn } from "./cli-standstill.ts";

/**
 * Takes apps over; the vendor's controller is kept off by its own switch, whose former position is recorded. What runs
 * that controller is the last.
 */
export const adopt: AppsAction<AdoptQuery> = (query, signal) =>
  withClient(
    query,
    async (client) => {
      const ofApps = withoutSets(query);
      const meant = ofApps ? await chosen(client, ofApps, signal) : [];
      const records = [...meant.filter((one) => !keepsRival(one)), ...meant.filter(keepsRival)];
      if (!query.force) for (const record of records) await refuseEarly(client, { record, records }, signal);
      // First, for what makes apps would take off what an adoption marks them with.
      const handled: Handled[] = [...(await adoptSets(client, query, signal))];
      for (const record of records) {
        const found = { client, record };
        if (query.dryRun) handled.push({ app: record.key, message: await wouldBe(found, signal) });
        else handled.push(await turned(found, { reason: "Adopted", turn: turnOf(record) }, signal));
      }
      return handled;
    },
    signal,
  );

/** Gives apps back with the switch where it was; where nobody is there to take them, they stay served. */
export const release: AppsAction<ReleaseQuery> = (query, signal) =>
  withClient(
    query,
    async (client) => {
      const handled: Handled[] = [];
      const ofApps = withoutSets(query);
      const records = ofApps ? await chosen(client, ofApps, signal) : [];
      if (!query.force) for (const record of records) await refuseMidway({ client, record }, signal);
      for (const record of records) {
        const turn = await releaseOf({ client, record }, signal);
        handled.push(await turned({ client, record }, { reason: "Released", turn }, signal));
        if (turn.isGiven) await unlabelled({ client, record }, signal);
      }
      return [...handled, ...(await releaseSets(client, query, signal))];
    },
    signal,
  );

const mostNamed = 5;
const PARALLEL = 8;
const releaseSecrets = { group: "", version: "v1", kind: "Secret", plural: "secrets", namespaced: true, verbs: [] };

async function releaseOf(
  { client, record }: FoundApp,
  signal: AbortSignal,
): Promise<Turn & { readonly isGiven?: boolean }> {
  const adopted = annotationsOf(record.object)[ADOPTED_ANNOTATION];
  if (adopted === undefined) return { message: "was not adopted" };
  const { name } = record.dialect.rules.rival;
  const live = await liveRivals(client, record.dialect, signal);
  const isServed = live?.length === 0;
  const message = isServed ? `is released; ${name} does not run, so it is served here on` : `is released to ${name}`;
  return { message, adopted: null, off: wasSuspended(adopted), isGiven: !isServed };
}

/** Whoever applies under the same name would find a label that nothing declares. */
async function unlabelled(found: FoundApp, signal: AbortSignal): Promise<void> {
  const { client, record } = found;
  const { ownLabel } = record.dialect.rules;
  if (ownLabel === null) return;
  const recorded = await recordedObjects(client, record.object.metadata.namespace, signal);
  const body = { metadata: { labels: { [ownLabel]: null } } };
  await withTarget(
    found,
    async (target) => {
      await eachInParallel(ownedObjects(record, recorded), PARALLEL, async ({ key, version }) => {
        const id = parseIdKey(key);
        const ref = { ...id, apiVersion: joinApiVersion({ group: id.group, version }) };
        await target.patch(ref, body, { type: "merge", manager: CLI_MANAGER, signal }).catch((error: unknown) => {
          if (!(error instanceof ApiError) || error.code !== 404) throw error;
        });
      });
    },
    signal,
  );
}

function turnOf(record: AppRecord): Turn {
  const { name, keepsOff } = record.dialect.rules.rival;
  const isOff = keepsOff(record.object);
  if (isAdopted(record) && isOff) return { message: "is adopted already" };
  if (isAdopted(record)) return { message: `is adopted again; ${name} keeps off it`, off: true };
  const adopted = `${new Date().toISOString()} ${isOff}`;
  return { message: `is adopted; ${name} keeps off it`, adopted, off: true };
}

function isAdopted({ object }: AppRecord): boolean {
  return annotationsOf(object)[ADOPTED_ANNOTATION] !== undefined;
}

/** What runs the vendor's controller stays with it for as long as that serves anything else. */
async function refuseEarly(
  client: ClusterClient,
  { record, records }: { readonly record: AppRecord; readonly records: readonly AppRecord[] },
  signal: AbortSignal,
): Promise<void> {
  if (!keepsRival(record) || isAdopted(record)) return;
  const { name } = record.dialect.rules.rival;
  const meant = new Set(records.map(({ key }) => key));
  const others = (await listApps(client, undefined, signal)).filter((other) => {
    return other.dialect.rules.rival.name === name && !meant.has(other.key) && !isAdopted(other);
  });
  if (others.length === 0) return;
  const named = others.slice(0, mostNamed).map(({ key }) => key);
  const more = others.length > named.length ? ` and ${others.length - named.length} more` : "";
  throw new CliError(
    `Cannot adopt ${record.key} yet: it runs ${name} itself, which still has ${named.join(", ")}${more}`,
    {
      advice: `Adopt these first, or everything at once: holdfast adopt --all. To adopt it all the same: holdfast adopt ${record.key} --force`,
      exitCode: exitCode.refused,
    },
  );
}

/** Whoever takes a release over from a record that tells of an action under way does that again. */
async function refuseMidway({ client, record }: FoundApp, signal: AbortSignal): Promise<void> {
  const policy = record.parsed.ok ? record.parsed.value.release : null;
  if (!policy || !isAdopted(record)) return;
  const labelSelector = `${releaseSelector(policy.name)},status in (pending-install,pending-upgrade,pending-rollback)`;
  const selection = { namespace: policy.storageNamespace, labelSelector, metadataOnly: true };
  const [pending] = await client.list(releaseSecrets, selection, { signal });
  if (!pending) return;
  const what = `revision ${labelsOf(pending)["version"]} is ${labelsOf(pending)["status"]}`;
  throw new CliError(`Cannot release ${record.key} now: ${what}`, {
    advice: `Wait for the end of it: holdfast get ${record.key}. To release it all the same: holdfast release ${record.key} --force`,
    exitCode: exitCode.refused,
  });
}

/** What adopting an app would write, in words. */
async function wouldBe({ client, record }: FoundApp, signal: AbortSignal): Promise<string> {
  if (isAdopted(record)) return "is adopted already";
  try {
    const { objects, refusals, marked } = await diffOf({ client, record }, {}, signal);
    if (refusals.length > 0) return `would be adopted and not be applied: ${refusals.join("; ")}`;
    const asIt = "would be adopted as it is";
    if (objects.length === 0 && marked > 0) return `${asIt}: ${marked} objects would be labelled and nothing else`;
    if (objects.length === 0) return `${asIt}: nothing would be written`;
    return `would be adopted, and ${objects.length} objects would be written: holdfast diff ${record.key}`;
  } catch (error) {
    const isTold = error instanceof CliError || error instanceof RenderError || error instanceof SourceError;
    if (!isTold) throw error;
    return `would be adopted and not be applied: ${error.message}`;
  }
}
