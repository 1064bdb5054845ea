import type { EventNote, SyncReport } from "#core/app/app-report.ts";
import type { Rendered } from "#core/app/rendered.ts";
import type { ChartPostRender, RenderSpec } from "#core/app/render-spec.ts";
import type { ClusterAccess } from "#core/cluster/cluster-access.ts";
import type { ChartMetadata, HelmRelease, HelmReleaseChart, HelmReleaseHook } from "#core/helm/release.ts";
import type { ValuesPart } from "#core/helm/values-part.ts";
import type { GroupKind, GroupVersionKind } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ArtifactSignatures, ArtifactTrust } from "#core/source/artifact-signatures.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import type { ReadSet } from "#core/source/read-set.ts";
import type { SecretRole } from "#core/source/remote.ts";
import type { SourceError } from "#core/source/source-error.ts";
import type {
  ArtifactVerification,
  CommitVerification,
  ObjectName,
  Revision,
  Source,
  SourceRef,
  VerifiedObject,
} from "#core/source/source.ts";
import type { ExpiringToken, ServiceAccountIdentity } from "./cloud-identity.ts";

/** An API that a cluster serves. */
export interface KindInfo extends GroupVersionKind {
  readonly plural: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

/** The outcome of asking discovery for a kind: `unknown` means that its group could not be read, which is not absence. */
export type KindLookup = { known: "yes"; info: KindInfo } | { known: "no" } | { known: "unknown"; reason: string };

/** What a cluster can do, in the words in which charts ask for it. */
export interface ClusterCapabilities {
  readonly kubeVersion: { readonly version: string; readonly major: string; readonly minor: string };
  /** `v1`, `apps/v1`, `apps/v1/Deployment` and so on, sorted. */
  readonly apiVersions: readonly string[];
}

/** Addresses one object through the API version that its `apiVersion` names. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** Whom requests act as. */
export interface Impersonation {
  readonly user: string;
  readonly groups?: readonly string[];
}

/** What every call takes. */
export interface CallOptions {
  readonly signal: AbortSignal;
  readonly as?: Impersonation;
  /** Others may go first, for a moment, where many wait. */
  readonly late?: true;
}

/** The server's answer to a write: the object as stored, and whether this request created it. */
export interface WriteAnswer {
  readonly object: Resource;
  readonly created: boolean;
}

/** How an apply is done; conflicts are forced unless `force` is false. */
export interface ApplyOptions extends CallOptions {
  readonly manager: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

/** A patch of one object or of its status. */
export interface PatchOptions extends CallOptions {
  readonly type: "merge" | "json";
  readonly manager: string;
  readonly subresource?: "status";
  readonly dryRun?: boolean;
}

/** Preconditions and propagation of a delete; the UID is never optional. */
export interface DeleteOptions extends CallOptions {
  readonly uid: string;
  readonly resourceVersion?: string;
  readonly propagation?: "Background" | "Foreground" | "Orphan";
}

/** Which objects a list or watch covers. */
export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Objects come with their metadata alone: the rest never leaves the server. */
  readonly metadataOnly?: boolean;
}

/** What a watch reports; errors never end it, and one that a handler throws is reported apart. */
export interface WatchHandler {
  upsert(object: Resource): void;
  /**
   * The object left the selection or the cluster; confirm by `get` before believing it. Holds at least its last known
   * identity, version, labels and annotations: what a list no longer shows comes without the rest.
   */
  gone(object: Resource): void;
  /** All there is has been told: after each complete list, and when a watch that had failed goes on without a gap. */
  synced(): void;
  /** The kind cannot be listed or watched now: what is known of it is stale. */
  failed(error: Error): void;
}

/** Gives tokens of a cluster's service accounts. */
export interface TokenSource {
  /** A new token of the account; no audiences: those of the cluster. */
  accountToken(account: ObjectName, audiences: readonly string[], options: CallOptions): Promise<ExpiringToken>;
}

/** One cluster's API, plain JSON in and out. Failures throw `ApiError`. */
export interface ClusterClient extends TokenSource {
  readonly server: string;
  /** Looks a kind up in cached discovery, asking the server once when it is not there. */
  kind(kind: GroupKind & { version?: string }, options: CallOptions): Promise<KindLookup>;
  /** What the cluster can do, at most half a minute old. @throws ApiError when its groups cannot be listed */
  capabilities(options: CallOptions): Promise<ClusterCapabilities>;
  /** The object, or null when the server answered NotFound. */
  get(ref: ObjectRef, options: CallOptions): Promise<Resource | null>;
  /** Every object of a kind, read page by page. */
  list(info: KindInfo, selection: Selection, options: CallOptions): Promise<readonly Resource[]>;
  create(object: Resource, options: CallOptions & { manager: string }): Promise<Resource>;
  /** Replaces the object; its resourceVersion, when present, is a precondition. */
  replace(object: Resource, options: CallOptions & { manager: string }): Promise<Resource>;
  apply(object: Resource, options: ApplyOptions): Promise<WriteAnswer>;
  patch(ref: ObjectRef, body: unknown, options: PatchOptions): Promise<Resource>;
  /** Starts a delete; false when the object was gone already. @throws ApiError 409 when a precondition fails. */
  delete(ref: ObjectRef, options: DeleteOptions): Promise<boolean>;
  /** Lists and watches until the signal aborts; resolves then. Never gives up before. */
  watch(info: KindInfo, selection: Selection, handler: WatchHandler, signal: AbortSignal): Promise<void>;
  /** Problems of an object that the server's schema shows without asking it: unknown or ill-typed fields. */
  preflight(object: Resource, options: CallOptions): Promise<readonly string[]>;
  /** Forgets what is known of the cluster's APIs, because a definition was written. */
  invalidateDiscovery(): void;
  /** Whether admission (webhooks, policies, CRD rules) may change or refuse this kind, so that only a dry run can tell. */
  hasAdmission(kind: GroupKind, options: CallOptions): Promise<boolean>;
}

/** Another cluster, connected. */
export interface RemoteCluster {
  readonly client: ClusterClient;
  /** Helm's library with that cluster's capabilities and objects. */
  readonly tools: ReleaseTools;
  close(): Promise<void>;
}

/** Connects to other clusters. */
export interface ClusterConnector {
  /** Nothing is asked yet. @throws Error when a kubeconfig, which somebody else wrote, cannot be used */
  connect(access: ClusterAccess): RemoteCluster;
}

/** Time, as the engine reads it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds that never go back. */
  monotonic(): number;
}

/** Turns a directory of a tree into objects: a pure function of the spec and the files it reads. */
export interface Renderer {
  /** @throws RenderError when the files at `path` cannot be rendered; MissingBasesError when it takes more than they. */
  render(input: { tree: FileTree; path: string; spec: RenderSpec }, signal: AbortSignal): Promise<Rendered>;
}

/** A chart in a source's tree: a folder, or the one packed file that the tree holds. */
export interface ChartPlace {
  readonly tree: FileTree;
  readonly path: string;
}

/** Reads charts and release records, and renders charts, by Helm's own library. */
export interface ReleaseTools {
  /** What a chart is and what its values amount to, without rendering. @throws RenderError */
  inspect(
    chart: ChartPlace,
    values: readonly ValuesPart[],
    signal: AbortSignal,
  ): Promise<{ readonly metadata: ChartMetadata; readonly configDigest: string }>;
  /** @throws RenderError when the chart cannot be rendered with these values. */
  render(wanted: ReleaseRender, signal: AbortSignal): Promise<RenderedRelease>;
  /** The text of a record, and the digest that it is recognised by. */
  encode(
    asked: { readonly release: HelmRelease; readonly ociDigest: string },
    signal: AbortSignal,
  ): Promise<{ readonly record: string; readonly digest: string }>;
  /** What a release's Secret holds (`data.release`, base64 as it is there). @throws Error when it is no release */
  decode(
    asked: { readonly secretData: string; readonly ociDigest: string },
    signal: AbortSignal,
  ): Promise<StoredRelease>;
}

/** What to render for a release. */
export interface ReleaseRender extends ChartPlace {
  readonly values: readonly ValuesPart[];
  readonly postRender: ChartPostRender;
  readonly release: {
    readonly name: string;
    readonly namespace: string;
    readonly revision: number;
    readonly isUpgrade: boolean;
  };
  /** What templates and the record see in place of the chart's own version. */
  readonly chartVersion: string;
  /** The values of the release before, which count before the given ones; null: they do not count. */
  readonly reuse: { readonly defaults: unknown; readonly config: unknown } | null;
  readonly validateSchema: boolean;
  /** Whom the templates' `lookup` acts as. */
  readonly as: Impersonation | null;
}

/** What a chart became for one revision of a release. */
export interface RenderedRelease {
  readonly objects: readonly Resource[];
  /** Hooks as a record keeps them, and their objects. */
  readonly hooks: readonly { readonly hook: HelmReleaseHook; readonly object: Resource }[];
  /** Objects of the charts' `crds/` folders. */
  readonly crds: readonly Resource[];
  readonly notes: string;
  readonly manifest: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly configDigest: string;
  readonly chart: HelmReleaseChart;
  readonly readSet: ReadSet;
}

/** A release as a record holds it. */
export interface StoredRelease {
  readonly release: HelmRelease;
  readonly digest: string;
  readonly configDigest: string;
  readonly objects: readonly Resource[];
  readonly hooks: readonly { readonly hook: HelmReleaseHook; readonly object: Resource }[];
}

/** What one ref resolved to, or why it could not be resolved. */
export type RefResult =
  | { readonly ref: SourceRef; readonly commit: string; readonly refName: string | null }
  | { readonly ref: SourceRef; readonly error: SourceError };

/** One repository with one credential: a single local store, whatever the number of apps. */
export interface Repository {
  /** Asks the remote once for all refs and fetches at most once. @throws SourceError when nothing could be asked. */
  sync(refs: readonly SourceRef[], limits: { timeoutMs: number }, signal: AbortSignal): Promise<readonly RefResult[]>;
  /** Whether a commit can be read without the remote. */
  holds(commit: string, signal: AbortSignal): Promise<boolean>;
  /** Makes one commit readable, wherever it is in the history. @throws SourceError */
  fetchCommit(commit: string, signal: AbortSignal): Promise<void>;
  /** The files of a commit that was fetched. @throws SourceError */
  tree(commit: string, signal: AbortSignal): Promise<FileTree>;
  /** What its maker noted with a commit that was fetched, where such a thing exists. @throws SourceError */
  annotations?(commit: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** Says who signed a commit that was fetched, where such a thing exists. @throws SourceError unless all is as asked */
  verify?(request: VerificationRequest, signal: AbortSignal): Promise<readonly VerifiedObject[]>;
}

/** What must be signed, and the Secrets that say by whom. */
export interface VerificationRequest {
  readonly commit: string;
  readonly refName: string | null;
  readonly signed:
    Pick<CommitVerification, "commit" | "tag" | "tagFirst"> | Omit<ArtifactVerification, "keys" | "trustedRoot">;
  /** Null: no key is trusted, only the identities that the trusted root knows. */
  readonly keys: Resource | null;
  readonly trustedRoot?: Resource;
}

/** Checks a signature of a payload by keys, which are entries of a Secret; says which one made it, or why none did. */
export type SignatureCheck = (
  signed: { readonly payload: Uint8Array; readonly signature: string; readonly keys: Readonly<Record<string, string>> },
  signal: AbortSignal,
) => Promise<{ readonly key: string } | { readonly problem: string }>;

/** Says who signed an artifact, that nobody needs to have, or why nobody did. */
export type ArtifactCheck = (
  signatures: ArtifactSignatures,
  trust: ArtifactTrust,
  signal: AbortSignal,
) => Promise<{ readonly key: string } | { readonly ignored: true } | { readonly problem: string }>;

/** The Secrets that a source names, as they are now, and whom else it is read as. */
export interface SourceSecrets extends Readonly<Partial<Record<SecretRole, Resource>>> {
  /** The service account that a cloud is asked as; absent: the controller. */
  readonly identity?: ServiceAccountIdentity;
  /** Those that a service account pulls with. */
  readonly pullSecrets?: readonly Resource[];
}

/** Opens the repository of a source. @throws SourceError on an unusable url or Secret. */
export interface SourceFetcher {
  open(source: Pick<Source, "url" | "remote">, secrets: SourceSecrets): Repository;
  /** Makes sources from the files of others, where such a thing exists. */
  readonly deriver?: SourceDeriver;
}

/** Makes sources from the files of others, and keeps what it made. */
export interface SourceDeriver {
  /** The very tree of the last time where nothing changed that it is made from. @throws SourceError */
  derive(wanted: Derivation, signal: AbortSignal): Promise<Derived>;
  /** The files of a revision that was derived before; null when they are not here any more. */
  recall(commit: string, signal: AbortSignal): Promise<FileTree | null>;
}

/** What to derive. */
export interface Derivation {
  readonly source: Source;
  /** What the source's origin has now. */
  readonly origin: { readonly revision: Revision; readonly tree: FileTree };
  /** What the source was at last, with this spec; null: nothing. */
  readonly known: Pick<Revision, "text" | "commit"> | null;
  /** Opens the repository that holds a chart, with the Secrets of the source of that address which stands beside. */
  readonly openCharts: (
    at: { readonly url: string; readonly chart: string },
    signal: AbortSignal,
  ) => Promise<Repository>;
}

/** What a source became. */
export interface Derived {
  readonly commit: string;
  readonly refName: string;
  readonly chart: NonNullable<Revision["chart"]>;
  readonly tree: FileTree;
}

/** One line of the audit history. Never holds field values. */
export interface AuditRecord {
  readonly at: number;
  readonly actor: string;
  readonly app: string;
  readonly verb:
    | "create"
    | "update"
    | "delete"
    | "delete-refused"
    | "sync"
    | "approve"
    | "pause"
    | "adopt"
    | "release"
    | "rollback"
    | "heal";
  readonly object: string;
  readonly revision: string;
  readonly reason: string;
  /** Deletion certificate or result, as data. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Where history goes; losing it loses no ability to reconcile. */
export interface AuditLog {
  append(record: AuditRecord): void;
}

/** What the engine counts. */
export interface Telemetry {
  /** Seconds that one step of a reconcile took. */
  step(name: "fetch" | "render" | "plan" | "apply" | "report", seconds: number): void;
  render(hit: boolean): void;
  drift(app: string): void;
  queue(depth: number): void;
  /** Seconds that one pass over an app, or a set of apps, took. */
  pass(app: string, seconds: number): void;
  /** A sync of an app ended. */
  sync(app: string, outcome: SyncReport["outcome"]): void;
  /** Apps by phase; null: the app, or the set of apps, is gone. */
  phase(app: string, phase: string | null): void;
}

/** One structured line per outcome. */
export interface Log {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** Takes events for people; never blocks and never fails the caller. */
export interface EventSink {
  push(target: Resource, component: string, notes: readonly EventNote[]): void;
}
