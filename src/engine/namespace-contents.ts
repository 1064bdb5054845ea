import type { AppKey } from "#core/app/app.ts";
import { type GroupKind, type GroupVersionKind, kindKey, splitApiVersion } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { aborted, TaskGroup } from "#async/task-group.ts";
import { sleep } from "#async/with-deadline.ts";
import { backoffMs } from "./backoff.ts";
import type { ClusterClient, KindInfo, Log } from "./ports.ts";
import { failureText } from "./requests.ts";

/** How namespaces are looked into. */
export interface NamespaceContentsOptions {
  readonly client: ClusterClient;
  /** Told when an object without an owner came or went in the namespace that an app asks about. */
  readonly onChange: (app: AppKey) => void;
  readonly log: Log;
  readonly random: () => number;
}

/** What an app asks about. */
export interface AskedNamespace {
  readonly namespace: string;
  /** Whether objects of a kind are of interest. */
  readonly follows: (kind: GroupKind) => boolean;
}

interface Followed {
  readonly apps: Set<AppKey>;
  readonly scope: AbortController;
  /** By kind and name: the same object may be served by several groups. */
  readonly objects: Map<string, Resource>;
  /** Kinds that have not been read yet; null: nobody knows which there are. */
  unread: number | null;
}

const BACKOFF = { baseMs: 2_000, factor: 2, maxMs: 5 * 60_000 };

/**
 * All that lies in namespaces that apps ask about and that nobody else owns, by its metadata alone: one watch for each
 * kind and namespace for as long as somebody asks, and nothing at all otherwise.
 */
export class NamespaceContents {
  readonly #options: NamespaceContentsOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #asked = new Map<AppKey, string>();
  readonly #tasks: TaskGroup;
  #signal: AbortSignal | null = null;

  constructor(options: NamespaceContentsOptions) {
    this.#options = options;
    this.#tasks = new TaskGroup((error) => {
      if (!this.#signal?.aborted) options.log.error({ error: failureText(error) }, "watch ended");
    });
  }

  /** Allows watches to run until the signal aborts; resolves when all have stopped. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    await aborted(signal);
    for (const { scope } of this.#followed.values()) scope.abort(signal.reason);
    await this.#tasks.settled();
  }

  /** From now on the app asks about this namespace, or about none. */
  ask(app: AppKey, asked: AskedNamespace | null): void {
    const before = this.#asked.get(app);
    if (before !== undefined && before !== asked?.namespace) this.#release(app, before);
    if (!asked) return;
    const followed = this.#followed.get(asked.namespace) ?? this.#start(asked);
    followed.apps.add(app);
    this.#asked.set(app, asked.namespace);
  }

  /** Objects without an owner in the namespace that an app asks about; null while they are being read. */
  of(app: AppKey): readonly Resource[] | null {
    const followed = this.#followed.get(this.#asked.get(app) ?? "");
    return followed?.unread === 0 ? [...followed.objects.values()] : null;
  }

  #release(app: AppKey, namespace: string): void {
    this.#asked.delete(app);
    const followed = this.#followed.get(namespace);
    followed?.apps.delete(app);
    if (followed?.apps.size !== 0) return;
    followed.scope.abort();
    this.#followed.delete(namespace);
  }

  #start(asked: AskedNamespace): Followed {
    const followed: Followed = { apps: new Set(), scope: new AbortController(), objects: new Map(), unread: null };
    this.#followed.set(asked.namespace, followed);
    if (!this.#signal?.aborted) this.#tasks.add(this.#follow(asked, followed));
    return followed;
  }

  async #follow({ namespace, follows }: AskedNamespace, followed: Followed): Promise<void> {
    const { signal } = followed.scope;
    try {
      const kinds = await this.#kinds(follows, signal);
      followed.unread = kinds.length;
      if (kinds.length === 0) this.#tell(followed);
      await Promise.all(kinds.map((info) => this.#watch({ info, namespace, followed })));
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #watch(watched: { info: KindInfo; namespace: string; followed: Followed }): Promise<void> {
    const { info, namespace, followed } = watched;
    const keyOf = ({ metadata }: Resource) => `${kindKey(info)} ${metadata.name}`;
    let read = false;
    const isRead = () => {
      if (read || followed.unread === null) return;
      read = true;
      followed.unread--;
      if (followed.unread === 0) this.#tell(followed);
    };
    const handler = {
      upsert: (object: Resource) => {
        const { ownerReferences = [], deletionTimestamp } = object.metadata;
        const counts = ownerReferences.length === 0 && deletionTimestamp === undefined;
        const isKnown = followed.objects.has(keyOf(object));
        if (counts) followed.objects.set(keyOf(object), object);
        else followed.objects.delete(keyOf(object));
        if (counts !== isKnown && followed.unread === 0) this.#tell(followed);
      },
      gone: (object: Resource) => {
        if (followed.objects.delete(keyOf(object)) && followed.unread === 0) this.#tell(followed);
      },
      synced: isRead,
      // A kind that may not be read is not counted.
      failed: isRead,
    };
    await this.#options.client.watch(info, { namespace, metadataOnly: true }, handler, followed.scope.signal);
  }

  /** Every namespaced kind that can be followed, in the version that its cluster prefers. */
  async #kinds(follows: (kind: GroupKind) => boolean, signal: AbortSignal): Promise<readonly KindInfo[]> {
    const { client } = this.#options;
    for (let attempt = 0; ; attempt++) {
      try {
        const { apiVersions } = await client.capabilities({ signal });
        const served = new Map(apiVersions.flatMap(kindOf).map((kind) => [kindKey(kind), kind]));
        const found = [...served.values()]
          .filter(follows)
          .map(({ group, kind }) => client.kind({ group, kind }, { signal }));
        const infos = (await Promise.all(found)).flatMap((lookup) => (lookup.known === "yes" ? [lookup.info] : []));
        return infos.filter(({ namespaced, verbs }) => namespaced && verbs.includes("list") && verbs.includes("watch"));
      } catch (error) {
        signal.throwIfAborted();
        this.#options.log.warn({ error: failureText(error) }, "kinds cannot be listed");
        await sleep(backoffMs(BACKOFF, attempt, this.#options.random), signal);
      }
    }
  }

  #tell({ apps }: Followed): void {
    for (const app of apps) this.#options.onChange(app);
  }
}

/** The kind that an entry such as `apps/v1/Deployment` names; those of versions alone name none. */
function kindOf(apiVersion: string): GroupVersionKind[] {
  const parts = apiVersion.split("/");
  const kind = parts.pop() ?? "";
  return /^[A-Z]/.test(kind) && parts.length > 0 ? [{ ...splitApiVersion(parts.join("/")), kind }] : [];
}
