import type { AppView } from "#contract/app-view.ts";
import type { SourceView } from "#contract/source-view.ts";
import type { Source } from "#core/source/source.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { GetActions, GetQuery } from "#cli/get.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { type AppRecord, findApp, listApps, objectsOf } from "./cli-app-record.ts";
import { appView, sourceView } from "./cli-app-view.ts";
import { nearestNames } from "./cli-near-names.ts";
import { withClient } from "./cli-session.ts";
import { dialects } from "./dialects.ts";

/** Reads apps and sources of a cluster. */
export const getActions: GetActions = {
  apps: (query, signal) => withClient(query, (client) => apps(client, query, signal), signal),
  sources: (query, signal) => withClient(query, (client) => sources(client, query, signal), signal),
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
      for (const kind of dialect.sourceKinds) {
        for (const object of (await objectsOf(client, { kind, namespace }, signal)) ?? []) {
          const parsed = dialect.parseSource(object);
          if (parsed.ok) known.set(parsed.value.key, parsed.value);
        }
      }
    }
  }
  return records.map((record) => appView(record, (key) => known.get(key) ?? null));
}

async function apps(client: ClusterClient, query: GetQuery, signal: AbortSignal): Promise<readonly AppView[]> {
  const { name, namespace } = query;
  const records =
    name === null ? await listApps(client, namespace, signal) : [await findApp(client, { name, namespace }, signal)];
  return viewsOf(client, records, signal);
}

async function sources(client: ClusterClient, query: GetQuery, signal: AbortSignal): Promise<readonly SourceView[]> {
  const views: SourceView[] = [];
  for (const dialect of dialects) {
    for (const kind of dialect.sourceKinds) {
      const objects = (await objectsOf(client, { kind, namespace: query.namespace }, signal)) ?? [];
      views.push(...objects.map((object) => sourceView(dialect, kind, object)));
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

function sourceNamespaces({ parsed }: AppRecord): string[] {
  if (!parsed.ok) return [];
  return parsed.value.sources.flatMap(({ source, inline }) => (inline ? [] : [source.split("/")[1] ?? ""]));
}
