import type { SetRules } from "#core/app/dialect.ts";
import { joinApiVersion } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { AdoptQuery, AppsQuery, Handled } from "#cli/adopt.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { noteEvent } from "./cli-note-event.ts";
import { CLI_MANAGER } from "./cli-reconcile.ts";
import { findSet, isSetAddress, listSets, setView } from "./cli-set-record.ts";
import { configuredDialects } from "./cli-settings.ts";

/** Takes sets of apps over, each of which the vendor's controller is kept off. @throws CliError for a named one that cannot be */
export async function adoptSets(
  client: ClusterClient,
  query: AdoptQuery,
  signal: AbortSignal,
): Promise<readonly Handled[]> {
  const now = new Date().toISOString();
  return eachSet(
    { client, query, reason: "Adopted" },
    (object, { adoption, rival }) => {
      const taken = adoption.take(object, now);
      if (!taken.ok) return refusal(query, setView(object).key, taken.error);
      if (taken.value === null) return { message: "is adopted already", patch: null };
      if (query.dryRun)
        return { message: `would be adopted; ${rival} would only make apps that are not there`, patch: null };
      return { message: `is adopted; ${rival} makes nothing but apps that are not there`, patch: taken.value };
    },
    signal,
  );
}

/** Gives sets of apps back with the switch where it was. */
export async function releaseSets(
  client: ClusterClient,
  query: AppsQuery,
  signal: AbortSignal,
): Promise<readonly Handled[]> {
  return eachSet(
    { client, query, reason: "Released" },
    (object, { adoption, rival }) => {
      const patch = adoption.give(object);
      return { message: patch === null ? "was not adopted" : `is released to ${rival}`, patch };
    },
    signal,
  );
}

/** A query without the names of sets; null: it means nothing else. */
export function withoutSets<Query extends AppsQuery>(query: Query): Query | null {
  const names = query.names.filter((name) => !isSetAddress(name));
  return query.names.length > 0 && names.length === 0 ? null : { ...query, names };
}

interface Act {
  readonly message: string;
  readonly patch: Readonly<Record<string, unknown>> | null;
}

function refusal({ names }: AdoptQuery, key: string, reason: string): Act {
  if (names.length === 0) return { message: `stays as it is: ${reason}`, patch: null };
  throw new CliError(`Cannot adopt ${key} yet: ${reason}`, {
    advice: "It is served once the vendor's controllers are stopped.",
    exitCode: exitCode.refused,
  });
}

async function eachSet(
  { client, query, reason }: { readonly client: ClusterClient; readonly query: AppsQuery; readonly reason: string },
  actOn: (object: Resource, rules: SetRules & { readonly rival: string }) => Act,
  signal: AbortSignal,
): Promise<readonly Handled[]> {
  const objects = await meant(client, query, signal);
  if (objects.length === 0) return [];
  const configured = await configuredDialects(client, signal);
  const handled: Handled[] = [];
  for (const object of objects) {
    const dialect = configured.find(({ sets }) => sets?.kind.kind === object.kind);
    if (!dialect?.sets) continue;
    const { message, patch } = actOn(object, { ...dialect.sets, rival: dialect.rules.rival.name });
    if (patch) {
      const { name, namespace = "" } = object.metadata;
      const ref = { apiVersion: joinApiVersion(dialect.sets.kind), kind: object.kind, namespace, name };
      await client.patch(ref, patch, { type: "merge", manager: CLI_MANAGER, signal });
      await noteEvent({ client, record: { object } }, { reason, message }, signal);
    }
    handled.push({ app: setView(object).key, message });
  }
  return handled;
}

/** Sets that are named, or all; those of other labels are not chosen by labels of apps. */
async function meant(client: ClusterClient, query: AppsQuery, signal: AbortSignal): Promise<readonly Resource[]> {
  const { names, namespace, all } = query;
  if (all) return listSets(client, namespace, signal);
  const found: Resource[] = [];
  for (const name of names.filter(isSetAddress)) found.push(await findSet(client, { name, namespace }, signal));
  return found;
}
