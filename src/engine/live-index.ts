import { LRUCache } from "lru-cache";
import type { AppKey } from "#core/app/app.ts";
import type { Rules } from "#core/app/rules.ts";
import { gvkOf, type GroupKind, type IdKey, kindKey, keyOf, parseIdKey } from "#core/resource/resource-id.ts";
import { isNewer } from "#core/resource/resource-version.ts";
import type { Resource } from "#core/resource/resource.ts";
import { aborted, TaskGroup } from "#async/task-group.ts";
import { knownKind } from "./known-kind.ts";
import type { ClusterClient, Clock, KindInfo, Log, Selection } from "./ports.ts";

/** What the index knows of a kind: its objects are complete, not read yet, not served, or unreadable. */
export type KindState =
  | { readonly kind: "synced"; readonly info: KindInfo }
  | { readonly kind: "pending" }
  | { readonly kind: "absent" }
  | { readonly kind: "failed"; readonly reason: string };

/** How an index is set up. */
export interface LiveIndexOptions {
  readonly client: ClusterClient;
  /** Rules whose selector says which objects are followed. */
  readonly rules: readonly Rules[];
  /** Namespaces to follow; null: the whole cluster. */
  readonly namespaces: readonly string[] | null;
  /** Told about every change of an object that an app claims, or of a kind that apps wait for. */
  readonly onChange: (app: AppKey, key: IdKey | null) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

const ABSENT_FOR_MS = 3_000;

interface Follower {
  readonly kind: GroupKind & { version: string };
  state: KindState;
  /** When the state was learned, monotonic milliseconds. */
  settledAt: number;
  readonly waiting: Set<AppKey>;
  pendingWatches: number;
}

/**
 * The live state of what apps own: one watch per kind in use and selector, so memory grows with what is managed and not
 * with the cluster. The managedFields of status writers are dropped on arrival.
 */
export class LiveIndex {
  readonly #options: LiveIndexOptions;
  readonly #objects = new Map<IdKey, Resource>();
  readonly #claims = new Map<IdKey, Set<AppKey>>();
  /** Apps that own an object which they no longer declare. */
  readonly #departing = new Map<IdKey, Set<AppKey>>();
  readonly #kinds = new Map<string, Follower>();
  readonly #tasks: TaskGroup;
  /** UIDs that the watch reported gone, and when: an answer that was under way then is older than that. */
  readonly #buried = new LRUCache<string, number>({ max: 10_000 });
  #moment = 0;
  #signal: AbortSignal | null = null;
  #swept = 0;

  constructor(options: LiveIndexOptions) {
    this.#options = options;
    this.#tasks = new TaskGroup((error) => options.log.error({ error: String(error) }, "watch ended"));
  }

  /** Allows watches to run until the signal aborts; resolves when all have stopped. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    await aborted(signal);
    await this.#tasks.settled();
  }

  /** How many kinds are followed. */
  get kinds(): number {
    return this.#kinds.size;
  }

  /**
   * Compares one followed kind with a fresh list, as insurance against a lost event; the next call takes the next kind.
   * @throws ApiError when the list fails: nothing is concluded then.
   */
  async sweepNext(signal: AbortSignal): Promise<void> {
    const followers = [...this.#kinds.values()];
    const follower = followers[this.#swept++ % Math.max(1, followers.length)];
    if (follower?.state.kind !== "synced") return;
    const { info } = follower.state;
    const { client, rules, namespaces } = this.#options;
    const before = [...this.#objects].filter(([, object]) => object.kind === info.kind);
    const asked = this.#moment;
    const listed = new Set<IdKey>();
    for (const selection of selectionsOf(info, rules, namespaces)) {
      for (const object of await client.list(info, selection, { signal })) {
        listed.add(keyOf(object));
        if (!this.#leftSince(object, asked)) this.#upsert(object);
      }
    }
    for (const [key, object] of before) {
      if (kindKey(parseIdKey(key)) !== kindKey(info) || listed.has(key)) continue;
      if (this.#objects.get(key) === object) this.#gone(object);
    }
  }

  /** The live object as last seen, without the managedFields of status writers. */
  get(key: IdKey): Resource | undefined {
    return this.#objects.get(key);
  }

  /** How many objects are held. */
  get size(): number {
    return this.#objects.size;
  }

  /** Follows a kind from now on and says what is known of it; `app` is told when that changes. */
  follow(kind: GroupKind & { version: string }, app: AppKey): KindState {
    const name = kindKey(kind);
    let follower = this.#kinds.get(name);
    if (!follower || this.#mayHaveAppeared(follower)) {
      follower = { kind, state: { kind: "pending" }, settledAt: 0, waiting: new Set(), pendingWatches: 0 };
      this.#kinds.set(name, follower);
      this.#start(kind, follower);
    }
    if (follower.state.kind !== "synced") follower.waiting.add(app);
    return follower.state;
  }

  /** Replaces the set of objects that an app claims; who shares one is told. */
  claim(app: AppKey, before: Iterable<IdKey>, now: Iterable<IdKey>): void {
    const next = new Set(now);
    for (const key of before) if (!next.has(key)) this.#unclaim(app, key);
    for (const key of next) {
      const claims = this.#claims.get(key);
      if (!claims) this.#claims.set(key, new Set([app]));
      else if (!claims.has(app)) {
        this.#tell(key);
        claims.add(app);
      }
    }
  }

  /** Apps that claim an object. */
  claimants(key: IdKey): ReadonlySet<AppKey> {
    return this.#claims.get(key) ?? new Set();
  }

  /** Counts departures; a read that began at a moment tells what lives after it. */
  get moment(): number {
    return this.#moment;
  }

  /**
   * Takes the server's answer, so that the watch event that follows is no news. An object that the watch reported gone
   * lives only if it was asked for afterwards: `asked` is the moment before a read.
   */
  record(object: Resource, asked = 0): void {
    const key = keyOf(object);
    const known = this.#objects.get(key);
    if ((known && isNewer(known, object)) || this.#leftSince(object, asked)) return;
    this.#buried.delete(object.metadata.uid ?? "");
    this.#objects.set(key, trimmed(object));
    this.#followServed(object);
  }

  /** Drops an object that a read showed to be gone. */
  drop(key: IdKey): void {
    this.#objects.delete(key);
    this.#departing.delete(key);
  }

  /** Tells an app of the end of an object that it does not claim any more; finalizers may take their time. */
  awaitGone(key: IdKey, app: AppKey): void {
    const apps = this.#departing.get(key);
    if (apps) apps.add(app);
    else this.#departing.set(key, new Set([app]));
  }

  /** A kind that was not served may be by now; asking again and again would not make it appear sooner. */
  #mayHaveAppeared(follower: Follower): boolean {
    const { state, settledAt } = follower;
    return state.kind === "absent" && this.#options.clock.monotonic() - settledAt > ABSENT_FOR_MS;
  }

  /** Whoever has an object from the server knows that its kind is served. */
  #followServed(object: Resource): void {
    const follower = this.#kinds.get(kindKey(gvkOf(object)));
    if (follower?.state.kind !== "absent") return;
    follower.state = { kind: "pending" };
    this.#start(follower.kind, follower);
  }

  #start(kind: GroupKind & { version: string }, follower: Follower): void {
    const signal = this.#signal;
    if (!signal || signal.aborted) return;
    const work = this.#followKind(kind, follower, signal).catch((error: unknown) => {
      if (signal.aborted) return;
      this.#settle(follower, { kind: "failed", reason: error instanceof Error ? error.message : String(error) });
    });
    this.#tasks.add(work);
  }

  async #followKind(kind: GroupKind & { version: string }, follower: Follower, signal: AbortSignal): Promise<void> {
    const { client, rules, namespaces } = this.#options;
    const unknown = (reason: string) => this.#settle(follower, { kind: "failed", reason });
    const lookup = await knownKind(client, { kind, unknown, random: this.#options.random }, signal);
    if (lookup.known === "no") return this.#settle(follower, { kind: "absent" });
    const info = lookup.info;
    const selections = selectionsOf(info, rules, namespaces);
    follower.pendingWatches = selections.length;
    await Promise.all(selections.map((selection) => this.#watch(follower, { info, selection }, signal)));
  }

  async #watch(
    follower: Follower,
    watched: { info: KindInfo; selection: Selection },
    signal: AbortSignal,
  ): Promise<void> {
    const { info, selection } = watched;
    let synced = false;
    await this.#options.client.watch(
      info,
      selection,
      {
        upsert: (object) => this.#upsert(object),
        gone: (object) => this.#gone(object),
        synced: () => {
          if (!synced) follower.pendingWatches--;
          synced = true;
          if (follower.pendingWatches === 0) this.#settle(follower, { kind: "synced", info });
        },
        failed: (error) => {
          if (!synced) this.#settle(follower, { kind: "failed", reason: error.message });
          this.#options.log.warn({ kind: kindKey(info), error: error.message }, "watch is interrupted");
        },
      },
      signal,
    );
  }

  #settle(follower: Follower, state: KindState): void {
    follower.state = state;
    follower.settledAt = this.#options.clock.monotonic();
    const waiting = [...follower.waiting];
    if (state.kind === "synced") follower.waiting.clear();
    for (const app of waiting) this.#options.onChange(app, null);
  }

  #upsert(object: Resource): void {
    const key = keyOf(object);
    this.#buried.delete(object.metadata.uid ?? "");
    const known = this.#objects.get(key);
    if (known && known.metadata.uid === object.metadata.uid) {
      if (known.metadata.resourceVersion === object.metadata.resourceVersion || isNewer(known, object)) return;
    }
    this.#objects.set(key, trimmed(object));
    this.#tell(key);
  }

  #gone(object: Resource): void {
    const key = keyOf(object);
    const known = this.#objects.get(key);
    this.#buried.set(object.metadata.uid ?? "", ++this.#moment);
    if (known && known.metadata.uid !== object.metadata.uid) return;
    this.#objects.delete(key);
    const departing = this.#departing.get(key) ?? [];
    this.#departing.delete(key);
    for (const app of departing) this.#options.onChange(app, key);
    this.#tell(key);
  }

  #leftSince(object: Resource, moment: number): boolean {
    return (this.#buried.get(object.metadata.uid ?? "") ?? 0) > moment;
  }

  #tell(key: IdKey): void {
    for (const app of this.#claims.get(key) ?? []) this.#options.onChange(app, key);
  }

  #unclaim(app: AppKey, key: IdKey): void {
    const claims = this.#claims.get(key);
    claims?.delete(app);
    if (claims?.size === 0) this.#claims.delete(key);
    else this.#tell(key);
  }
}

/** Writers of the status are no news to drift; every other entry may tell whose a field is. */
function trimmed(object: Resource): Resource {
  const entries = object.metadata.managedFields;
  if (!entries?.some((entry) => entry.subresource)) return object;
  return {
    ...object,
    metadata: { ...object.metadata, managedFields: entries.filter((entry) => !entry.subresource) },
  };
}

/** What is followed of a kind: the objects that carry a dialect's mark, everywhere or in the given namespaces. */
function selectionsOf(
  info: KindInfo,
  rules: readonly Rules[],
  namespaces: readonly string[] | null,
): (Selection & { labelSelector: string })[] {
  const scopes = namespaces && info.namespaced ? namespaces.map((namespace) => ({ namespace })) : [{}];
  const selectors = [...new Set(rules.map((one) => one.selector))];
  return selectors.flatMap((labelSelector) => scopes.map((scope) => ({ ...scope, labelSelector })));
}
