import type { AppKey, HeldCluster } from "#core/app/app.ts";
import type { IdKey } from "#core/resource/resource-id.ts";
import type { Revision, Source, SourceKey } from "#core/source/source.ts";
import type { AppRegistry } from "./app-registry.ts";
import type { ControllerOptions } from "./controller-options.ts";
import type { EngineContext } from "./engine-context.ts";
import { Expressions } from "./expressions.ts";
import { FieldQueries } from "./field-queries.ts";
import { FollowedObjects } from "./followed-objects.ts";
import { InventoryStore } from "./inventory-store.ts";
import { KnownCapabilities } from "./known-capabilities.ts";
import { LiveIndex } from "./live-index.ts";
import type { RemoteCluster } from "./ports.ts";
import { ReleaseStore } from "./release/release-store.ts";
import { NamespaceContents } from "./namespace-contents.ts";
import { RemoteBases } from "./remote-bases.ts";
import { RemoteClusters } from "./remote-clusters.ts";
import { RenderCache } from "./render-cache.ts";
import { Rivals } from "./rivals.ts";
import { SourceController } from "./source-controller.ts";

/** What the parts of the engine tell, and what they ask the controller. */
export interface ContextHooks {
  /** An object that an app claims changed; null: any of them. */
  readonly onObject: (app: AppKey, key: IdKey | null) => void;
  /** Something that an app waited for is known. */
  readonly onAnswer: (app: AppKey) => void;
  readonly onSource: (key: SourceKey) => void;
  readonly onRival: (dialect: string) => void;
  readonly revisionOf: (source: Source, commit: string, refName: string | null) => Revision;
  readonly unsettled: EngineContext["unsettled"];
  readonly isFresh: EngineContext["isFresh"];
  readonly tellNow: EngineContext["tellNow"];
}

/** Makes the parts of the engine, none of which works before it is run. */
export function makeContext(
  options: ControllerOptions,
  registry: AppRegistry,
  hooks: ContextHooks,
): { readonly context: EngineContext; readonly remotes: RemoteClusters } {
  const { client, clock, dialects, evaluator, log, namespaces, telemetry, random, audit, tools } = options;
  const rules = dialects.map((dialect) => dialect.rules);
  const common = { clock, log, random, namespaces };
  const { onObject: onChange, onAnswer } = hooks;
  const partsOf = (cluster: Pick<RemoteCluster, "client" | "tools">, held: HeldCluster | null) => ({
    index: new LiveIndex({ ...common, ...scopeOf(held), client: cluster.client, rules, onChange }),
    releases: new ReleaseStore({ ...common, ...scopeOf(held), ...cluster, audit, onChange: onAnswer }),
    contents: new NamespaceContents({ client: cluster.client, log, random, onChange: onAnswer }),
  });
  const sources = new SourceController({
    ...common,
    fetcher: options.fetcher,
    copying: options.copying,
    client,
    telemetry,
    revisionOf: hooks.revisionOf,
    onChange: hooks.onSource,
  });
  const context: EngineContext = {
    client,
    home: client,
    registry,
    sources,
    bases: new RemoteBases(sources),
    renders: new RenderCache(options.renderer, telemetry),
    identity: null,
    capabilities: new KnownCapabilities(),
    ...partsOf({ client, tools }, null),
    tools,
    inventories: new InventoryStore(client, options.epoch),
    references: new FollowedObjects({ client, log, random, onChange: onAnswer }),
    expressions: new Expressions({ evaluator, log, onAnswer }),
    queries: new FieldQueries(options.finder),
    rivals: new Rivals({ ...common, client, dialects, onChange: hooks.onRival }),
    unsettled: hooks.unsettled,
    isFresh: hooks.isFresh,
    tellNow: hooks.tellNow,
    settings: options.settings,
    clock,
    random,
    audit,
    kept: options.kept,
    telemetry,
    log,
  };
  return { context, remotes: new RemoteClusters({ connector: options.connector, partsOf, log }) };
}

/** A cluster that is described says itself which namespaces of it are used. */
function scopeOf(held: HeldCluster | null): { readonly namespaces?: readonly string[] | null } {
  return held ? { namespaces: held.namespaces } : {};
}
