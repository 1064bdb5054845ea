import { LRUCache } from "lru-cache";
import { releaseSecretType, releaseSummaryOf } from "#core/helm/release-record.ts";
import type { ReleaseSummary } from "#core/helm/release-record.ts";
import type { Resource } from "#core/resource/resource.ts";
import { annotationsOf, labelsOf } from "#core/resource/resource.ts";

/** Annotation of a record that names the object for which the engine wrote it; whoever else writes it drops that. */
export const WRITTEN_FOR_ANNOTATION = "holdfast.dev/release-of";

/** Where the records of a release lie. */
export interface ReleaseStorage {
  readonly namespace: string;
  /** The release's name. */
  readonly name: string;
}

/** What is known of a record without its content. */
export interface StoredSummary extends ReleaseSummary {
  /** Namespace of the Secret. */
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  /** UID of the object that the engine wrote it for; null when somebody else wrote it last. */
  readonly writtenFor: string | null;
}

/** The map key of a storage. */
export function storageKey({ namespace, name }: ReleaseStorage): string {
  return `${namespace}/${name}`;
}

/** What a release's Secret tells by its metadata; undefined when it is none of Helm's. */
export function summaryOf(secret: Resource): StoredSummary | undefined {
  // Only Secrets of that type are asked for, and metadata does not name it.
  const summary = releaseSummaryOf({ type: releaseSecretType, metadata: secret.metadata });
  if (!summary) return undefined;
  const { namespace = "", uid = "", resourceVersion = "" } = secret.metadata;
  const writtenFor = annotationsOf(secret)[WRITTEN_FOR_ANNOTATION] ?? null;
  return { ...summary, namespace, uid, resourceVersion, labels: labelsOf(secret), writtenFor };
}

/** The newest known state of every release record, whatever the order in which answers and events come. */
export class ReleaseRecordIndex {
  /** Records by storage and by the name of their Secret. */
  readonly #storages = new Map<string, Map<string, StoredSummary>>();
  /** Storages by Secret: a label tells which, and labels change. */
  readonly #places = new Map<string, string>();
  /** UIDs of records that the engine deleted: what is still told of them is old. */
  readonly #buried = new LRUCache<string, true>({ max: 10_000 });

  /** The records of a storage, newest first. */
  of(storage: ReleaseStorage): readonly StoredSummary[] {
    const records = this.#storages.get(storageKey(storage))?.values() ?? [];
    return [...records].toSorted((a, b) => b.version - a.version);
  }

  /** Takes a Secret as it was seen; the storages that changed thereby. */
  learn(secret: Resource): readonly string[] {
    const key = secretKey(secret);
    const known = this.#at(key);
    const { uid = "", resourceVersion = "" } = secret.metadata;
    if (this.#buried.has(uid)) return [];
    if (known && !isLater(resourceVersion, known.resourceVersion)) return [];
    const left = this.#remove(key);
    const summary = summaryOf(secret);
    if (!summary) return left;
    const storage = storageKey(summary);
    const records = this.#storages.get(storage) ?? new Map<string, StoredSummary>();
    this.#storages.set(storage, records.set(key, summary));
    this.#places.set(key, storage);
    return [...new Set([...left, storage])];
  }

  /** Whether this very object is known. */
  holds(secret: Resource): boolean {
    return this.#at(secretKey(secret))?.uid === secret.metadata.uid;
  }

  /** Takes a Secret off that is gone; the storages that changed thereby. */
  drop(secret: Resource): readonly string[] {
    return this.holds(secret) ? this.#remove(secretKey(secret)) : [];
  }

  /** Takes a Secret off that the engine has deleted; nothing brings it back. */
  bury(secret: Resource): void {
    this.drop(secret);
    this.#buried.set(secret.metadata.uid ?? "", true);
  }

  #at(key: string): StoredSummary | undefined {
    return this.#storages.get(this.#places.get(key) ?? "")?.get(key);
  }

  #remove(key: string): readonly string[] {
    const storage = this.#places.get(key);
    if (storage === undefined) return [];
    this.#places.delete(key);
    const records = this.#storages.get(storage);
    records?.delete(key);
    if (records?.size === 0) this.#storages.delete(storage);
    return [storage];
  }
}

/** The map key of a release's Secret. */
export function secretKey({ metadata }: Resource): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

/** Also of two objects that had the name one after the other: versions count through for the whole cluster. */
function isLater(version: string, than: string): boolean {
  return version.length !== than.length ? version.length > than.length : version > than;
}
