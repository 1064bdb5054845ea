import { ApiError } from "#core/cluster/api-error.ts";
import { type GroupKind, idKey, kindKey, keyOf, splitApiVersion } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { PatchOperation } from "#core/diff/take-over.ts";
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
import { asSelected, fieldsOf, isSelected, mergedWith, patchedWith } from "./fake-objects.ts";

/** One request that reached the fake. */
export interface FakeRequest {
  readonly verb: string;
  readonly kind: string;
  readonly name: string;
  readonly body?: unknown;
  readonly options?: object;
}

interface FakeWatch {
  readonly info: KindInfo;
  readonly selection: Selection;
  readonly handler: WatchHandler;
}

type Hook = (request: FakeRequest, signal: AbortSignal) => void | Promise<void>;
type WriteOptions = CallOptions & { manager: string };

interface Store {
  readonly objects: Map<string, Resource>;
  readonly lookups: Map<string, KindLookup>;
  readonly watches: Set<FakeWatch>;
  version: number;
  uids: number;
}

/** A cluster in memory: resource versions, UIDs, preconditions and watches as a real one has them, and no time of its own. */
export class FakeCluster implements ClusterClient {
  readonly server = "https://fake.test";
  readonly requests: FakeRequest[] = [];
  /** Runs before a request takes effect, and after it did: what it throws is what the caller sees. */
  before: Hook = () => {};
  after: Hook = () => {};
  /** Whether watches tell what there is as soon as they start. */
  tells = true;
  /** Kinds that admission watches. */
  readonly admitted = new Set<string>();
  /** What the server's schema has against an object. */
  problemsOf: (object: Resource) => readonly string[] = () => [];
  /** What charts may use. */
  abilities: ClusterCapabilities = {
    kubeVersion: { version: "v1.34.0", major: "1", minor: "34" },
    apiVersions: ["v1"],
  };
  /** How often what is known of the APIs was thrown away. */
  rediscoveries = 0;
  readonly #store: Store;

  constructor(kinds: readonly KindInfo[] = [], store?: Store) {
    this.#store = store ?? { objects: new Map(), lookups: new Map(), watches: new Set(), version: 0, uids: 0 };
    for (const info of kinds) this.lookups.set(kindKey(info), { known: "yes", info });
  }

  /** Another client of the same cluster, with hooks and requests of its own. */
  sibling(): FakeCluster {
    return new FakeCluster([], this.#store);
  }

  get objects(): Map<string, Resource> {
    return this.#store.objects;
  }

  /** What discovery answers, by `group/Kind`; anything else is not served. */
  get lookups(): Map<string, KindLookup> {
    return this.#store.lookups;
  }

  get watches(): Set<FakeWatch> {
    return this.#store.watches;
  }

  /** Puts an object there as somebody else would; a new one gets a UID. */
  put(object: Resource): Resource {
    return this.#save(object);
  }

  /** Takes an object away as somebody else would. */
  take(object: Resource): void {
    this.#drop(this.objects.get(keyOf(object)));
  }

  /** The object of a kind by its name. */
  find(kind: string, name: string): Resource | undefined {
    return [...this.objects.values()].find((object) => object.kind === kind && object.metadata.name === name);
  }

  /** Requests so far, as `verb Kind/name`. */
  get log(): string[] {
    return this.requests.map(({ verb, kind, name }) => `${verb} ${kind}/${name}`);
  }

  async kind(kind: GroupKind, { signal }: CallOptions): Promise<KindLookup> {
    signal.throwIfAborted();
    await Promise.resolve();
    return this.lookups.get(kindKey(kind)) ?? { known: "no" };
  }

  async capabilities({ signal }: CallOptions): Promise<ClusterCapabilities> {
    signal.throwIfAborted();
    await Promise.resolve();
    return this.abilities;
  }

  async get(ref: ObjectRef, options: CallOptions): Promise<Resource | null> {
    return this.#request({ verb: "get", kind: ref.kind, name: ref.name }, options, () => this.#at(ref) ?? null);
  }

  async list(info: KindInfo, selection: Selection, options: CallOptions): Promise<readonly Resource[]> {
    return this.#request({ verb: "list", kind: info.kind, name: "", options: selection }, options, () =>
      this.#selected(info, selection),
    );
  }

  async create(object: Resource, options: WriteOptions): Promise<Resource> {
    return this.#request(requestOf("create", object, options), options, () => {
      if (this.objects.has(keyOf(object))) throw conflict("AlreadyExists");
      return this.#save(object);
    });
  }

  async replace(object: Resource, options: WriteOptions): Promise<Resource> {
    return this.#request(requestOf("replace", object, options), options, () => {
      const stored = this.objects.get(keyOf(object));
      if (!stored) throw notFound();
      const { resourceVersion } = object.metadata;
      if (resourceVersion && resourceVersion !== stored.metadata.resourceVersion) throw conflict("Conflict");
      return this.#save(object);
    });
  }

  async apply(object: Resource, options: ApplyOptions): Promise<WriteAnswer> {
    return this.#request(requestOf("apply", object, options), options, () => {
      const stored = this.objects.get(keyOf(object));
      const others = (stored?.metadata.managedFields ?? []).filter((entry) => entry.manager !== options.manager);
      const { apiVersion } = object;
      const ours = { manager: options.manager, operation: "Apply", apiVersion, fieldsV1: fieldsOf(object) } as const;
      const merged = mergedWith(stored ?? {}, object) as Resource;
      const next = { ...merged, metadata: { ...merged.metadata, managedFields: [...others, ours] } };
      return { object: options.dryRun ? next : this.#save(next), created: !stored };
    });
  }

  async patch(ref: ObjectRef, body: unknown, options: PatchOptions): Promise<Resource> {
    const request = {
      verb: options.subresource ? `patch-${options.subresource}` : "patch",
      kind: ref.kind,
      name: ref.name,
    };
    return this.#request({ ...request, body, options }, options, () => {
      const stored = this.#at(ref);
      if (!stored) throw notFound();
      if (options.type === "merge") return this.#save(mergedInto(stored, body));
      const patched = patchedWith(stored, body as readonly PatchOperation[]);
      if (patched === null) throw conflict("Conflict");
      return this.#save(patched as Resource);
    });
  }

  async delete(ref: ObjectRef, options: DeleteOptions): Promise<boolean> {
    return this.#request({ verb: "delete", kind: ref.kind, name: ref.name, options }, options, () => {
      const stored = this.#at(ref);
      if (!stored) return false;
      const { uid, resourceVersion, finalizers } = stored.metadata;
      if (options.uid !== uid) throw conflict("Conflict");
      if (options.resourceVersion && options.resourceVersion !== resourceVersion) throw conflict("Conflict");
      if (!finalizers || finalizers.length === 0) this.#drop(stored);
      else this.#save({ ...stored, metadata: { ...stored.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } });
      return true;
    });
  }

  watch(info: KindInfo, selection: Selection, handler: WatchHandler, signal: AbortSignal): Promise<void> {
    const watch = { info, selection, handler };
    if (signal.aborted) return Promise.resolve();
    this.watches.add(watch);
    if (this.tells) {
      for (const object of this.#selected(info, selection)) handler.upsert(object);
      handler.synced();
    }
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        this.watches.delete(watch);
        resolve();
      });
    });
  }

  preflight(object: Resource): Promise<readonly string[]> {
    return Promise.resolve(this.problemsOf(object));
  }

  invalidateDiscovery(): void {
    this.rediscoveries++;
  }

  async accountToken(
    { namespace, name }: ObjectName,
    audiences: readonly string[],
    options: CallOptions,
  ): Promise<ExpiringToken> {
    return this.#request({ verb: "create", kind: "TokenRequest", name }, options, () => {
      if (!this.#at({ apiVersion: "v1", kind: "ServiceAccount", namespace, name })) throw notFound();
      return { token: `token of ${namespace}/${name} for ${audiences.join()}`, expiresAt: Date.now() + 3_600_000 };
    });
  }

  hasAdmission(kind: GroupKind): Promise<boolean> {
    return Promise.resolve(this.admitted.has(kind.kind));
  }

  async #request<T>(request: FakeRequest, { signal }: CallOptions, effect: () => T): Promise<T> {
    this.requests.push(request);
    signal.throwIfAborted();
    await this.before(request, signal);
    signal.throwIfAborted();
    const result = effect();
    await this.after(request, signal);
    signal.throwIfAborted();
    return result;
  }

  #selected(info: KindInfo, selection: Selection): Resource[] {
    const covered = [...this.objects.values()].filter((object) => isSelected(object, info, selection));
    return covered.map((object) => asSelected(object, selection));
  }

  #at({ apiVersion, kind, namespace, name }: ObjectRef): Resource | undefined {
    const { group } = splitApiVersion(apiVersion);
    return this.objects.get(idKey({ group, kind, namespace: namespace ?? "", name }));
  }

  #save(object: Resource): Resource {
    const known = this.objects.get(keyOf(object));
    const uid = known?.metadata.uid ?? object.metadata.uid ?? `uid-${++this.#store.uids}`;
    const stored = { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(++this.#store.version) } };
    this.objects.set(keyOf(object), stored);
    for (const { info, selection, handler } of this.watches) {
      if (isSelected(stored, info, selection)) handler.upsert(asSelected(stored, selection));
      else if (known && isSelected(known, info, selection)) handler.gone(asSelected(stored, selection));
    }
    return stored;
  }

  #drop(object: Resource | undefined): void {
    if (!object) return;
    this.objects.delete(keyOf(object));
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#store.version) } };
    for (const { info, selection, handler } of this.watches)
      if (isSelected(object, info, selection)) handler.gone(asSelected(last, selection));
  }
}

/** A resourceVersion in a merge patch is a precondition. */
function mergedInto(stored: Resource, patch: unknown): Resource {
  const { resourceVersion } = (patch as Partial<Resource>).metadata ?? {};
  if (resourceVersion && resourceVersion !== stored.metadata.resourceVersion) throw conflict("Conflict");
  return mergedWith(stored, patch) as Resource;
}

function requestOf(verb: string, object: Resource, options: object): FakeRequest {
  return { verb, kind: object.kind, name: object.metadata.name, body: object, options };
}

function notFound(): ApiError {
  return new ApiError({ code: 404, reason: "NotFound", message: "not found" });
}

function conflict(reason: "Conflict" | "AlreadyExists"): ApiError {
  return new ApiError({ code: 409, reason, message: "precondition failed" });
}
