import type { ObjectMeta, Resource } from "#core/resource/resource.ts";
import { Breather } from "./breather.ts";

/** Where changes are reported. */
export interface ChangeSink {
  upsert(object: Resource): void;
  gone(object: Resource): void;
}

const TOMBSTONES = 1_000;

/**
 * What a watch has reported so far, as names, UIDs and versions. It turns lists and events into changes, knows an object
 * that was deleted and created again from one that was updated, and drops events that are repeated or come too late.
 */
export class KnownObjects {
  readonly #sink: ChangeSink;
  #known = new Map<string, Resource>();
  /** Last versions of objects reported as gone, so that a late event cannot bring one back. */
  readonly #tombstones = new Map<string, string>();

  constructor(sink: ChangeSink) {
    this.#sink = sink;
  }

  get size(): number {
    return this.#known.size;
  }

  /** Takes a complete list: reports what it lacks as gone, and what is new or changed. */
  async replace(items: readonly Resource[], signal: AbortSignal): Promise<void> {
    const breather = new Breather();
    const before = this.#known;
    const missing = new Map(before);
    for (const item of items) missing.delete(keyOf(item));
    for (const [key, stub] of missing) {
      before.delete(key);
      this.#sink.gone(stub);
    }
    for (const item of items) {
      const stub = before.get(keyOf(item));
      if (!stub || !sameState(stub, item)) this.#report(item, stub);
      if (!breather.due()) continue;
      await breather.rest();
      signal.throwIfAborted();
    }
  }

  /** Takes an ADDED or MODIFIED event. */
  upsert(object: Resource): void {
    const key = keyOf(object);
    const stub = this.#known.get(key);
    const last = stub ? versionOf(stub) : this.#tombstones.get(key);
    if (last !== undefined && !isNewer(versionOf(object), last)) return;
    this.#report(object, stub);
  }

  /** Takes a DELETED event. */
  remove(object: Resource): void {
    const key = keyOf(object);
    const stub = this.#known.get(key);
    if (!stub || isNewer(versionOf(stub), versionOf(object))) return;
    this.#known.delete(key);
    this.#bury(key, versionOf(object));
    this.#sink.gone(object);
  }

  #report(object: Resource, stub: Resource | undefined): void {
    if (stub && stub.metadata.uid !== object.metadata.uid) this.#sink.gone(stub);
    const key = keyOf(object);
    this.#tombstones.delete(key);
    this.#known.set(key, stubOf(object));
    this.#sink.upsert(object);
  }

  #bury(key: string, version: string): void {
    this.#tombstones.set(key, version);
    if (this.#tombstones.size <= TOMBSTONES) return;
    const oldest = this.#tombstones.keys().next().value;
    if (oldest !== undefined) this.#tombstones.delete(oldest);
  }
}

/** Identity and ownership marks only: the whole object belongs to whoever consumes the watch. */
function stubOf(object: Resource): Resource {
  const { name, namespace, uid, resourceVersion, labels, annotations } = object.metadata;
  const metadata: ObjectMeta = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations: withoutLastApplied(annotations) }),
  };
  return { apiVersion: object.apiVersion, kind: object.kind, metadata };
}

// The one annotation that holds a whole manifest, a Secret's included.
function withoutLastApplied(annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { "kubectl.kubernetes.io/last-applied-configuration": _dropped, ...kept } = annotations;
  return kept;
}

function keyOf(object: Resource): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

function versionOf(object: Resource): string {
  return object.metadata.resourceVersion ?? "";
}

function sameState(a: Resource, b: Resource): boolean {
  return a.metadata.uid === b.metadata.uid && versionOf(a) === versionOf(b) && versionOf(a) !== "";
}

// Versions of one kind are decimal numbers that grow; anything else is compared as different, hence newer.
function isNewer(version: string, than: string): boolean {
  if (version === than) return false;
  if (!/^\d+$/.test(version) || !/^\d+$/.test(than)) return true;
  return version.length === than.length ? version > than : version.length > than.length;
}
