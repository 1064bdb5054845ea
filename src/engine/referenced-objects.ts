import { type AppKey, type Reference, type ReferencedData, referenceKey } from "#core/app/app.ts";
import { stableText } from "#core/resource/stable-text.ts";
import type { Resource } from "#core/resource/resource.ts";
import { aborted, TaskGroup } from "#async/task-group.ts";
import { knownKind } from "./known-kind.ts";
import type { ClusterClient, Log } from "./ports.ts";
import { readUntilAnswered } from "./read-until-answered.ts";
import { failureText } from "./requests.ts";

/** What is known of an object that an app names. */
export type Referenced =
  | { readonly kind: "pending" }
  /** Its data as text, or null when there is no such object. */
  | { readonly kind: "read"; readonly data: ReferencedData | null }
  | { readonly kind: "failed"; readonly reason: string };

/** How references are followed. */
export interface ReferencedObjectsOptions {
  readonly client: ClusterClient;
  /** Told when what an app names was read or has changed. */
  readonly onChange: (app: AppKey) => void;
  readonly log: Log;
  readonly random: () => number;
}

interface Followed {
  readonly apps: Set<AppKey>;
  readonly scope: AbortController;
  state: Referenced;
  version: string;
}

/**
 * ConfigMaps and Secrets that apps name: one watch for each, for as long as somebody names it, so that a change counts
 * at once and nothing is asked in between.
 */
export class ReferencedObjects {
  readonly #options: ReferencedObjectsOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #named = new Map<AppKey, ReadonlySet<string>>();
  readonly #tasks: TaskGroup;
  #signal: AbortSignal | null = null;

  constructor(options: ReferencedObjectsOptions) {
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
  name(app: AppKey, references: readonly Reference[]): void {
    const wanted = new Set(references.map(referenceKey));
    for (const key of this.#named.get(app) ?? []) if (!wanted.has(key)) this.#release(app, key);
    if (wanted.size === 0) this.#named.delete(app);
    else this.#named.set(app, wanted);
    for (const reference of references) {
      const followed = this.#followed.get(referenceKey(reference)) ?? this.#start(reference);
      followed.apps.add(app);
    }
  }

  /** What is known of an object that some app names; `pending` for any other. */
  get(reference: Reference): Referenced {
    return this.#followed.get(referenceKey(reference))?.state ?? { kind: "pending" };
  }

  #release(app: AppKey, key: string): void {
    const followed = this.#followed.get(key);
    followed?.apps.delete(app);
    if (followed?.apps.size !== 0) return;
    followed.scope.abort();
    this.#followed.delete(key);
  }

  #start(reference: Reference): Followed {
    const followed: Followed = {
      apps: new Set(),
      scope: new AbortController(),
      state: { kind: "pending" },
      version: "",
    };
    this.#followed.set(referenceKey(reference), followed);
    if (!this.#signal?.aborted) this.#tasks.add(this.#watch(reference, followed));
    return followed;
  }

  async #watch(reference: Reference, followed: Followed): Promise<void> {
    const { client, random } = this.#options;
    const { signal } = followed.scope;
    const { kind, namespace, name } = reference;
    const unknown = (reason: string) => this.#learn(followed, { kind: "failed", reason });
    try {
      const lookup = await knownKind(client, { kind: { group: "", kind }, unknown, random }, signal);
      if (lookup.known !== "yes") throw new Error(`${kind} is not served`);
      const selection = { namespace, fieldSelector: `metadata.name=${name}` };
      const handler = {
        upsert: (object: Resource) => this.#learn(followed, { kind: "read", data: referencedData(object) }),
        gone: () => this.#tasks.add(this.#confirmGone(reference, followed)),
        synced: () => {
          if (followed.state.kind !== "read") this.#learn(followed, { kind: "read", data: null });
        },
        failed: (error: Error) => {
          if (followed.state.kind !== "read") this.#learn(followed, { kind: "failed", reason: error.message });
        },
      };
      await client.watch(lookup.info, selection, handler, signal);
    } catch (error) {
      if (!signal.aborted) this.#learn(followed, { kind: "failed", reason: failureText(error) });
    }
  }

  async #confirmGone(reference: Reference, followed: Followed): Promise<void> {
    const { signal } = followed.scope;
    const object = await readUntilAnswered(this.#options, { apiVersion: "v1", ...reference }, signal);
    this.#learn(followed, { kind: "read", data: object && referencedData(object) });
  }

  #learn(followed: Followed, state: Referenced): void {
    const version = state.kind === "read" ? stableText(state.data) : state.kind;
    if (version === followed.version) return;
    followed.state = state;
    followed.version = version;
    for (const app of followed.apps) this.#options.onChange(app);
  }
}

/** What a ConfigMap or Secret holds. */
export function referencedData(object: Resource): ReferencedData {
  const data = (object["data"] ?? {}) as Record<string, string>;
  if (object.kind !== "Secret") return { text: data, base64: {} };
  const decoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]);
  return { text: Object.fromEntries(decoded) as Record<string, string>, base64: data };
}
