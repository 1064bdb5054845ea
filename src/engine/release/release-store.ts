import { LRUCache } from "lru-cache";
import type { App, AppKey } from "#core/app/app.ts";
import { ApiError, isVerdict } from "#core/cluster/api-error.ts";
import { releaseSecret, releaseSecretName, releaseSecretType } from "#core/helm/release-record.ts";
import { idText } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { aborted, TaskGroup } from "#async/task-group.ts";
import { knownKind } from "../known-kind.ts";
import type { AuditLog, AuditRecord, ClusterClient, Clock, Log, ReleaseTools, StoredRelease } from "../ports.ts";
import { readUntilAnswered } from "../read-until-answered.ts";
import { asUser, failureText } from "../requests.ts";
import { ReleaseRecordIndex, secretKey, storageKey, summaryOf, WRITTEN_FOR_ANNOTATION } from "./release-store-index.ts";
import type { ReleaseStorage, StoredSummary } from "./release-store-index.ts";

/** What is known of the records of a release. */
export type ReleaseRecords =
  | { readonly kind: "pending" }
  | { readonly kind: "failed"; readonly reason: string }
  /** Newest first. */
  | { readonly kind: "read"; readonly records: readonly StoredSummary[] };

/** How release records are followed and written. */
export interface ReleaseStoreOptions {
  readonly client: ClusterClient;
  readonly tools: Pick<ReleaseTools, "encode" | "decode">;
  /** Namespaces to follow; null: the whole cluster. */
  readonly namespaces: readonly string[] | null;
  /** Told when records that an app asked for were read, or were changed by somebody else. */
  readonly onChange: (app: AppKey) => void;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** A release to write, and for whom. */
export interface RecordWrite {
  readonly app: App;
  readonly manager: string;
  readonly stored: Omit<StoredRelease, "digest">;
  /** Digest of the chart's artifact where it came from a registry, else "". */
  readonly ociDigest: string;
}

/** A record as it lies in the cluster now. */
export interface WrittenRecord {
  readonly summary: StoredSummary;
  readonly stored: StoredRelease;
}

const LABELS = "owner=helm";
const MAX_DECODED = 2_000;
const MAX_DECODED_BYTES = 64 << 20;
/** How much a decoded record takes for each character of its Secret: it is packed, and its objects are there twice. */
const BYTES_PER_CHARACTER = 6;

/**
 * Helm's release records of the whole cluster: one watch of their metadata from the first app on that asks, the content
 * only of those that are read. What the store writes itself is known from the answer and wakes nobody.
 */
export class ReleaseStore {
  readonly #options: ReleaseStoreOptions;
  readonly #index = new ReleaseRecordIndex();
  /** Apps by storage. */
  readonly #askers = new Map<string, Set<AppKey>>();
  readonly #decoded = new LRUCache<string, StoredRelease>({ max: MAX_DECODED, maxSize: MAX_DECODED_BYTES });
  /** What the watch told of Secrets while a write of ours to them was under way. */
  readonly #held = new Map<string, { writes: number; readonly told: (() => void)[] }>();
  readonly #scope = new AbortController();
  readonly #tasks: TaskGroup;
  #state: Exclude<ReleaseRecords, { kind: "read" }> | { readonly kind: "synced" } = { kind: "pending" };
  #isStarted = false;

  constructor(options: ReleaseStoreOptions) {
    this.#options = options;
    this.#tasks = new TaskGroup((error) => {
      if (!this.#scope.signal.aborted) options.log.error({ error: failureText(error) }, "watch ended");
    });
  }

  /** Allows the watch to run until the signal aborts; resolves when it has stopped. */
  async run(signal: AbortSignal): Promise<void> {
    await aborted(signal);
    this.#scope.abort(signal.reason);
    await this.#tasks.settled();
  }

  /** What is known of a release's records; from now on the app is told of their changes. */
  records(app: AppKey, storage: ReleaseStorage): ReleaseRecords {
    const { namespaces } = this.#options;
    if (namespaces && !namespaces.includes(storage.namespace)) {
      return { kind: "failed", reason: `releases in namespace ${storage.namespace} are not served here` };
    }
    this.#start();
    const key = storageKey(storage);
    const askers = this.#askers.get(key);
    if (askers) askers.add(app);
    else this.#askers.set(key, new Set([app]));
    if (this.#state.kind !== "synced") return this.#state;
    return { kind: "read", records: this.#index.of(storage) };
  }

  /** The app is told of nothing any more. */
  forget(app: AppKey): void {
    for (const [key, apps] of this.#askers) if (apps.delete(app) && apps.size === 0) this.#askers.delete(key);
  }

  /**
   * What a record holds, read with the app's own rights.
   * @throws Error naming the Secret when it is gone or holds no release.
   */
  async read(
    asked: { app: App; summary: StoredSummary; ociDigest: string },
    signal: AbortSignal,
  ): Promise<StoredRelease> {
    const { app, summary, ociDigest } = asked;
    const known = this.#decoded.get(decodedKey(app, summary, ociDigest));
    if (known) return known;
    const ref = refOf(summary);
    const subject = `Cannot read release record ${secretText(ref)}`;
    const secret = await this.#options.client.get(ref, { signal, ...asUser(app) });
    if (!secret) throw new Error(`${subject}: it is gone`);
    const secretData = (secret["data"] as Record<string, unknown> | undefined)?.["release"];
    if (typeof secretData !== "string") throw new Error(`${subject}: it holds no release`);
    const stored = await this.#options.tools.decode({ secretData, ociDigest }, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new Error(`${subject}: ${failureText(error)}`, { cause: error });
    });
    const now = summaryOf(secret) ?? summary;
    this.#keep(decodedKey(app, now, ociDigest), stored, secretData.length);
    return stored;
  }

  /** Writes a new record as the app. @throws ApiError when the server refuses it or does not answer */
  create(write: RecordWrite & { storageNamespace: string }, signal: AbortSignal): Promise<WrittenRecord> {
    return this.#write({ ...write, verb: "create", labels: {}, metadata: {} }, signal);
  }

  /** Writes over a record as the app. @throws ApiError 409 when it has changed since */
  update(write: RecordWrite & { summary: StoredSummary }, signal: AbortSignal): Promise<WrittenRecord> {
    const { namespace, labels, uid, resourceVersion } = write.summary;
    const metadata = { uid, resourceVersion };
    return this.#write({ ...write, verb: "update", storageNamespace: namespace, labels, metadata }, signal);
  }

  /** Deletes a record as the app; false when it was gone already. @throws ApiError 409 when it is another one by now */
  async remove({ app, summary }: { app: App; summary: StoredSummary }, signal: AbortSignal): Promise<boolean> {
    const ref = refOf(summary);
    const secret = { ...ref, metadata: { name: ref.name, namespace: ref.namespace, uid: summary.uid } };
    const text = { object: secretText(ref), revision: "" };
    const detail = { uid: summary.uid, status: summary.status };
    return this.#undisturbed(secret, async () => {
      const reason = "the release's record is not kept any longer";
      this.#audit(app, { ...text, verb: "delete", reason, detail });
      const options = { uid: summary.uid, signal, ...asUser(app) };
      const wasThere = await this.#options.client.delete(ref, options).catch((error: unknown) => {
        if (error instanceof ApiError && isVerdict(error)) {
          this.#audit(app, { ...text, verb: "delete-refused", reason: failureText(error), detail });
        }
        throw error;
      });
      this.#index.bury(secret);
      return wasThere;
    });
  }

  async #write(
    write: RecordWrite & {
      verb: "create" | "update";
      storageNamespace: string;
      labels: Readonly<Record<string, string>>;
      metadata: { uid?: string; resourceVersion?: string };
    },
    signal: AbortSignal,
  ): Promise<WrittenRecord> {
    const { app, manager, verb, storageNamespace, labels, ociDigest } = write;
    const { client, tools, clock } = this.#options;
    const { release } = write.stored;
    const { record, digest } = await tools.encode({ release, ociDigest }, signal);
    const written = { as: verb === "create" ? "created" : "modified", atMs: clock.now() } as const;
    const secret = releaseSecret({ release, storageNamespace, record, labels, written });
    const annotations = { [WRITTEN_FOR_ANNOTATION]: app.object.uid };
    const object = { ...secret, metadata: { ...secret.metadata, ...write.metadata, annotations } };
    const stored = { ...write.stored, digest };
    return this.#undisturbed(object, async () => {
      const options = { manager, signal, ...asUser(app) };
      const answer = await (verb === "create" ? client.create(object, options) : client.replace(object, options));
      const summary = summaryOf(answer);
      if (!summary) {
        throw new Error(
          `Cannot ${verb} release record ${secretText(secret.metadata)}: it was stored without its labels`,
        );
      }
      this.#index.learn(answer);
      this.#keep(decodedKey(app, summary, ociDigest), stored, secret.data.release.length);
      const { name, version, info } = release;
      this.#audit(app, {
        verb,
        object: secretText(secret.metadata),
        revision: release.chart.metadata.version,
        reason: `release ${name}, revision ${version} is ${info.status}`,
        detail: { uid: summary.uid, status: info.status },
      });
      return { summary, stored };
    });
  }

  #keep(key: string, stored: StoredRelease, characters: number): void {
    this.#decoded.set(key, stored, { size: characters * BYTES_PER_CHARACTER });
  }

  /** Lets what the watch tells of a Secret wait until our own write to it has been answered, so that it is no news. */
  async #undisturbed<T>(secret: Resource, work: () => Promise<T>): Promise<T> {
    const key = secretKey(secret);
    const held = this.#held.get(key) ?? { writes: 0, told: [] };
    this.#held.set(key, held);
    held.writes++;
    try {
      return await work();
    } finally {
      if (--held.writes === 0) {
        this.#held.delete(key);
        for (const tell of held.told) tell();
      }
    }
  }

  #start(): void {
    const { signal } = this.#scope;
    if (this.#isStarted || signal.aborted) return;
    this.#isStarted = true;
    const work = this.#follow(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#settle({ kind: "failed", reason: failureText(error) });
    });
    this.#tasks.add(work);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { client, namespaces, random } = this.#options;
    const unknown = (reason: string) => this.#settle({ kind: "failed", reason });
    const lookup = await knownKind(client, { kind: { group: "", kind: "Secret" }, unknown, random }, signal);
    if (lookup.known !== "yes") throw new Error("Secret is not served");
    const scopes = namespaces?.map((namespace) => ({ namespace })) ?? [{}];
    let unsynced = scopes.length;
    const watches = scopes.map((scope) => {
      let isSynced = false;
      const selection = {
        ...scope,
        labelSelector: LABELS,
        fieldSelector: `type=${releaseSecretType}`,
        metadataOnly: true,
      };
      const handler = {
        upsert: (object: Resource) => this.#take(object, () => this.#tell(this.#index.learn(object))),
        gone: (object: Resource) => this.#take(object, () => this.#gone(object)),
        synced: () => {
          if (!isSynced) unsynced--;
          isSynced = true;
          if (unsynced === 0) this.#settle({ kind: "synced" });
        },
        failed: (error: Error) => {
          if (!isSynced) this.#settle({ kind: "failed", reason: error.message });
          this.#options.log.warn({ error: error.message }, "the watch of release records is interrupted");
        },
      };
      return client.watch(lookup.info, selection, handler, signal);
    });
    await Promise.all(watches);
  }

  #take(object: Resource, tell: () => void): void {
    const held = this.#held.get(secretKey(object));
    if (held) held.told.push(tell);
    else tell();
  }

  #gone(object: Resource): void {
    if (this.#index.holds(object)) this.#tasks.add(this.#confirmGone(object));
  }

  async #confirmGone(object: Resource): Promise<void> {
    const { name, namespace = "" } = object.metadata;
    const ref = { apiVersion: "v1", kind: "Secret", namespace, name };
    const found = await readUntilAnswered(this.#options, ref, this.#scope.signal);
    if (found?.["type"] === releaseSecretType) this.#tell(this.#index.learn(found));
    if (found?.metadata.uid !== object.metadata.uid) this.#tell(this.#index.drop(object));
  }

  #settle(state: Exclude<ReleaseRecords, { kind: "read" }> | { kind: "synced" }): void {
    if (this.#state.kind === "synced") return;
    this.#state = state;
    for (const app of new Set([...this.#askers.values()].flatMap((apps) => [...apps]))) this.#options.onChange(app);
  }

  #tell(storages: readonly string[]): void {
    if (this.#state.kind !== "synced") return;
    const apps = new Set(storages.flatMap((key) => [...(this.#askers.get(key) ?? [])]));
    for (const app of apps) this.#options.onChange(app);
  }

  #audit(app: App, record: Pick<AuditRecord, "verb" | "object" | "revision" | "reason" | "detail">): void {
    const at = this.#options.clock.now();
    this.#options.audit.append({ at, actor: "holdfast", app: app.key, ...record });
  }
}

function refOf({ namespace, name, version }: { namespace: string; name: string; version: number }) {
  return { apiVersion: "v1", kind: "Secret", namespace, name: releaseSecretName(name, version) } as const;
}

function secretText({ namespace, name }: { namespace: string; name: string }): string {
  return idText({ group: "", kind: "Secret", namespace, name });
}

/** One reader's right to a record is not another's. */
function decodedKey(app: App, { uid, resourceVersion }: StoredSummary, ociDigest: string): string {
  return [uid, resourceVersion, ociDigest, app.target.impersonate ?? ""].join(" ");
}
