import type { Dialect } from "#core/app/dialect.ts";
import type { HookEvent } from "#core/source/hook-event.ts";
import { isBaseKey } from "#core/source/remote-base.ts";
import { repositoryPlace } from "#core/source/repository-place.ts";
import type { App, AppKey } from "#core/app/app.ts";
import type { Resource } from "#core/resource/resource.ts";
import { stableText } from "#core/resource/stable-text.ts";
import type { SourceKey } from "#core/source/source.ts";
import { TaskGroup } from "#async/task-group.ts";
import { sleep, withDeadline } from "#async/with-deadline.ts";
import { AppReconciler } from "./app-reconciler.ts";
import { AppRegistry, type SetListener } from "./app-registry.ts";
import { AppSets } from "./app-sets.ts";
import { ArtifactPublisher } from "./artifact-publisher.ts";
import type { ControllerOptions } from "./controller-options.ts";
import type { EngineContext } from "./engine-context.ts";
import { FreshLooks } from "./fresh-looks.ts";
import { GeneratorWriter } from "./generator-writer.ts";
import { makeContext } from "./make-context.ts";
import { KeptConfigs } from "./kept-configs.ts";
import type { RemoteClusters } from "./remote-clusters.ts";
import { readRegistry } from "./read-registry.ts";
import { invalidReport, Reporter } from "./reporter.ts";
import { failureText } from "./requests.ts";
import { SourceReports } from "./source-reports.ts";
import { WorkQueue } from "./work-queue.ts";

const SWEEP_EVERY_MS = 60 * 60_000;
const FLUSH_MS = 5_000;
const IDENTIFY_AGAIN_MS = 2_000;

/** The engine: follows the dialects' objects and their sources, and keeps what they declare. */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #context: EngineContext;
  readonly #remotes: RemoteClusters;
  readonly #reconciler: AppReconciler;
  readonly #reporter: Reporter;
  readonly #publisher: ArtifactPublisher | null;
  readonly #generators: GeneratorWriter;
  readonly #sourceReports: SourceReports;
  readonly #queue: WorkQueue<AppKey>;
  readonly #sets: AppSets;
  readonly #kept: KeptConfigs;
  /** Apps that prune nothing before another has read the newest revision, by that other. */
  readonly #awaiting = new Map<AppKey, Set<AppKey>>();
  /** The uid of every app object that was seen: what stands in its status from then on may be our own. */
  readonly #seen = new Map<AppKey, string>();
  /** Apps that came with a status after the start, and when it was written. */
  readonly #strangers = new Map<AppKey, number>();
  readonly #looks = new FreshLooks({
    awaitsDeclared: false,
    basesOf: (app) => this.#context.bases.sourcesOf(app),
    refresh: (source, done) => this.#context.sources.refresh(source, done),
    onAnswer: (app) => this.#queue.add(app, "person"),
  });
  #ready = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { clock, log, telemetry } = options;
    this.#queue = new WorkQueue({
      concurrency: options.concurrency,
      onDepth: (depth) => telemetry.queue(depth),
      onError: (key, error) => log.error({ app: key, error: failureText(error) }, "reconcile failed"),
    });
    const registry = new AppRegistry(options.settings, {
      onApp: (key) => this.#appChanged(key),
      onSource: (key) => this.#sourceDeclared(key),
      onUnused: (key) => {
        // A source of its own object is followed for its status alone.
        if (!registry.source(key) && this.#sets.readerOf(key) === null) this.#context.sources.remove(key);
      },
      onSame: (key) => this.#basesReopened(key),
      onDependents: (keys) => keys.forEach((key) => this.#queue.add(key, "webhook")),
      sets: this.#setListener(),
    });
    const { context, remotes } = makeContext(options, registry, {
      onObject: (app, key) => {
        this.#reconciler.touch(app, key);
        this.#queue.add(app, "drift");
      },
      onAnswer: (app) => this.#queue.add(app, "webhook"),
      onSource: (key) => this.#sourceChanged(key),
      onRival: (dialect) => this.#rivalChanged(dialect),
      revisionOf: (source, commit, refName) =>
        isBaseKey(source.key)
          ? { text: commit, commit, refName }
          : this.#dialectOf(source.key).revisionOf(source, commit, refName),
      unsettled: (app) => this.#unsettled(app),
      isFresh: (app, token) => this.#looks.isOver(app, token),
      tellNow: (app, report, signal) => this.#reporter.appNow(app, report, signal),
    });
    this.#context = context;
    this.#remotes = remotes;
    this.#reconciler = new AppReconciler(context, remotes, {
      recheck: (key, afterMs) => this.#queue.addAfter(key, afterMs, "periodic"),
      report: (record, result) => {
        const report = "report" in result ? result.report : invalidReport(result.problems, clock.now());
        this.#reporter.app(record.key, report);
      },
    });
    const onStored = (dialect: Dialect, object: Resource) => this.#stored(dialect, object);
    this.#reporter = new Reporter({ ...options, registry, onStored });
    this.#publisher = publisherOf(options, (source) => this.#sourceReports.changed(source));
    const { shard } = options;
    const { sources, rivals } = context;
    const parts = { registry, sources, clock, publisher: this.#publisher, reporter: this.#reporter };
    this.#generators = new GeneratorWriter({
      ...options,
      ...parts,
      mayTell: (record) => this.#sourceReports.mayTell(record),
      onStored,
    });
    this.#sourceReports = new SourceReports({ ...parts, rivals, shard, generators: this.#generators });
    this.#sets = new AppSets({ ...options, registry, sources, rivals, queries: context.queries, onStored });
    this.#kept = new KeptConfigs({ ...options, registry, rivals });
  }

  #setListener(): SetListener {
    return {
      onSet: (dialect, object, isThere) =>
        isThere ? this.#sets.put(dialect, object) : this.#sets.gone(dialect, object),
      onStatus: (key) => this.#sets.appTold(key),
      onConfig: (dialect) => {
        this.#sets.configChanged(dialect);
        this.#kept.changed(dialect.name);
      },
    };
  }

  /** Whether every kind was read and apps are worked on. */
  get ready(): boolean {
    return this.#ready;
  }

  /** What the engine knows, for introspection. */
  get context(): EngineContext {
    return this.#context;
  }

  /** Sets of apps as the cluster has them. */
  sets(): readonly Resource[] {
    return this.#sets.objects();
  }

  /** A service tells of a repository: its sources are asked now, and what sets know of its pull requests. */
  hooked({ urls, aboutPullRequest }: HookEvent): void {
    const places = new Set(urls.map(repositoryPlace));
    places.delete(null);
    this.#context.sources.refreshUrls((url) => places.has(repositoryPlace(url)));
    const names = [...places].map((place) => place?.split("/").at(-1) ?? "");
    if (aboutPullRequest) this.#sets.pullsChanged(new Set(names));
  }

  /** Works until the signal aborts; what is still to be told then is told within a few seconds. @throws ApiError when the cluster cannot be read at the start. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, namespaces } = this.#options;
    const tasks = new TaskGroup((error) => {
      if (!signal.aborted) log.error({ error: failureText(error) }, "a part of the controller ended");
    });
    await this.#context.inventories.load(namespaces, signal);
    tasks.add(this.#context.index.run(signal));
    tasks.add(this.#context.references.run(signal));
    tasks.add(this.#context.releases.run(signal));
    tasks.add(this.#context.contents.run(signal));
    tasks.add(this.#remotes.run(signal));
    tasks.add(this.#context.expressions.run(signal));
    tasks.add(this.#context.rivals.run(signal));
    await readRegistry({ ...this.#options, registry: this.#context.registry, tasks }, signal);
    tasks.add(this.#context.sources.run(signal));
    tasks.add(this.#reporter.run(signal));
    tasks.add(this.#generators.run(signal));
    tasks.add(this.#sets.run(signal));
    tasks.add(this.#kept.run(signal));
    if (this.#publisher) tasks.add(this.#publisher.run(this.#sourceReports.objects(), signal));
    tasks.add(this.#sweep(signal));
    this.#ready = true;
    log.info({ apps: this.#context.registry.apps().length }, "controller is ready");
    await this.#queue.run((key) => this.#reconcile(key, signal), signal);
    await tasks.settled();
    await this.#lastWords();
  }

  #dialectOf(key: SourceKey): Dialect {
    const { registry } = this.#context;
    const object = registry.source(key);
    if (object) return object.dialect;
    const [consumer] = registry.consumers(key.split(" @ ")[0] as SourceKey);
    const record = consumer ? registry.app(consumer) : null;
    return (record?.dialect ?? this.#sets.readerOf(key) ?? this.#options.dialects[0]) as Dialect;
  }

  #appChanged(key: AppKey): void {
    const { registry, sources } = this.#context;
    const record = registry.app(key);
    if (record) this.#sawForeign(record.dialect, record.object, key);
    else for (const known of [this.#seen, this.#strangers, this.#looks]) known.delete(key);
    if (record?.parsed.ok) {
      const app = record.parsed.value;
      for (const { inline } of app.sources) if (inline) sources.put(inline);
      this.#context.bases.reopen(app);
      this.#lookAfresh(app);
    }
    this.#sets.appChanged(key);
    this.#kept.appChanged();
    this.#queue.add(key, "person");
  }

  #basesReopened(key: AppKey): void {
    const parsed = this.#context.registry.app(key)?.parsed;
    if (parsed?.ok) this.#context.bases.reopen(parsed.value);
  }

  #lookAfresh(app: App): void {
    const { key, refreshToken } = app;
    const state = this.#reconciler.state(key);
    if (refreshToken === null) {
      this.#looks.delete(key);
      if (state) state.handledToken = null;
    } else if (refreshToken !== state?.handledToken && this.#looks.begin(app, refreshToken)) {
      this.#reconciler.touch(key, null);
    }
  }

  /** A status that its own manager wrote moments before we first saw the object was written by a rival. */
  #sawForeign(dialect: Dialect, object: Resource, key: AppKey): void {
    const { inventories, rivals } = this.#context;
    const { uid = "" } = object.metadata;
    if (this.#seen.get(key) === uid) return;
    this.#seen.set(key, uid);
    if (inventories.has(key)) return;
    const entries = object.metadata.managedFields ?? [];
    const written = entries.filter((entry) => entry.manager === dialect.rules.statusManager && entry.time);
    const last = Math.max(0, ...written.map((entry) => Date.parse(entry.time ?? "")));
    if (last === 0) return;
    // At the start every record was read; later an app may come from another controller of ours, with its record.
    if (this.#ready) this.#strangers.set(key, last);
    else if (!this.#options.alone.wrote(dialect.name, last)) rivals.sawForeignWrite(dialect, last);
  }

  /** Finds out who wrote the status of an app that came with one; @throws ApiError */
  async #identify(key: AppKey, wroteAt: number, signal: AbortSignal): Promise<void> {
    const { inventories, registry, rivals } = this.#context;
    const record = registry.app(key);
    const app = record?.parsed.ok ? record.parsed.value : null;
    const isOurs = app !== null && (await inventories.recall(app, signal));
    this.#strangers.delete(key);
    if (!record || isOurs || this.#options.alone.wrote(record.dialect.name, wroteAt)) return;
    rivals.sawForeignWrite(record.dialect, wroteAt);
  }

  #sourceDeclared(key: SourceKey): void {
    const record = this.#context.registry.source(key);
    if (!record) return this.#context.sources.remove(key);
    if (record.parsed.ok) {
      this.#context.sources.put(record.parsed.value);
      // The source is what it was, but its object waits to be let go.
      if (record.object.metadata.deletionTimestamp !== undefined) this.#sourceChanged(key);
      return;
    }
    this.#context.sources.remove(key);
    this.#sourceReports.invalid(key, record.parsed.error);
  }

  #sourceChanged(key: SourceKey): void {
    const { registry, bases } = this.#context;
    const readers = [...registry.consumers(key.split(" @ ")[0] as SourceKey), ...bases.users(key)];
    for (const app of readers) this.#queue.add(app, "webhook");
    this.#sets.sourceChanged(key);
    this.#sourceReports.changed(key);
  }

  #rivalChanged(dialect: string): void {
    this.#sets.dialectChanged(dialect);
    this.#kept.changed(dialect);
    const known = this.#options.dialects.find(({ name }) => name === dialect);
    if (known) this.#options.alone.note(dialect, this.#context.rivals.alive(known));
    for (const record of this.#context.registry.sources()) {
      if (record.dialect.name === dialect && record.parsed.ok) this.#sourceChanged(record.parsed.value.key);
    }
    for (const record of this.#context.registry.apps()) {
      if (record.dialect.name === dialect) this.#queue.add(record.key, "person");
    }
  }

  async #reconcile(key: AppKey, signal: AbortSignal): Promise<void> {
    const wroteAt = this.#strangers.get(key);
    try {
      if (wroteAt !== undefined) await this.#identify(key, wroteAt, signal);
    } catch (error) {
      this.#queue.addAfter(key, IDENTIFY_AGAIN_MS, "periodic");
      throw error;
    }
    const seen = () => stableText([...(this.#reconciler.state(key)?.seen ?? [])]);
    const before = seen();
    await this.#reconciler.reconcile(key, signal);
    if (seen() === before) return;
    for (const app of this.#awaiting.get(key) ?? []) this.#queue.add(app, "webhook");
    this.#awaiting.delete(key);
  }

  /** Objects may go from one app to another in all that has the same address: main sources and bases alike. */
  #unsettled(app: AppKey): AppKey[] {
    const { registry, sources, bases } = this.#context;
    const parsed = registry.app(app)?.parsed;
    if (!parsed?.ok) return [];
    const own = [...parsed.value.sources.map(({ source }) => source), ...bases.sourcesOf(app)];
    const neighbours = new Set(own.flatMap((source) => sources.neighbours(source)));
    const unsettled = [...neighbours].flatMap((source) => {
      const revision = sources.state(source)?.revision?.text;
      return [...registry.consumers(source), ...bases.users(source)].filter((other) => {
        const record = registry.app(other);
        if (other === app || !record?.parsed.ok || record.parsed.value.deleting || record.parsed.value.suspended)
          return false;
        return revision === undefined || this.#reconciler.state(other)?.seen.get(source) !== revision;
      });
    });
    for (const other of unsettled) this.#awaiting.set(other, (this.#awaiting.get(other) ?? new Set()).add(app));
    return unsettled;
  }

  #stored(dialect: Dialect, object: Resource): void {
    const kinds = [...dialect.appKinds, ...dialect.sourceKinds];
    const kind = kinds.find((one) => one.kind === object.kind);
    if (kind) this.#context.registry.upsert(dialect, kind, object);
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const { index } = this.#context;
    while (!signal.aborted) {
      const spread = SWEEP_EVERY_MS / Math.max(1, index.kinds);
      try {
        await sleep(spread * (0.9 + 0.2 * this.#options.random()), signal);
        await index.sweepNext(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log.warn({ error: failureText(error) }, "the safety sweep failed");
      }
    }
  }

  async #lastWords(): Promise<void> {
    try {
      await withDeadline(new AbortController().signal, FLUSH_MS, (signal) => this.#reporter.flush(signal));
    } catch (error) {
      this.#options.log.warn({ error: failureText(error) }, "some statuses were not written before the end");
    }
  }
}

function publisherOf(
  { artifacts, random, log }: ControllerOptions,
  onDone: (source: SourceKey) => void,
): ArtifactPublisher | null {
  return artifacts ? new ArtifactPublisher({ store: artifacts, random, log, onDone }) : null;
}
