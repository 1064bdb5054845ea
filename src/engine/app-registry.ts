import { type App, type AppKey, appKey } from "#core/app/app.ts";
import type { Dialect, DialectKind, Lookup } from "#core/app/dialect.ts";
import type { Settings } from "#core/app/settings.ts";
import { fieldAt } from "#core/health/condition.ts";
import { digestOf } from "#core/resource/digest.ts";
import { kindKey, splitApiVersion } from "#core/resource/resource-id.ts";
import { stableText } from "#core/resource/stable-text.ts";
import { isNewer } from "#core/resource/resource-version.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Problem, type Result, ok } from "#core/result.ts";
import { withDefaultAccount } from "#core/source/default-account.ts";
import { type Source, type SourceKey, sourceObjectKey } from "#core/source/source.ts";

/** An app object and what its dialect makes of it. */
export interface AppRecord {
  readonly key: AppKey;
  readonly dialect: Dialect;
  readonly object: Resource;
  readonly parsed: Result<App, readonly Problem[]>;
}

/** A source object and what its dialect makes of it. */
export interface SourceRecord {
  readonly dialect: Dialect;
  readonly object: Resource;
  readonly parsed: Result<Source, readonly Problem[]>;
}

/** Told what changed; keys only, the reader looks at the registry. */
export interface RegistryListener {
  onApp(key: AppKey): void;
  onSource(key: SourceKey): void;
  /** No app reads this source any more. */
  onUnused(key: SourceKey): void;
  /** An app was parsed anew and means the same; what stands nowhere in it may have changed. */
  onSame?(key: AppKey): void;
  /** Only the status of an app moved: apps that depend on it may go on. */
  onDependents(keys: readonly AppKey[]): void;
  /** Who makes sets of apps; absent: nobody does. */
  readonly sets?: SetListener;
}

/** Told what sets of apps are made from, and what becomes of their apps. */
export interface SetListener {
  /** A set is not what it was, or left the cluster. */
  onSet(dialect: Dialect, object: Resource, isThere: boolean): void;
  /** Only the status of an app moved. */
  onStatus(key: AppKey): void;
  /** Something that a dialect's objects are read with changed. */
  onConfig(dialect: Dialect): void;
}

/** The dialects' own objects, as the cluster has them now, parsed once per change of what matters. */
export class AppRegistry {
  readonly #settings: Settings;
  readonly #listener: RegistryListener;
  /** Dialects whose behaviour an installation chose, by name. */
  readonly #configured = new Map<string, Dialect>();
  readonly #objects = new Map<string, Resource>();
  readonly #stimuli = new Map<string, string>();
  /** Every object of a kind, by the beginning of its keys, until one changes. */
  readonly #lists = new Map<string, readonly Resource[]>();
  readonly #apps = new Map<AppKey, AppRecord>();
  readonly #sources = new Map<SourceKey, SourceRecord>();
  /** What was looked up to parse a source; those that looked nothing up are not in it. */
  readonly #lookups = new Map<SourceKey, Set<string>>();
  readonly #consumers = new Map<SourceKey, Set<AppKey>>();
  readonly #dependents = new Map<AppKey, Set<AppKey>>();

  constructor(settings: Settings, listener: RegistryListener) {
    this.#settings = settings;
    this.#listener = listener;
  }

  /** The app with this key, or null. */
  app(key: AppKey): AppRecord | null {
    return this.#apps.get(key) ?? null;
  }

  /** Every app. */
  apps(): readonly AppRecord[] {
    return [...this.#apps.values()];
  }

  /** Every source object. */
  sources(): readonly SourceRecord[] {
    return [...this.#sources.values()];
  }

  /** The source object with this key, or null for unknown and inline sources. */
  source(key: SourceKey): SourceRecord | null {
    return this.#sources.get(key) ?? null;
  }

  /** Apps that read a source. */
  consumers(key: SourceKey): readonly AppKey[] {
    return [...(this.#consumers.get(key) ?? [])];
  }

  /** Finds objects of one dialect's kinds. */
  lookup(dialect: string): Lookup {
    const one = (kind: string, namespace: string, name: string) =>
      this.#objects.get(objectKey(dialect, kind, { namespace, name })) ?? null;
    return Object.assign(one, { all: (kind: string) => this.#all(listKey(dialect, kind)) });
  }

  #all(list: string): readonly Resource[] {
    const known = this.#lists.get(list);
    if (known) return known;
    const found = [...this.#objects].filter(([key]) => key.startsWith(list)).map(([, object]) => object);
    this.#lists.set(list, found);
    return found;
  }

  /** Apps that depend on an app. */
  dependents(key: AppKey): readonly AppKey[] {
    return [...(this.#dependents.get(key) ?? [])];
  }

  /** The object of an app whatever its state, for dependency checks. */
  objectOf(key: AppKey): Resource | null {
    return this.#apps.get(key)?.object ?? null;
  }

  /** From now on the dialect of this name behaves in this way: all that was parsed by it means something else. */
  configure(dialect: Dialect): void {
    this.#configured.set(dialect.name, dialect);
    for (const [key, record] of this.#sources) {
      if (record.dialect.name === dialect.name) this.#parseSource(key, dialect, record.object);
    }
    this.#reparseApps(dialect);
  }

  /** Takes an object as the cluster has it now. */
  upsert(reader: Dialect, kind: DialectKind, object: Resource): void {
    const dialect = this.#configured.get(reader.name) ?? reader;
    const key = objectKey(dialect.name, kind.kind, object.metadata);
    const known = this.#objects.get(key);
    if (known && isNewer(known, object)) return;
    this.#objects.set(key, object);
    this.#lists.delete(listKey(dialect.name, kind.kind));
    const stimulus = stimulusOf(dialect, kind, object);
    const same = known?.metadata.uid === object.metadata.uid && this.#stimuli.get(key) === stimulus;
    this.#stimuli.set(key, stimulus);
    if (this.#isApp(dialect, kind)) this.#putApp(dialect, kind, { object, same });
    else if (this.#isSource(dialect, kind)) this.#putSource(dialect, { object, same });
    else if (this.#isSet(dialect, kind)) this.#listener.sets?.onSet(dialect, object, true);
    else if (!same) this.#reparseApps(dialect, kind);
    if (!same) this.#reparseSources(key);
  }

  /** Takes note that an object left the cluster. */
  gone(reader: Dialect, kind: DialectKind, object: Resource): void {
    const dialect = this.#configured.get(reader.name) ?? reader;
    const { namespace = "", name } = object.metadata;
    const key = objectKey(dialect.name, kind.kind, { namespace, name });
    const known = this.#objects.get(key);
    // What was made anew under its name meanwhile is there.
    if (known && known.metadata.uid !== object.metadata.uid) return;
    this.#objects.delete(key);
    this.#lists.delete(listKey(dialect.name, kind.kind));
    this.#stimuli.delete(key);
    if (this.#isApp(dialect, kind)) {
      const app = appKey(kind.short, namespace, name);
      const parsed = this.#apps.get(app)?.parsed;
      const waitedFor = parsed?.ok ? appsWaitedFor(parsed.value) : [];
      const read = this.#unlink(app);
      this.#apps.delete(app);
      // What it depended on may have waited for its end.
      if (waitedFor.length > 0) this.#listener.onDependents(waitedFor);
      this.#dropUnused(read);
      this.#listener.onApp(app);
    } else if (this.#isSource(dialect, kind)) {
      const source = sourceObjectKey(kind.kind, namespace, name);
      this.#sources.delete(source);
      this.#lookups.delete(source);
      this.#listener.onSource(source);
    } else if (this.#isSet(dialect, kind)) {
      this.#listener.sets?.onSet(dialect, object, false);
    } else {
      this.#reparseApps(dialect, kind);
    }
    this.#reparseSources(key);
  }

  #isApp(dialect: Dialect, kind: DialectKind): boolean {
    return dialect.appKinds.some((one) => kindKey(one) === kindKey(kind));
  }

  #isSource(dialect: Dialect, kind: DialectKind): boolean {
    return dialect.sourceKinds.some((one) => kindKey(one) === kindKey(kind));
  }

  #isSet({ sets }: Dialect, kind: DialectKind): boolean {
    return sets !== undefined && kindKey(sets.kind) === kindKey(kind);
  }

  #putApp(dialect: Dialect, kind: DialectKind, change: { object: Resource; same: boolean }): void {
    const { object, same } = change;
    const key = appKey(kind.short, object.metadata.namespace ?? "", object.metadata.name);
    const known = this.#apps.get(key);
    if (known && same) {
      this.#apps.set(key, { ...known, object });
      const dependents = this.#dependents.get(key);
      if (dependents && dependents.size > 0) this.#listener.onDependents([...dependents]);
      this.#listener.sets?.onStatus(key);
      return;
    }
    this.#parse({ key, dialect, object });
    this.#listener.onApp(key);
    const dependents = this.#dependents.get(key);
    if (dependents && dependents.size > 0) this.#listener.onDependents([...dependents]);
  }

  #putSource(dialect: Dialect, change: { object: Resource; same: boolean }): void {
    const { object, same } = change;
    const key = sourceObjectKey(object.kind, object.metadata.namespace ?? "", object.metadata.name);
    const known = this.#sources.get(key);
    if (known && same) {
      this.#sources.set(key, { ...known, object });
      return;
    }
    this.#parseSource(key, dialect, object);
  }

  #parseSource(key: SourceKey, dialect: Dialect, object: Resource): void {
    const seen = new Set<string>();
    const lookup: Lookup = (kind, namespace, name) => {
      seen.add(objectKey(dialect.name, kind, { namespace, name }));
      return this.lookup(dialect.name)(kind, namespace, name);
    };
    const parsed = dialect.parseSource(object, lookup, this.#settings);
    const { defaultServiceAccount } = this.#settings;
    const source = parsed.ok ? ok(withDefaultAccount(parsed.value, defaultServiceAccount)) : parsed;
    this.#sources.set(key, { dialect, object, parsed: source });
    if (seen.size > 0) this.#lookups.set(key, seen);
    else this.#lookups.delete(key);
    this.#listener.onSource(key);
  }

  /** Sources that looked an object up mean something else when it changes. */
  #reparseSources(changed: string): void {
    const readers = [...this.#lookups].filter(([, seen]) => seen.has(changed)).map(([key]) => key);
    for (const key of readers) {
      const record = this.#sources.get(key);
      if (record) this.#parseSource(key, record.dialect, record.object);
    }
  }

  /** What objects of a part of a kind say shows in what is parsed: only who means something else by them is woken. */
  #reparseApps(dialect: Dialect, kind?: DialectKind): void {
    this.#listener.sets?.onConfig(dialect);
    for (const record of this.#apps.values()) {
      if (record.dialect.name !== dialect.name) continue;
      this.#parse({ ...record, dialect });
      const isNews = !kind?.only || stableText(this.#apps.get(record.key)?.parsed) !== stableText(record.parsed);
      if (isNews) this.#listener.onApp(record.key);
      else this.#listener.onSame?.(record.key);
    }
  }

  #parse({ key, dialect, object }: Omit<AppRecord, "parsed">): void {
    const read = this.#unlink(key);
    const parsed = dialect.parseApp(object, this.lookup(dialect.name), this.#settings);
    this.#apps.set(key, { key, dialect, object, parsed });
    if (parsed.ok) this.#link(parsed.value);
    this.#dropUnused(read);
  }

  #link(app: App): void {
    for (const { source } of app.sources) addTo(this.#consumers, source, app.key);
    for (const key of appsWaitedFor(app)) addTo(this.#dependents, key, app.key);
  }

  /** Returns the sources that the app read. */
  #unlink(key: AppKey): readonly SourceKey[] {
    const parsed = this.#apps.get(key)?.parsed;
    if (!parsed?.ok) return [];
    const sources = parsed.value.sources.map(({ source }) => source);
    for (const source of sources) this.#consumers.get(source)?.delete(key);
    for (const other of appsWaitedFor(parsed.value)) this.#dependents.get(other)?.delete(key);
    return sources;
  }

  #dropUnused(sources: readonly SourceKey[]): void {
    for (const source of sources) {
      if ((this.#consumers.get(source)?.size ?? 0) > 0) continue;
      this.#consumers.delete(source);
      this.#listener.onUnused(source);
    }
  }
}

/** The apps that an app depends on. */
export function appsWaitedFor({ dependsOn }: App): readonly AppKey[] {
  return dependsOn.flatMap((dependency) => (dependency.on === "app" ? [dependency.key] : []));
}

function objectKey(dialect: string, kind: string, at: { readonly namespace?: string; readonly name: string }): string {
  return `${listKey(dialect, kind)}${at.namespace ?? ""} ${at.name}`;
}

function listKey(dialect: string, kind: string): string {
  return `${dialect} ${kind} `;
}

/** Digest of what may change an object's meaning: everything but its bookkeeping and what its status only reports. */
function stimulusOf(dialect: Dialect, { declaredIn }: DialectKind, object: Resource): string {
  const { labels, annotations, finalizers, deletionTimestamp, ownerReferences } = object.metadata;
  const { status: _status, metadata: _metadata, ...rest } = object;
  const order = dialect.terminationOf(object);
  return digestOf([
    splitApiVersion(object.apiVersion),
    rest,
    labels,
    annotations,
    finalizers,
    deletionTimestamp,
    ownerReferences,
    order,
    declaredIn === undefined ? null : fieldAt(object, ["status", declaredIn]),
  ]);
}

function addTo<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const values = map.get(key);
  if (values) values.add(value);
  else map.set(key, new Set([value]));
}
