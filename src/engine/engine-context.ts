import type { AppReport } from "#core/app/app-report.ts";
import type { AppKey } from "#core/app/app.ts";
import type { Settings } from "#core/app/settings.ts";
import type { AppRegistry } from "./app-registry.ts";
import type { ClusterIdentity } from "./cluster-identity.ts";
import type { Expressions } from "./expressions.ts";
import type { FieldQueries } from "./field-queries.ts";
import type { InventoryStore } from "./inventory-store.ts";
import type { KeptRenders } from "./kept-renders.ts";
import type { KnownCapabilities } from "./known-capabilities.ts";
import type { LiveIndex } from "./live-index.ts";
import type { AuditLog, ClusterClient, Clock, Log, ReleaseTools, Telemetry } from "./ports.ts";
import type { FollowedObjects } from "./followed-objects.ts";
import type { NamespaceContents } from "./namespace-contents.ts";
import type { ReleaseStore } from "./release/release-store.ts";
import type { RemoteBases } from "./remote-bases.ts";
import type { RenderCache } from "./render-cache.ts";
import type { Rivals } from "./rivals.ts";
import type { SourceController } from "./source-controller.ts";

/** What reconciling an app needs; made once by the controller. */
export interface EngineContext {
  /** The cluster that the app's objects are on. */
  readonly client: ClusterClient;
  /** Which cluster that is; null: it does not matter. */
  readonly identity: ClusterIdentity | null;
  /** The cluster that the apps themselves, their sources and the engine's own records are on. */
  readonly home: ClusterClient;
  readonly registry: AppRegistry;
  readonly sources: SourceController;
  readonly bases: RemoteBases;
  readonly renders: RenderCache;
  readonly capabilities: KnownCapabilities;
  readonly index: LiveIndex;
  readonly inventories: InventoryStore;
  readonly references: FollowedObjects;
  readonly releases: ReleaseStore;
  readonly tools: ReleaseTools;
  readonly expressions: Expressions;
  readonly queries: FieldQueries;
  readonly contents: NamespaceContents;
  readonly rivals: Rivals;
  /** Apps of the same sources that have not looked at their newest content yet: their claims are not known. */
  readonly unsettled: (app: AppKey) => readonly AppKey[];
  /** Whether the remotes have answered to an app's request for a fresh look. */
  readonly isFresh: (app: AppKey, token: string) => boolean;
  /** Writes an app's status now; resolves when it is stored. @throws ApiError when it is not */
  readonly tellNow: (app: AppKey, report: AppReport, signal: AbortSignal) => Promise<void>;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly random: () => number;
  readonly audit: AuditLog;
  readonly kept: KeptRenders;
  readonly telemetry: Telemetry;
  readonly log: Log;
}
