import type { CopyTools } from "#core/source/generator/copied-tree.ts";
import { notedRevision } from "#core/source/noted-revision.ts";
import { asSourceError, type SourceError } from "#core/source/source-error.ts";
import type { ObjectName, Revision, Source, SourceKey } from "#core/source/source.ts";
import { backoffMs } from "./backoff.ts";
import type { ClusterClient, Clock, Log, RefResult, Repository, SourceFetcher, Telemetry } from "./ports.ts";
import { includedSources, sameIncluded, type IncludedSource } from "./included-sources.ts";
import { eachInParallel } from "./requests.ts";
import { derivedNews, recalledNews } from "./derived-source.ts";
import { keepsContent, redacted, repositoryKey, sameRef, sameSource, type RepositoryKey } from "./source-identity.ts";
import { readSecret, secretsOf } from "./source-secrets.ts";
import type { SourceNews, SourceState } from "./source-state.ts";
import { visibleTree } from "./source-tree.ts";
import { verifiedObjects } from "./verified-objects.ts";
import { WorkQueue } from "./work-queue.ts";

/** How a source controller is set up. */
export interface SourceControllerOptions {
  readonly fetcher: SourceFetcher;
  /** Absent: nothing here makes artifacts. */
  readonly copying?: CopyTools | undefined;
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly revisionOf: (source: Source, commit: string, refName: string | null) => Revision;
  /** Told when a source's state changed. */
  readonly onChange: (key: SourceKey) => void;
  readonly telemetry: Telemetry;
  readonly log: Log;
}

interface RepositoryState {
  repository: Repository | null;
  readonly sources: Set<SourceKey>;
  failures: number;
  /** Told when the poll that begins next is over. */
  waiting: (() => void)[];
}

const DERIVED_AT_ONCE = 4;
const FAILURE_BACKOFF = { baseMs: 750, factor: 2, maxMs: 15 * 60_000 };

/** Follows repositories: one poll and at most one fetch per repository, whatever the number of sources and apps. */
export class SourceController {
  readonly #options: SourceControllerOptions;
  readonly #states = new Map<SourceKey, SourceState>();
  readonly #repositories = new Map<RepositoryKey, RepositoryState>();
  readonly #queue: WorkQueue<RepositoryKey>;

  constructor(options: SourceControllerOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      concurrency: 4,
      onError: (key, error) => options.log.error({ repository: redacted(key), error: String(error) }, "source failed"),
    });
  }

  /** Polls until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#queue.run((key) => this.#poll(key, signal), signal);
  }

  /** What is known of a source, or null when nobody declared it. */
  state(key: SourceKey): SourceState | null {
    return this.#states.get(key) ?? null;
  }

  /** The sources that follow the same repository, this one included: their apps may hand objects to each other. */
  neighbours(key: SourceKey): readonly SourceKey[] {
    const known = this.#states.get(key)?.source;
    if (!known) return [];
    return [...this.#states.values()].flatMap(({ source }) => (areNeighbours(source, known) ? [source.key] : []));
  }

  /** Declares or changes a source. */
  put(source: Source): void {
    const known = this.#states.get(source.key);
    if (known && sameSource(known.source, source)) {
      this.#states.set(source.key, { ...known, source });
      if (known.source.requestToken === source.requestToken) return;
      this.refresh(source.key);
      return;
    }
    if (known) this.#detach(known.source);
    const kept = known && keepsContent(known.source, source) ? known : null;
    const fresh = {
      source,
      revision: null,
      tree: null,
      included: [],
      verified: [],
      outputs: [],
      error: null,
      asked: false,
      handledToken: null,
    };
    this.#states.set(source.key, kept ? { ...kept, source, asked: false } : fresh);
    const key = repositoryKey(source);
    const repository = this.#repositories.get(key) ?? newRepository();
    repository.sources.add(source.key);
    this.#repositories.set(key, repository);
    if (!source.suspended || isRecallable(this.#states.get(source.key))) this.#queue.add(key, "person");
    this.#changed(source.key);
  }

  /** Forgets a source. */
  remove(key: SourceKey): void {
    const known = this.#states.get(key);
    if (!known) return;
    this.#detach(known.source);
    this.#states.delete(key);
    this.#changed(key);
  }

  /** Asks the remote now; `done` is called when it has answered to that, or when there is nobody to ask. */
  refresh(key: SourceKey, done: () => void = () => {}): void {
    const state = this.#states.get(key);
    const repository = state && this.#repositories.get(repositoryKey(state.source));
    if (!repository || state.source.suspended) return done();
    const at = repositoryKey(state.source);
    const ask = () => {
      if (this.#repositories.get(at) !== repository) return done();
      repository.waiting.push(done);
      this.#queue.add(at, "person");
    };
    // What is made from another source is as new as that one.
    if (state.source.origin) this.refresh(state.source.origin.source, ask);
    else ask();
  }

  /** Asks the remotes of every source whose url satisfies `matches` now, e.g. for a webhook. */
  refreshUrls(matches: (url: string) => boolean): void {
    for (const state of this.#states.values()) if (matches(state.source.url)) this.refresh(state.source.key);
  }

  #detach(source: Source): void {
    const key = repositoryKey(source);
    const repository = this.#repositories.get(key);
    repository?.sources.delete(source.key);
    if (repository?.sources.size === 0) {
      this.#repositories.delete(key);
      this.#queue.cancel(key);
      for (const done of repository.waiting) done();
    }
  }

  async #poll(key: RepositoryKey, signal: AbortSignal): Promise<void> {
    const state = this.#repositories.get(key);
    if (!state) return;
    const waiting = state.waiting;
    state.waiting = [];
    try {
      await this.#ask(key, state, signal);
    } finally {
      for (const done of waiting) done();
    }
  }

  async #ask(key: RepositoryKey, state: RepositoryState, signal: AbortSignal): Promise<void> {
    const sources = [...state.sources].flatMap((name) => this.#states.get(name)?.source ?? []);
    const active = sources.filter((source) => !source.suspended);
    for (const source of sources) {
      if (source.suspended) this.#update(source, await this.#recalled(state, source, signal));
    }
    if (active.length === 0) {
      const isOpen = sources.some((source) => isRecallable(this.#states.get(source.key)));
      if (isOpen) this.#schedule(key, state, { active: sources, failed: true });
      return;
    }
    const started = this.#options.clock.monotonic();
    let failed: boolean;
    try {
      failed = await this.#sync(state, active, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const failure = asSourceError(error);
      // What the Secrets hold may be the cause, so they are read again.
      state.repository = null;
      for (const source of active) {
        this.#update(source, await this.#failure(state, { source, error: failure }, signal));
      }
      failed = true;
    }
    this.#options.telemetry.step("fetch", (this.#options.clock.monotonic() - started) / 1000);
    this.#schedule(key, state, { active, failed });
  }

  #schedule(key: RepositoryKey, state: RepositoryState, poll: { active: readonly Source[]; failed: boolean }): void {
    const intervalMs = Math.min(...poll.active.map((source) => source.intervalMs));
    state.failures = poll.failed ? state.failures + 1 : 0;
    const delay = poll.failed
      ? Math.min(intervalMs, backoffMs(FAILURE_BACKOFF, state.failures - 1, this.#options.random))
      : backoffMs({ baseMs: intervalMs, factor: 1, maxMs: intervalMs }, 0, this.#options.random);
    this.#queue.addAfter(key, delay, "periodic");
  }

  /** Returns whether any ref failed. What one question brought is published at once: apps may hand objects over. */
  async #sync(state: RepositoryState, active: readonly Source[], signal: AbortSignal): Promise<boolean> {
    if (active.every(({ remote }) => remote.kind === "derived")) return await this.#derive(state, active, signal);
    const repository = await this.#opened(state, active[0] as Source, signal);
    const timeoutMs = Math.max(...active.map((source) => source.timeoutMs));
    const results = await repository.sync(
      active.map((source) => source.ref),
      { timeoutMs },
      signal,
    );
    const news: [Source, SourceNews | null][] = [];
    for (const [index, source] of active.entries()) {
      const result = results[index];
      if (result) news.push([source, await this.#newsOf(state, { source, result }, signal)]);
    }
    return this.#publish(news);
  }

  /** The same for sources that are made from others. */
  async #derive(state: RepositoryState, active: readonly Source[], signal: AbortSignal): Promise<boolean> {
    const news: [Source, SourceNews | null][] = [];
    await eachInParallel(active, DERIVED_AT_ONCE, async (source) => {
      const made = await this.#derivedNews(source, signal);
      const recalled = made?.error ? await this.#recalled(state, source, signal) : {};
      news.push([source, made && { ...recalled, ...made }]);
    });
    return this.#publish(news);
  }

  #publish(news: readonly (readonly [Source, SourceNews | null])[]): boolean {
    for (const [source, change] of news) if (change) this.#update(source, change);
    return news.some(([, change]) => Boolean(change?.error));
  }

  /** Null while what the source includes is not known yet: it is asked for again as soon as that is. */
  async #newsOf(
    state: RepositoryState,
    answer: { source: Source; result: RefResult },
    signal: AbortSignal,
  ): Promise<SourceNews | null> {
    const { source, result } = answer;
    if ("error" in result) return this.#failure(state, { source, error: result.error }, signal);
    const revision = this.#options.revisionOf(source, result.commit, result.refName);
    const known = this.#states.get(source.key);
    const isSame = known?.tree && known.revision?.text === revision.text && known.asked;
    try {
      const included = includedSources(source, (key) => this.#states.get(key));
      if (!included) return null;
      if (isSame && sameIncluded(known.included, included)) return { error: null };
      const repository = await this.#opened(state, source, signal);
      return { ...(await this.#contentOf(repository, { source, revision, included }, signal)), error: null };
    } catch (error) {
      signal.throwIfAborted();
      return this.#failure(state, { source, error: asSourceError(error) }, signal);
    }
  }

  async #failure(
    state: RepositoryState,
    failed: { source: Source; error: SourceError },
    signal: AbortSignal,
  ): Promise<SourceNews> {
    return { ...(await this.#recalled(state, failed.source, signal)), error: failed.error };
  }

  /**
   * The recorded revision where nothing newer can be known. Only a suspended source asks the remote for it: the remote
   * of another one did not answer just now.
   */
  async #recalled(state: RepositoryState, source: Source, signal: AbortSignal): Promise<SourceNews> {
    const { recorded } = source;
    if (!recorded || !isRecallable(this.#states.get(source.key))) return {};
    try {
      if (source.ref.kind === "generator") return source.suspended ? await this.#remade(source, signal) : {};
      if (source.origin) return await recalledNews(this.#options.fetcher, recorded, signal);
      const included = includedSources(source, (key) => this.#states.get(key));
      if (!included) return {};
      const repository = await this.#opened(state, source, signal);
      if (source.suspended) await repository.fetchCommit(recorded.commit, signal);
      else if (!(await repository.holds(recorded.commit, signal))) return {};
      return await this.#contentOf(repository, { source, revision: recorded, included }, signal);
    } catch (error) {
      signal.throwIfAborted();
      const reason = asSourceError(error).message;
      this.#options.log.warn({ source: source.key, error: reason }, "cannot go back to the recorded revision");
      return {};
    }
  }

  /** Of what a suspended generator would make now, what it made before. */
  async #remade(source: Source, signal: AbortSignal): Promise<SourceNews> {
    const { error, ...news } = (await this.#derivedNews(source, signal)) ?? {};
    if (error) throw error;
    return news;
  }

  #derivedNews(source: Source, signal: AbortSignal): Promise<SourceNews | null> {
    const { client, fetcher, copying, revisionOf } = this.#options;
    return derivedNews({ client, fetcher, copying, revisionOf, states: this.#states }, source, signal);
  }

  /** What a source has at a revision, once it is verified. */
  async #contentOf(
    repository: Repository,
    at: { source: Source; revision: Revision; included: readonly IncludedSource[] },
    signal: AbortSignal,
  ): Promise<SourceNews> {
    const { source, revision, included } = at;
    const read = (name: ObjectName) => readSecret(this.#options.client, name, signal);
    const verified = await verifiedObjects({ repository, source, revision, readSecret: read }, signal);
    const whole = await repository.tree(revision.commit, signal);
    const tree = await visibleTree({ source, whole, included }, signal);
    const notes = await repository.annotations?.(revision.commit, signal);
    return { revision: notes ? notedRevision(revision, notes) : revision, tree, included, verified };
  }

  async #opened(state: RepositoryState, source: Source, signal: AbortSignal): Promise<Repository> {
    state.repository ??= this.#options.fetcher.open(source, await secretsOf(this.#options.client, source, signal));
    return state.repository;
  }

  #update(source: Source, change: SourceNews): void {
    const known = this.#states.get(source.key);
    // An answer for what was declared before is none for what is declared now.
    if (!known || repositoryKey(known.source) !== repositoryKey(source) || !sameRef(known.source, source)) return;
    const next: SourceState = { ...known, ...change, asked: true, handledToken: source.requestToken };
    this.#states.set(source.key, next);
    const same =
      known.asked &&
      known.revision?.text === next.revision?.text &&
      known.revision?.commit === next.revision?.commit &&
      sameIncluded(known.included, next.included) &&
      known.verified === next.verified &&
      known.error?.message === next.error?.message &&
      known.handledToken === next.handledToken;
    if (!same) this.#changed(source.key);
  }

  #changed(key: SourceKey): void {
    this.#options.onChange(key);
    for (const { source } of this.#states.values()) {
      const isAffected = sourcesBehind(source).includes(key);
      if (isAffected) this.#queue.add(repositoryKey(source), "person");
    }
  }
}

/** A chart that cannot be made, or is not there, holds up nobody but its own releases. */
function areNeighbours(a: Source, b: Source): boolean {
  if (a.url !== b.url || a.remote.kind !== b.remote.kind) return false;
  return a.remote.kind !== "helm" || a.ref.value === b.ref.value;
}

/** The sources that a source is made of, in part or as a whole. */
function sourcesBehind({ origin, includes = [], ref }: Source): readonly SourceKey[] {
  const inputs = ref.kind === "generator" ? ref.inputs : [];
  return [...(origin ? [origin] : []), ...includes, ...inputs].map(({ source }) => source);
}

function isRecallable(state: SourceState | undefined): boolean {
  return state !== undefined && state.tree === null && state.source.recorded !== null;
}

function newRepository(): RepositoryState {
  return { repository: null, sources: new Set(), failures: 0, waiting: [] };
}
