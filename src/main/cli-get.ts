import type { AppView } from "#contract/app-view.ts";
import type { SetView } from "#contract/set-view.ts";
import type { SourceView } from "#contract/source-view.ts";
import type { Dialect, DialectKind, Lookup } from "#core/app/dialect.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Source } from "#core/source/source.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { GetActions, GetQuery, KindWord } from "#cli/get.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { type AppRecord, findApp, listApps, objectsOf } from "./cli-app-record.ts";
import { appView, sourceView } from "./cli-app-view.ts";
import { findSet, listSets, setView } from "./cli-set-record.ts";
import { accessKindOf, accessViews } from "./cli-get-access.ts";
import { nearestNames } from "./cli-near-names.ts";
import { withClient } from "./cli-session.ts";
import { dialects } from "./dialects.ts";

/** Reads apps and sources of a cluster. */
export const getActions: GetActions = {
  kindOf: (word) => Promise.resolve(kindOf(word)),
  apps: (query, signal) => withClient(query, (client) => apps(client, query, signal), signal),
  sources: (query, signal) => withClient(query, (client) => sources(client, query, signal), signal),
  access: (query, signal) => withClient(query, (client) => accessViews(client, query, signal), signal),
  sets: (query, signal) => withClient(query, (client) => sets(client, query, signal), signal),
};

/** Views of apps, with the sources that they refer to as far as they may be read. */
export async function viewsOf(
  client: ClusterClient,
  records: readonly AppRecord[],
  signal: AbortSignal,
): Promise<readonly AppView[]> {
  const known = new Map<string, Source>();
  const namespaces = new Set(records.flatMap(sourceNamespaces));
  for (const namespace of namespaces) {
    for (const dialect of dialects) {
      const { kinds, lookup } = await sourcesOf(client, { dialect, namespace }, signal);
      for (const object of [...kinds.values()].flat()) {
        const parsed = dialect.parseSource(object, lookup);
        if (parsed.ok) known.set(parsed.value.key, parsed.value);
      }
    }
  }
  return records.map((record) => appView(record, (key) => known.get(key) ?? null));
}

function kindOf(word: string): KindWord | null {
  const wanted = word.toLowerCase();
  if (wanted === "app" || wanted === "apps") return { of: "apps", kind: null };
  if (wanted === "source" || wanted === "sources") return { of: "sources", kind: null };
  const access = accessKindOf(wanted);
  if (access) return { of: access, kind: null };
  if (wanted === "all") return { of: "all", kind: null };
  const named = (kind: DialectKind) => wordsOf(kind).includes(wanted);
  const app = dialects.flatMap((dialect) => dialect.appKinds).find(named);
  if (app) return { of: "apps", kind: app.short };
  const set = dialects.flatMap((dialect) => (dialect.sets ? [dialect.sets.kind] : [])).find(named);
  if (set) return { of: "sets", kind: set.short };
  const source = dialects.flatMap((dialect) => dialect.sourceKinds).find(named);
  return source ? { of: "sources", kind: source.short } : null;
}

function wordsOf({ kind, plural, short }: DialectKind): readonly string[] {
  return [kind.toLowerCase(), plural, short, `${short}s`];
}

async function sets(client: ClusterClient, query: GetQuery, signal: AbortSignal): Promise<readonly SetView[]> {
  const { name, namespace } = query;
  if (name !== null) return [setView(await findSet(client, { name, namespace }, signal))];
  return (await listSets(client, namespace, signal)).map(setView);
}

async function apps(client: ClusterClient, query: GetQuery, signal: AbortSignal): Promise<readonly AppView[]> {
  const { name, namespace, kind } = query;
  if (name !== null) return viewsOf(client, [await oneApp(client, { ...query, name }, signal)], signal);
  const records = await listApps(client, namespace, signal);
  return viewsOf(client, kind === null ? records : records.filter((record) => record.kind.short === kind), signal);
}

/** A word that is neither an app nor a kind may be a kind with a slip in it. */
async function oneApp(
  client: ClusterClient,
  { name, kind, namespace }: GetQuery & { name: string },
  signal: AbortSignal,
): Promise<AppRecord> {
  const address = kind === null || name.includes("/") ? name : `${kind}/${name}`;
  try {
    return await findApp(client, { name: address, namespace }, signal);
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode !== exitCode.notFound) throw error;
    const words = dialects.flatMap((dialect) => [...dialect.appKinds, ...dialect.sourceKinds].map((one) => one.plural));
    const [near] = kind === null ? nearestNames(name, ["apps", "sources", ...words]) : [];
    if (near === undefined || error.advice.startsWith("Did you mean")) throw error;
    const { message, cause } = error;
    throw new CliError(message, { advice: `Did you mean: holdfast get ${near}?`, exitCode: exitCode.notFound, cause });
  }
}

async function sources(client: ClusterClient, query: GetQuery, signal: AbortSignal): Promise<readonly SourceView[]> {
  const views: SourceView[] = [];
  for (const dialect of dialects) {
    const { kinds, lookup } = await sourcesOf(client, { dialect, namespace: query.namespace }, signal);
    for (const [kind, objects] of kinds) {
      if (query.kind !== null && query.kind !== kind.short) continue;
      views.push(...objects.map((object) => sourceView({ dialect, kind, lookup }, object)));
    }
  }
  if (query.name === null) return views;
  const name = query.name.split("/").at(-1) ?? "";
  const found = views.filter((view) => view.name === name || view.key === query.name);
  if (found.length > 0) return found;
  const near = nearestNames(
    name,
    views.map((view) => view.key),
  );
  throw new CliError(`Cannot find the source "${query.name}"`, {
    advice: near.length > 0 ? `Did you mean ${near.join(" or ")}?` : "See all sources: holdfast get sources",
    exitCode: exitCode.notFound,
  });
}

/** The source objects of a dialect, and how they find those that they refer to. */
async function sourcesOf(
  client: ClusterClient,
  { dialect, namespace }: { dialect: Dialect; namespace: string | undefined },
  signal: AbortSignal,
): Promise<{ kinds: ReadonlyMap<DialectKind, readonly Resource[]>; lookup: Lookup }> {
  const kinds = new Map<DialectKind, readonly Resource[]>();
  for (const kind of dialect.sourceKinds) {
    kinds.set(kind, (await objectsOf(client, { kind, namespace }, signal)) ?? []);
  }
  const all = new Map([...kinds.values()].flat().map((object) => [addressOf(object), object]));
  const lookup: Lookup = (kind, of, name) => all.get(addressOf({ kind, metadata: { namespace: of, name } })) ?? null;
  return { kinds, lookup };
}

function addressOf({ kind, metadata }: Pick<Resource, "kind" | "metadata">): string {
  return `${kind}/${metadata.namespace ?? ""}/${metadata.name}`;
}

function sourceNamespaces({ parsed }: AppRecord): string[] {
  if (!parsed.ok) return [];
  return parsed.value.sources.flatMap(({ source, inline }) => (inline ? [] : [source.split("/")[1] ?? ""]));
}
