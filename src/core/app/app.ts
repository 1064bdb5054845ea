import type { ClusterAccess } from "#core/cluster/cluster-access.ts";
import type { SyncWindow } from "#core/policy/sync-windows.ts";
import type { ReleasePolicy } from "#core/release/release-policy.ts";
import type { HealthExpressions } from "#core/health/expression-health.ts";
import type { IdKey, ResourceId } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ObjectAddress, Source, SourceKey } from "#core/source/source.ts";
import type { RollbackState } from "#core/sync/judge-rollback.ts";
import type { RenderSpec } from "./render-spec.ts";
import type { Rendered } from "./rendered.ts";

/** `<short kind>/<namespace>/<name>`, e.g. `ks/team-a/shop`; unique over all dialects. */
export type AppKey = string & { readonly __brand: "AppKey" };

/** The map key of an app. */
export function appKey(short: string, namespace: string, name: string): AppKey {
  return `${short}/${namespace}/${name}` as AppKey;
}

/** Where an app's manifests come from: a source of its own (inline) or one that an object declares. */
export interface AppSource {
  readonly source: SourceKey;
  /** The definition, when the app itself carries it. */
  readonly inline: Source | null;
  /** Directory in the tree: relative, normalised, "" for the root. */
  readonly path: string;
  readonly render: RenderSpec;
  /** What files of the app's other sources are called by that read some of this one; absent: none can. */
  readonly name?: string;
  /** What the dialect completes the render from; opaque to everything else. */
  readonly details?: unknown;
  /** Names how it is declared, whatever revision that is of; absent: no render of it is kept. */
  readonly declaration?: string;
}

/** Where an app's objects go. */
export interface AppTarget {
  /** `in-cluster`, or the name of another cluster. */
  readonly cluster: string;
  /** What says how another cluster is reached; null: this cluster. */
  readonly kubeconfig: ClusterReference | HeldCluster | null;
  /** Namespace for namespaced objects that name none; null: the manifests must say. */
  readonly namespace: string | null;
  /** The user that writes act as; null: the controller itself. */
  readonly impersonate: string | null;
}

/** A cluster that is known already; what the way to it holds shows in no text. */
export interface HeldCluster {
  readonly kind: "held";
  /** What people call it. */
  readonly name: string;
  /** Names what the way was made of, and its version: never what it says. */
  readonly version: string;
  /** The only namespaces that it is used in; null: all. */
  readonly namespaces: readonly string[] | null;
  /** Whether it is used for objects without a namespace. */
  readonly clusterWide: boolean;
  readonly open: () => ClusterAccess;
}

/** A Secret with a kubeconfig, or a ConfigMap that stands for one. */
export type ClusterReference = Reference &
  (
    | {
        readonly kind: "Secret";
        /** Keys that count, the first first. */
        readonly keys: readonly string[];
      }
    | {
        readonly kind: "ConfigMap";
        /** The service account as which it is reached where the ConfigMap names none; null: the controller. */
        readonly account: string | null;
      }
  );

/** A ConfigMap or Secret that an app's render reads. */
export interface Reference {
  readonly kind: "ConfigMap" | "Secret";
  readonly namespace: string;
  readonly name: string;
}

/** What a ConfigMap or Secret holds. */
export interface ReferencedData {
  readonly text: Readonly<Record<string, string>>;
  /** A Secret's entries as they stand in it; none of a ConfigMap's. */
  readonly base64: Readonly<Record<string, string>>;
}

/** The map key of a reference. */
export function referenceKey({ kind, namespace, name }: Reference): string {
  return `${kind}/${namespace}/${name}`;
}

/** What an app waits for at the end of a sync: nothing, all its objects, or the named ones. */
export type HealthGate = "none" | "all" | readonly IdKey[];

/** How an app is synced. Durations in milliseconds. */
export interface SyncPolicy {
  /** `auto`: the engine syncs on its own; `manual`: only when asked. */
  readonly mode: "auto" | "manual";
  readonly prune: boolean;
  readonly selfHeal: boolean;
  readonly allowEmpty: boolean;
  /** Recreate objects whose change the server calls immutable. */
  readonly force: boolean;
  readonly createNamespace: boolean;
  /** Whether nothing is synced while another app declares one of the objects too. */
  readonly failsOnShared?: true;
  readonly wait: HealthGate;
  /** Whether one object that is refused does not keep the others of its stage from being written. */
  readonly keepGoing: boolean;
  /** Waits between one healing and the next, `baseMs`·`factor`^n, at most `maxMs`; absent: none. */
  readonly healBackoff?: { readonly baseMs: number; readonly factor: number; readonly maxMs: number };
  /** Bound of one sync including its health gate. */
  readonly timeoutMs: number;
  /** Longest time between two looks at everything. */
  readonly intervalMs: number;
  readonly retry: RetryPolicy;
  /** What deleting the app object does to its objects; `abandon`: they cannot be reached, and no hook can run there. */
  readonly onDelete: "prune" | "prune-and-wait" | "orphan" | "abandon";
  readonly propagation: "Background" | "Foreground" | "Orphan";
}

/** Waits between attempts of the same revision: `baseMs`·`factor`^n, at most `maxMs`; `limit` −1: for ever. */
export interface RetryPolicy {
  readonly limit: number;
  readonly baseMs: number;
  readonly factor: number;
  readonly maxMs: number;
  /** What is tried again: what failed, or what is tracked by then. Absent: what was ordered, or the newest at once. */
  readonly of?: "same" | "newest";
}

/** An object that an order is about; namespace null: that of any. */
export type SelectedObject = Omit<ResourceId, "namespace"> & { readonly namespace: string | null };

/** A person's order to sync now. */
export interface SyncRequest {
  /** Identifies the order: handled once. */
  readonly token: string;
  /** A revision to sync instead of the tracked one. */
  readonly revision: string | null;
  /** The same of each of several sources; "" for the tracked one. Absent: of the first. */
  readonly revisions?: readonly string[];
  /** What to sync from instead of the app's own sources. */
  readonly sources?: readonly AppSource[];
  /** Objects to sync instead of what any source declares. */
  readonly given?: Rendered;
  readonly prune: boolean | null;
  readonly dryRun: boolean;
  /** Restricts the sync to these objects, one that names no namespace in whichever it is; null: all. */
  readonly only: readonly SelectedObject[] | null;
  /** Whether hooks run, where the sync is of all objects. */
  readonly hooks: boolean;
  readonly initiatedBy: string;
  readonly retry: RetryPolicy | null;
}

/** An app, or any other object, that an app waits for. */
export type Dependency = (
  | { readonly on: "app"; readonly key: AppKey }
  | {
      readonly on: "object";
      readonly apiVersion: string;
      readonly kind: string;
      readonly namespace: string;
      readonly name: string;
    }
) & {
  /** Decides readiness in place of the usual check, over `self` and `dep`; null: that check. */
  readonly readyExpression: string | null;
};

/** The neutral unit of delivery, parsed from a dialect's object. */
export interface App {
  readonly key: AppKey;
  readonly dialect: string;
  readonly object: ObjectAddress;
  readonly deleting: boolean;
  /** The finalizer that makes deletion cascade: its name, whether the object has it, whether the engine adds it. */
  readonly finalizer: { readonly name: string; readonly present: boolean; readonly ensure: boolean };
  readonly sources: readonly AppSource[];
  /** How a repository is opened that its files name; absent: as anybody would. */
  readonly openBase?: (base: Source) => Source;
  /** What the render reads besides the sources. */
  readonly references: readonly Reference[];
  readonly target: AppTarget;
  readonly policy: SyncPolicy;
  readonly dependsOn: readonly Dependency[];
  /** How the app is kept as a Helm release; null: its objects are applied as they are. */
  readonly release: ReleasePolicy | null;
  /** An object that must stand on the cluster so that the app has its source; null: that is somebody else's to declare. */
  readonly declares: Resource | null;
  /** How the app judges kinds that it knows better than the dialect. */
  readonly healthExpressions: readonly HealthExpressions[];
  readonly suspended: boolean;
  /** How long a new revision may take to be healthy, and where that led so far; absent: the app never goes back by itself. */
  readonly rollback?: { readonly afterMs: number } & RollbackState;
  /** Times in which it may or may not be synced; absent: it may at all times. */
  readonly windows?: readonly SyncWindow[];
  /** A new token asks for a fresh look at source and cluster. */
  readonly refreshToken: string | null;
  readonly request: SyncRequest | null;
  /** When a person confirmed the deletions that waited for it, milliseconds since the epoch; absent: never. */
  readonly confirmedAt?: number;
  /** A new token asks to end the sync at work. */
  readonly termination: string | null;
  /** Digest of the parts of the spec that decide what is synced: a new one starts a new sync. */
  readonly specDigest: string;
  /** What the dialect's own rules read back; opaque to everything else. */
  readonly details?: unknown;
}
