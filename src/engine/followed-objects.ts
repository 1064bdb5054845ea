import type { AppKey, Reference, ReferencedData } from "#core/app/app.ts";
import { splitApiVersion } from "#core/resource/resource-id.ts";
import { stableText } from "#core/resource/stable-text.ts";
import type { Resource } from "#core/resource/resource.ts";
import { aborted, TaskGroup } from "#async/task-group.ts";
import { sleep } from "#async/with-deadline.ts";
import { knownKind } from "./known-kind.ts";
import type { ClusterClient, KindInfo, Log, ObjectRef } from "./ports.ts";
import { readUntilAnswered } from "./read-until-answered.ts";
import { failureText } from "./requests.ts";

/** What is known of an object that an app names. */
export type FollowedState =
  | { readonly kind: "pending" }
  /** The object, or null when there is none. */
  | { readonly kind: "read"; readonly object: Resource | null }
  | { readonly kind: "failed"; readonly reason: string };

/** How objects are followed. */
export interface FollowedObjectsOptions {
  readonly client: ClusterClient;
  /** Told when what an app names was read or has changed. */
  readonly onChange: (app: AppKey) => void;
  readonly log: Log;
  readonly random: () => number;
}

interface Followed {
  readonly apps: Set<AppKey>;
  readonly scope: AbortController;
  state: FollowedState;
  version: string;
}

const SERVED_AGAIN_MS = 15_000;

/**
 * Objects that apps name: one watch for each, for as long as somebody names it, so that a change counts at once and
 * nothing is asked in between.
 */
export class FollowedObjects {
  readonly #options: FollowedObjectsOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #named = new Map<AppKey, ReadonlySet<string>>();
  readonly #tasks: TaskGroup;
  #signal: AbortSignal | null = null;

  constructor(options: FollowedObjectsOptions) {
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

  /** From now on the app names these and no others. */
  name(app: AppKey, references: readonly ObjectRef[]): void {
    const wanted = new Set(references.map(refKey));
    for (const key of this.#named.get(app) ?? []) if (!wanted.has(key)) this.#release(app, key);
    if (wanted.size === 0) this.#named.delete(app);
    else this.#named.set(app, wanted);
    for (const reference of references) {
      const followed = this.#followed.get(refKey(reference)) ?? this.#start(reference);
      followed.apps.add(app);
    }
  }

  /** What is known of an object that some app names; `pending` for any other. */
  get(reference: ObjectRef): FollowedState {
    return this.#followed.get(refKey(reference))?.state ?? { kind: "pending" };
  }

  #release(app: AppKey, key: string): void {
    const followed = this.#followed.get(key);
    followed?.apps.delete(app);
    if (followed?.apps.size !== 0) return;
    followed.scope.abort();
    this.#followed.delete(key);
  }

  #start(reference: ObjectRef): Followed {
    const followed: Followed = {
      apps: new Set(),
      scope: new AbortController(),
      state: { kind: "pending" },
      version: "",
    };
    this.#followed.set(refKey(reference), followed);
    if (!this.#signal?.aborted) this.#tasks.add(this.#watch(reference, followed));
    return followed;
  }

  async #watch(reference: ObjectRef, followed: Followed): Promise<void> {
    const { client } = this.#options;
    const { signal } = followed.scope;
    const { namespace = "", name } = reference;
    try {
      const info = await this.#servedKind(reference, followed);
      const selection = { ...(info.namespaced && { namespace }), fieldSelector: `metadata.name=${name}` };
      const handler = {
        upsert: (object: Resource) => this.#learn(followed, { kind: "read", object }),
        gone: () => this.#tasks.add(this.#confirmGone(reference, followed)),
        synced: () => {
          if (followed.state.kind !== "read") this.#learn(followed, { kind: "read", object: null });
        },
        failed: (error: Error) => {
          if (followed.state.kind !== "read") this.#learn(followed, { kind: "failed", reason: error.message });
        },
      };
      await client.watch(info, selection, handler, signal);
    } catch (error) {
      if (!signal.aborted) this.#learn(followed, { kind: "failed", reason: failureText(error) });
    }
  }

  /** Waits for as long as nobody serves the kind, which a definition may change. */
  async #servedKind({ apiVersion, kind }: ObjectRef, followed: Followed): Promise<KindInfo> {
    const { client, random } = this.#options;
    const { signal } = followed.scope;
    const unknown = (reason: string) => this.#learn(followed, { kind: "failed", reason });
    const wanted = { kind: { ...splitApiVersion(apiVersion), kind }, unknown, random };
    for (;;) {
      const lookup = await knownKind(client, wanted, signal);
      if (lookup.known === "yes") return lookup.info;
      unknown(`${kind} is not served`);
      await sleep(SERVED_AGAIN_MS, signal);
    }
  }

  async #confirmGone(reference: ObjectRef, followed: Followed): Promise<void> {
    const { signal } = followed.scope;
    const object = await readUntilAnswered(this.#options, reference, signal);
    this.#learn(followed, { kind: "read", object });
  }

  #learn(followed: Followed, state: FollowedState): void {
    const version = state.kind === "read" ? versionOf(state.object) : state.kind;
    if (version === followed.version) return;
    followed.state = state;
    followed.version = version;
    for (const app of followed.apps) this.#options.onChange(app);
  }
}

/** The object that a reference names. */
export function refOfReference({ kind, namespace, name }: Reference): ObjectRef {
  return { apiVersion: "v1", kind, namespace, name };
}

function refKey({ apiVersion, kind, namespace = "", name }: ObjectRef): string {
  return `${apiVersion} ${kind} ${namespace} ${name}`;
}

/** What must change to be news: of what holds data, the data. */
function versionOf(object: Resource | null): string {
  if (object === null) return "none";
  const isData = object.kind === "ConfigMap" || object.kind === "Secret";
  return isData
    ? stableText(referencedData(object))
    : stableText([object.metadata.uid, object.metadata.resourceVersion]);
}

/** What a ConfigMap or Secret holds. */
export function referencedData(object: Resource): ReferencedData {
  const data = (object["data"] ?? {}) as Record<string, string>;
  if (object.kind !== "Secret") return { text: data, base64: {} };
  const decoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]);
  return { text: Object.fromEntries(decoded) as Record<string, string>, base64: data };
}
