import { ApiError } from "#core/cluster/api-error.ts";
import { idText, splitApiVersion } from "#core/resource/resource-id.ts";
import type { GroupKind } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ObjectName } from "#core/source/source.ts";
import type { ExpiringToken } from "#engine/cloud-identity.ts";
import type {
  ApplyOptions,
  CallOptions,
  ClusterCapabilities,
  ClusterClient,
  DeleteOptions,
  KindInfo,
  KindLookup,
  ObjectRef,
  PatchOptions,
  Selection,
  WatchHandler,
  WriteAnswer,
} from "#engine/ports.ts";
import manifest from "../../../package.json" with { type: "json" };
import { accountToken } from "./account-token.ts";
import { Admission } from "./admission.ts";
import { Capabilities } from "./capabilities.ts";
import { Authenticator } from "./authenticator.ts";
import type { ClusterSettings } from "./connection.ts";
import { Discovery } from "./discovery.ts";
import { isRecord } from "./json-shape.ts";
import { OpenApi } from "./openapi.ts";
import { listAll } from "./paged-list.ts";
import { preflight } from "./preflight.ts";
import { RequestLimiter } from "./request-limiter.ts";
import { Requester } from "./requester.ts";
import type { Call, RequesterOptions, RequestRecord } from "./requester.ts";
import { collectionPath, objectPath } from "./resource-path.ts";
import { Transport } from "./transport.ts";
import { Watch } from "./watch.ts";
import type { WatchTiming } from "./watch.ts";

/** How a client behaves; everything has a default. */
export interface ClientOptions {
  /** Hears of each finished request, for metrics. */
  readonly onRequest?: (record: RequestRecord) => void;
  /** Hears of watch handlers that throw. */
  readonly onError?: (error: unknown, during: string) => void;
  readonly readTimeoutMs?: number;
  /** Keep it shorter than the time between a lost lease and its takeover. */
  readonly writeTimeoutMs?: number;
  /** How often a request that may be repeated is sent at most. */
  readonly attempts?: number;
  readonly backoffMs?: number;
  readonly watch?: Partial<Pick<WatchTiming, "idleLimitMs" | "relistSpreadMs" | "backoffMs" | "backoffLimitMs">>;
  readonly random?: () => number;
}

/** A cluster client with what only its owner may do. */
export type ConnectedCluster = ClusterClient & {
  /** Asks `guard` as each write leaves for its socket; while it throws, no write leaves. */
  guardWrites(guard: () => void): void;
  /** Forgets what the cluster serves and admits, because it has changed: a CRD or admission rule was written. */
  invalidateDiscovery(): void;
  /** How many requests may be under way at once now. */
  readonly concurrency: number;
  /** Cuts all connections; running calls fail. */
  close(): Promise<void>;
};

/** Connects to a cluster; nothing is sent before the first call. */
export function connectCluster(settings: ClusterSettings, options: ClientOptions = {}): ConnectedCluster {
  return new KubeClient(settings, options);
}

const PREFLIGHT_MANAGER = "holdfast-preflight";
const CONTENT_TYPES = { merge: "application/merge-patch+json", json: "application/json-patch+json" } as const;

interface Target extends CallOptions {
  readonly verb: Call["verb"];
  readonly method: Call["method"];
  readonly path: string;
  readonly repeatable: boolean;
  readonly query?: Call["query"];
  readonly body?: string;
  readonly contentType?: string;
}

class KubeClient implements ConnectedCluster {
  readonly server: string;
  readonly #lifetime = new AbortController();
  readonly #transport: Transport;
  readonly #limiter = new RequestLimiter();
  readonly #requester: Requester;
  readonly #discovery: Discovery;
  readonly #capabilities: Capabilities;
  readonly #openApi: OpenApi;
  readonly #admission: Admission;
  readonly #timing: WatchTiming;

  constructor(settings: ClusterSettings, options: ClientOptions) {
    const lifetime = this.#lifetime.signal;
    this.server = settings.server;
    this.#transport = new Transport(settings);
    const authenticator = new Authenticator(settings, lifetime);
    this.#requester = new Requester(
      { transport: this.#transport, authenticator, limiter: this.#limiter },
      requesterOptions(options),
    );
    this.#discovery = new Discovery(this.#requester, lifetime);
    this.#capabilities = new Capabilities(this.#requester, this.#discovery, lifetime);
    this.#openApi = new OpenApi(this.#requester, lifetime);
    this.#admission = new Admission({
      requester: this.#requester,
      discovery: this.#discovery,
      openApi: this.#openApi,
      lifetime,
    });
    this.#timing = watchTiming(options);
  }

  get concurrency(): number {
    return this.#limiter.limit;
  }

  kind(kind: GroupKind & { version?: string }, options: CallOptions): Promise<KindLookup> {
    return this.#discovery.kind(kind, options.signal);
  }

  capabilities(options: CallOptions): Promise<ClusterCapabilities> {
    return this.#capabilities.read(options.signal);
  }

  async get(ref: ObjectRef, options: CallOptions): Promise<Resource | null> {
    const info = await this.#resolve("get", ref, options.signal);
    const target = { ...options, verb: "get", method: "GET", path: objectPath(info, ref), repeatable: true } as const;
    return orNull(this.#object(ref, target));
  }

  async list(info: KindInfo, selection: Selection, options: CallOptions): Promise<readonly Resource[]> {
    return (await listAll(this.#requester, { info, selection, as: options.as, signal: options.signal })).items;
  }

  async create(object: Resource, options: CallOptions & { manager: string }): Promise<Resource> {
    const ref = refOf(object);
    const info = await this.#resolve("create", ref, options.signal);
    if (info.namespaced) objectPath(info, { ...ref, name: ref.name || "generated" });
    return this.#object(ref, {
      ...options,
      verb: "create",
      method: "POST",
      path: collectionPath(info, ref.namespace),
      query: { fieldManager: options.manager },
      body: JSON.stringify(object),
      contentType: "application/json",
      repeatable: false,
    });
  }

  async replace(object: Resource, options: CallOptions & { manager: string }): Promise<Resource> {
    const ref = refOf(object);
    const info = await this.#resolve("replace", ref, options.signal);
    return this.#object(ref, {
      ...options,
      verb: "replace",
      method: "PUT",
      path: objectPath(info, ref),
      query: { fieldManager: options.manager },
      body: JSON.stringify(object),
      contentType: "application/json",
      repeatable: object.metadata.resourceVersion === undefined,
    });
  }

  async apply(object: Resource, options: ApplyOptions): Promise<WriteAnswer> {
    const ref = refOf(object);
    const info = await this.#resolve("apply", ref, options.signal);
    const call = this.#call(ref, {
      ...options,
      verb: "apply",
      method: "PATCH",
      path: objectPath(info, ref),
      query: {
        fieldManager: options.manager,
        force: String(options.force ?? true),
        dryRun: options.dryRun ? "All" : undefined,
      },
      body: JSON.stringify(object), // JSON is YAML.
      contentType: "application/apply-patch+yaml",
      repeatable: true,
    });
    const answer = await this.#requester.sendAnswer(call);
    return { object: answer.value as Resource, created: answer.status === 201 };
  }

  async patch(ref: ObjectRef, body: unknown, options: PatchOptions): Promise<Resource> {
    const info = await this.#resolve("patch", ref, options.signal);
    return this.#object(ref, {
      ...options,
      verb: "patch",
      method: "PATCH",
      path: objectPath(info, ref, options.subresource),
      query: { fieldManager: options.manager, dryRun: options.dryRun ? "All" : undefined },
      body: JSON.stringify(body),
      contentType: CONTENT_TYPES[options.type],
      repeatable: options.type === "merge" && !hasVersionPrecondition(body),
    });
  }

  async delete(ref: ObjectRef, options: DeleteOptions): Promise<boolean> {
    // Without a UID the precondition would hold for every object of that name.
    if (options.uid === "") throw refusal(`Cannot delete ${refText(ref)}: its UID is not known`);
    const info = await this.#resolve("delete", ref, options.signal);
    const { uid, resourceVersion } = options;
    const call = this.#call(ref, {
      ...options,
      verb: "delete",
      method: "DELETE",
      path: objectPath(info, ref),
      body: JSON.stringify({
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions: { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
        propagationPolicy: options.propagation ?? "Background",
      }),
      contentType: "application/json",
      repeatable: false,
    });
    return (await orNull(this.#requester.send(call))) !== null;
  }

  accountToken(account: ObjectName, audiences: readonly string[], options: CallOptions): Promise<ExpiringToken> {
    return accountToken(this.#requester, { account, audiences }, options);
  }

  // oxlint-disable-next-line max-params -- the port gives the signature
  watch(info: KindInfo, selection: Selection, handler: WatchHandler, signal: AbortSignal): Promise<void> {
    return new Watch(this.#requester, this.#timing, { info, selection, handler, signal }).run();
  }

  preflight(object: Resource, options: CallOptions): Promise<readonly string[]> {
    const dryRun = async (candidate: Resource, signal: AbortSignal) => {
      await this.apply(candidate, { ...options, signal, manager: PREFLIGHT_MANAGER, dryRun: true });
    };
    return preflight(object, { openApi: this.#openApi, dryRun }, options.signal);
  }

  hasAdmission(kind: GroupKind, options: CallOptions): Promise<boolean> {
    return this.#admission.watches(kind, options.signal);
  }

  guardWrites(guard: () => void): void {
    this.#requester.guardWrites(guard);
  }

  invalidateDiscovery(): void {
    this.#discovery.invalidate();
    this.#capabilities.invalidate();
    this.#openApi.invalidate();
    this.#admission.invalidate();
  }

  async close(): Promise<void> {
    this.#lifetime.abort(new Error("The cluster client was closed"));
    await this.#transport.close();
  }

  async #resolve(verb: string, ref: ObjectRef, signal: AbortSignal): Promise<KindInfo> {
    const found = await this.#discovery.kind({ ...splitApiVersion(ref.apiVersion), kind: ref.kind }, signal);
    if (found.known === "yes") return found.info;
    const subject = `Cannot ${verb} ${refText(ref)}`;
    if (found.known === "unknown") {
      throw new ApiError({ code: 503, reason: "DiscoveryFailed", message: `${subject}: ${found.reason}` });
    }
    const message = `${subject}: the cluster serves no ${ref.kind} in ${ref.apiVersion}`;
    throw new ApiError({ code: 404, reason: "UnknownKind", message });
  }

  async #object(ref: ObjectRef, target: Target): Promise<Resource> {
    return (await this.#requester.sendJson(this.#call(ref, target))) as Resource;
  }

  #call(ref: ObjectRef, target: Target): Call {
    return {
      verb: target.verb,
      method: target.method,
      path: target.path,
      query: target.query ?? {},
      kind: ref.kind,
      subject: refText(ref),
      ...(target.body === undefined ? {} : { body: target.body }),
      ...(target.contentType === undefined ? {} : { contentType: target.contentType }),
      as: target.as,
      late: target.late,
      repeatable: target.repeatable,
      signal: target.signal,
    };
  }
}

function requesterOptions(options: ClientOptions): RequesterOptions {
  return {
    userAgent: `holdfast/${manifest.version}`,
    readTimeoutMs: options.readTimeoutMs ?? 30_000,
    writeTimeoutMs: options.writeTimeoutMs ?? 30_000,
    attempts: options.attempts ?? 5,
    backoffMs: options.backoffMs ?? 100,
    random: options.random ?? Math.random,
    onRequest: options.onRequest ?? (() => {}),
  };
}

function watchTiming(options: ClientOptions): WatchTiming {
  return {
    idleLimitMs: options.watch?.idleLimitMs ?? 75_000,
    relistSpreadMs: options.watch?.relistSpreadMs ?? 10_000,
    backoffMs: options.watch?.backoffMs ?? 500,
    backoffLimitMs: options.watch?.backoffLimitMs ?? 30_000,
    random: options.random ?? Math.random,
    onError: options.onError ?? ((error, during) => process.emitWarning(`${during} threw: ${String(error)}`)),
  };
}

/** Null instead of the server's NotFound; a 404 without its Status is a path that is not served, which is no answer. */
async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ApiError && error.code === 404 && error.reason === "NotFound") return null;
    throw error;
  }
}

function refOf(object: Resource): ObjectRef {
  const { name, namespace } = object.metadata;
  return { apiVersion: object.apiVersion, kind: object.kind, name, ...(namespace ? { namespace } : {}) };
}

function refText(ref: ObjectRef): string {
  const group = splitApiVersion(ref.apiVersion).group;
  return idText({ group, kind: ref.kind, namespace: ref.namespace ?? "", name: ref.name });
}

function hasVersionPrecondition(body: unknown): boolean {
  return isRecord(body) && isRecord(body["metadata"]) && body["metadata"]["resourceVersion"] !== undefined;
}

function refusal(message: string): ApiError {
  return new ApiError({ code: 400, reason: "BadRequest", message });
}
