import type { EventNote } from "#core/app/app-report.ts";
import { type AppSet, type GeneratedSet, SetError, type SetKey, setKey, type SetReport } from "#core/app/app-set.ts";
import { type AppKey, appKey } from "#core/app/app.ts";
import type { Dialect, SetRules } from "#core/app/dialect.ts";
import type { Settings } from "#core/app/settings.ts";
import { selectorMatches, type WrittenSelector } from "#core/policy/label-selector.ts";
import { digestOf } from "#core/resource/digest.ts";
import { isNewer } from "#core/resource/resource-version.ts";
import { labelsOf, type Resource } from "#core/resource/resource.ts";
import type { Problem, Result } from "#core/result.ts";
import type { SourceKey } from "#core/source/source.ts";
import type { AppRegistry } from "./app-registry.ts";
import { backoffMs } from "./backoff.ts";
import type { FieldQueries } from "./field-queries.ts";
import type { AuditLog, ClusterClient, Clock, EventSink, Log, Telemetry } from "./ports.ts";
import type { ProviderReader } from "./provider-reader.ts";
import { failureText } from "./requests.ts";
import type { Rivals } from "./rivals.ts";
import { PendingError, SetAnswers } from "./set-answers.ts";
import { ignoredInMembers } from "./set-ignored.ts";
import { SetMembers } from "./set-members.ts";
import { setPlan, type SetPlan } from "./set-plan.ts";
import type { SetTemplates } from "./set-templates.ts";
import { type SetChanges, SetWriter } from "./set-writer.ts";
import type { SourceController } from "./source-controller.ts";
import { writeStatus } from "./status-writer.ts";
import { WorkQueue } from "./work-queue.ts";

/** What sets of apps need. */
export interface AppSetsParts {
  readonly client: ClusterClient;
  readonly registry: AppRegistry;
  readonly sources: Pick<SourceController, "state" | "put" | "remove" | "refresh">;
  readonly rivals: Pick<Rivals, "alive">;
  readonly templates: SetTemplates;
  readonly providers: ProviderReader;
  readonly queries: FieldQueries;
  readonly settings: Settings;
  readonly shard: WrittenSelector | null;
  /** Takes an app as it was stored. */
  readonly onStored: (dialect: Dialect, object: Resource) => void;
  readonly events: EventSink;
  readonly audit: AuditLog;
  readonly telemetry: Pick<Telemetry, "pass" | "phase">;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

interface SetState {
  readonly key: SetKey;
  dialect: Dialect;
  rules: SetRules;
  object: Resource;
  stimulus: string;
  parsed: Result<AppSet, readonly Problem[]>;
  made: { readonly stimulus: string; readonly answers: SetAnswers; readonly value: GeneratedSet } | null;
  sources: ReadonlySet<SourceKey>;
  /** The request for a fresh look that is asked about, and whether all have answered. */
  look: { readonly token: string; isOver: boolean } | null;
  /** Whether it was a rival's when it was last looked at, which may have made its apps of something newer. */
  wasRivals: boolean;
  failures: number;
}

const AT_ONCE = 4;
const BACKOFF = { baseMs: 1_000, factor: 2, maxMs: 3 * 60_000 };
/** What becomes of apps is told after a moment, and the later the more there are. */
const TELL_AFTER_MS = 1_000;
const TELL_AFTER_PER_APP_MS = 5;
const TAKEN_OVER = "taken over";
const NO_CHANGES: SetChanges = { created: [], updated: [], deleted: [] };

/** Sets of apps: works out what each generates and keeps its apps so. Whoever generates nothing by mistake loses nothing. */
export class AppSets {
  readonly #parts: AppSetsParts;
  readonly #sets = new Map<SetKey, SetState>();
  readonly #keys = new Map<string, SetKey>();
  readonly #members: SetMembers;
  readonly #writer: SetWriter;
  readonly #queue: WorkQueue<SetKey>;

  constructor(parts: AppSetsParts) {
    this.#parts = parts;
    this.#members = new SetMembers(parts.registry);
    this.#writer = new SetWriter(parts);
    this.#queue = new WorkQueue({
      concurrency: AT_ONCE,
      onError: (key, error) => this.#again(key as SetKey, error),
    });
  }

  /** Works until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#queue.run((key) => this.#pass(key, signal), signal);
  }

  /** Takes a set's object as the cluster has it now. */
  put(dialect: Dialect, object: Resource): void {
    const rules = dialect.sets;
    if (!rules) return;
    const key = keyOf(rules, object);
    const known = this.#sets.get(key);
    if (known && isNewer(known.object, object)) return;
    const stimulus = stimulusOf(object);
    if (known && known.stimulus === stimulus && known.object.metadata.uid === object.metadata.uid) {
      known.object = object;
      return;
    }
    const parsed = rules.parse(object);
    this.#keys.set(object.metadata.uid ?? "", key);
    if (known) Object.assign(known, { object, stimulus, parsed });
    else {
      const fresh = { made: null, sources: new Set<SourceKey>(), look: null, wasRivals: false, failures: 0 };
      this.#sets.set(key, { key, dialect, rules, object, stimulus, parsed, ...fresh });
    }
    this.#queue.add(key, "person");
  }

  /** Takes note that a set left the cluster; its apps are the cluster's to collect. */
  gone(dialect: Dialect, object: Resource): void {
    if (!dialect.sets) return;
    const key = keyOf(dialect.sets, object);
    const known = this.#sets.get(key);
    this.#keys.delete(object.metadata.uid ?? "");
    this.#sets.delete(key);
    this.#parts.telemetry.phase(key, null);
    if (known) this.#letGo(known.sources, new Set());
  }

  /** An app is not what it was, or is there no more. */
  appChanged(key: AppKey): void {
    if (!this.#parts.registry.app(key)) this.#writer.forget(key);
    for (const uid of this.#members.note(key, null)) this.#wake(uid, (set) => this.#queue.add(set, "drift"));
  }

  /** Only what is told of an app changed. */
  appTold(key: AppKey): void {
    const uid = this.#members.ownerOf(key);
    if (uid === null) return;
    const delay = TELL_AFTER_MS + TELL_AFTER_PER_APP_MS * this.#members.count(uid);
    this.#wake(uid, (set) => this.#queue.addAfter(set, delay, "periodic"));
  }

  /** A source is not what it was. */
  sourceChanged(key: SourceKey): void {
    for (const { key: set, sources } of this.#sets.values()) if (sources.has(key)) this.#queue.add(set, "webhook");
  }

  /** Pull requests of repositories that have such names are not what they were. */
  pullsChanged(names: ReadonlySet<string>): void {
    for (const state of this.#sets.values()) {
      if (!state.made?.answers.tellPullsOf(names)) continue;
      state.made = null;
      this.#queue.add(state.key, "webhook");
    }
  }

  /** A dialect, or something that its objects are read with, is not what it was. */
  configChanged(dialect: Dialect): void {
    const { sets: rules } = dialect;
    for (const state of this.#sets.values()) {
      if (!rules || state.dialect.name !== dialect.name) continue;
      if (state.dialect !== dialect)
        Object.assign(state, { dialect, rules, parsed: rules.parse(state.object), made: null });
      this.#queue.add(state.key, "webhook");
    }
  }

  /** Whether sets of a dialect may be written to is not what it was. */
  dialectChanged(name: string): void {
    for (const { key, dialect } of this.#sets.values()) if (dialect.name === name) this.#queue.add(key, "webhook");
  }

  /** Sets as the cluster has them. */
  objects(): readonly Resource[] {
    return [...this.#sets.values()].map(({ object }) => object);
  }

  /** The dialect of a set that reads a source, or null. */
  readerOf(source: SourceKey): Dialect | null {
    for (const { dialect, sources } of this.#sets.values()) if (sources.has(source)) return dialect;
    return null;
  }

  #wake(uid: string, add: (key: SetKey) => void): void {
    const key = this.#keys.get(uid);
    if (key !== undefined) add(key);
  }

  async #pass(key: SetKey, signal: AbortSignal): Promise<void> {
    const state = this.#sets.get(key);
    if (!state || !this.#mayWrite(state)) return;
    const { clock, telemetry } = this.#parts;
    const started = clock.monotonic();
    try {
      await this.#work(state, signal);
    } finally {
      telemetry.pass(key, (clock.monotonic() - started) / 1000);
    }
  }

  async #work(state: SetState, signal: AbortSignal): Promise<void> {
    if (!state.parsed.ok) {
      const messages = state.parsed.error.map(({ message }) => message);
      return this.#tell(state, { phase: { kind: "invalid", messages } }, signal);
    }
    const set = state.parsed.value;
    if (set.deleting) return await this.#writer.letGo(state, this.#members.of(set.object.metadata.uid ?? ""), signal);
    if (set.missingFinalizer !== null) {
      return this.put(state.dialect, await this.#writer.hold(state, set.missingFinalizer, signal));
    }
    if (set.refreshToken !== null && !this.#isFresh(state, set.refreshToken)) return;
    let generated: GeneratedSet;
    try {
      generated = await this.#generated(state, set, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof PendingError) return;
      if (!(error instanceof SetError)) throw error;
      const { stage, message } = error;
      return this.#tell(state, { phase: { kind: "failed", stage, message } }, signal);
    }
    // Only now is it known what the set is made from.
    if (state.wasRivals && !this.#isFresh(state, TAKEN_OVER)) return;
    state.wasRivals = false;
    await this.#write(state, { set, generated }, signal);
    state.failures = 0;
  }

  /** Beside a live rival sets are the rival's unless they were adopted; those of another shard are another controller's. */
  #mayWrite(state: SetState): boolean {
    const { shard, rivals } = this.#parts;
    if (shard && !selectorMatches(shard.parsed, labelsOf(state.object))) return false;
    const rival = state.rules.adoption.isHeld(state.object) ? null : rivals.alive(state.dialect);
    if (rival) state.wasRivals = true;
    return rival === null;
  }

  /** Whether nobody waits for a fresh look at what the set is made from; the first such pass asks for it. */
  #isFresh(state: SetState, token: string): boolean {
    if (state.look?.token === token) return state.look.isOver;
    const look = { token, isOver: state.sources.size === 0 };
    Object.assign(state, { look, made: null });
    let left = state.sources.size;
    for (const source of state.sources) {
      this.#parts.sources.refresh(source, () => {
        if (--left > 0) return;
        look.isOver = true;
        this.#queue.add(state.key, "person");
      });
    }
    return look.isOver;
  }

  async #generated(state: SetState, set: AppSet, signal: AbortSignal): Promise<GeneratedSet> {
    const { made, stimulus, rules, dialect } = state;
    if (made && made.stimulus === stimulus && made.answers.hold()) {
      this.#lookAgain(state.key, made.answers);
      return made.value;
    }
    const { registry, settings } = this.#parts;
    const answers = new SetAnswers({ ...this.#parts, lookup: registry.lookup(dialect.name) });
    try {
      const value = await answers.run(rules.generate(set, answers.lookup, settings), signal);
      state.made = { stimulus, answers, value };
      return value;
    } finally {
      this.#lookAgain(state.key, answers);
      const before = state.sources;
      state.sources = answers.sources;
      this.#letGo(before, state.sources);
    }
  }

  /** With every pass, for an earlier one may have used the wish up. */
  #lookAgain(key: SetKey, { nextLookMs }: SetAnswers): void {
    if (nextLookMs !== null) this.#queue.addAfter(key, nextLookMs, "periodic");
  }

  #letGo(before: ReadonlySet<SourceKey>, now: ReadonlySet<SourceKey>): void {
    const { registry, sources } = this.#parts;
    for (const key of before) {
      const isRead = now.has(key) || this.readerOf(key) !== null || registry.consumers(key).length > 0;
      if (!isRead) sources.remove(key);
    }
  }

  async #write(
    state: SetState,
    { set, generated }: { set: AppSet; generated: GeneratedSet },
    signal: AbortSignal,
  ): Promise<void> {
    const { rules, object } = state;
    const { namespace = "", uid = "" } = object.metadata;
    const liveOf = (name: string) =>
      this.#parts.registry.app(appKey(rules.member.short, namespace, name))?.object ?? null;
    const members = this.#members.of(uid).map((record) => record.object);
    const current = { ...set, object };
    const rollout = rules.rollout(current, { wanted: generated.apps, live: members, now: this.#parts.clock.now() });
    const changes: SetChanges = { created: [], updated: [], deleted: [] };
    let plan: SetPlan;
    try {
      const ignored = await ignoredInMembers(this.#parts.queries, { rules, set, apps: rollout.apps, liveOf }, signal);
      plan = setPlan({ set, rules, generated, rollout }, { liveOf, members, ignored });
      await this.#writer.write(state, { set, plan, changes }, signal);
    } catch (error) {
      signal.throwIfAborted();
      const message = failureText(error);
      await this.#tell(state, { phase: { kind: "failed", stage: "write", message }, changes }, signal);
      throw error;
    }
    const { held, problems } = plan;
    await this.#tell(state, { phase: { kind: "done" }, held, problems, changes, rows: rollout.rows }, signal);
  }

  async #tell(
    state: SetState,
    told: Pick<SetReport, "phase"> & Partial<SetReport>,
    signal: AbortSignal,
  ): Promise<void> {
    const { client, clock, events } = this.#parts;
    const { rules, object, dialect } = state;
    const apps = this.#members.of(object.metadata.uid ?? "").map((record) => record.object);
    const isFresh = state.look?.isOver ?? false;
    const base = { held: null, problems: [], changes: NO_CHANGES, apps, isFresh, now: clock.now() };
    const write = rules.report(object, { ...base, ...told });
    const style = { manager: rules.manager, subresource: true };
    const stored = await writeStatus(client, { object, write, style }, signal);
    if (stored) this.put(dialect, stored);
    const [first, ...more] = write.events;
    if (first) events.push(object, rules.manager, [merged(first, more)]);
  }

  #again(key: SetKey, error: unknown): void {
    const state = this.#sets.get(key);
    if (!state) return;
    this.#parts.log.warn({ set: key, error: failureText(error) }, "cannot make the apps of a set");
    this.#queue.addAfter(key, backoffMs(BACKOFF, state.failures++, this.#parts.random), "periodic");
  }
}

function keyOf({ kind }: SetRules, { metadata }: Resource): SetKey {
  return setKey(kind.short, metadata.namespace ?? "", metadata.name);
}

/** Digest of what may change a set's meaning: everything but its bookkeeping and its status. */
function stimulusOf(object: Resource): string {
  const { labels, annotations, finalizers, deletionTimestamp } = object.metadata;
  const { status: _status, metadata: _metadata, ...rest } = object;
  return digestOf([rest, labels, annotations, finalizers, deletionTimestamp]);
}

function merged(first: EventNote, more: readonly EventNote[]): EventNote {
  return { ...first, message: [first, ...more].map(({ message }) => message).join("\n") };
}
