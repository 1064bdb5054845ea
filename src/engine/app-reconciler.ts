import type { AppPhase, AppReport, Notice } from "#core/app/app-report.ts";
import type { AppKey } from "#core/app/app.ts";
import type { Problem } from "#core/result.ts";
import type { IdKey } from "#core/resource/resource-id.ts";
import type { AppRecord } from "./app-registry.ts";
import { circleNotices } from "./app-circle.ts";
import { appReportOf } from "./app-report-of.ts";
import { type AppState, type AppWork, newAppState } from "./app-state.ts";
import { backoffMs } from "./backoff.ts";
import { awaitsUnseenEnd, compareApp } from "./compare-app.ts";
import { ensureHookFinalizers } from "./deletion-hooks.ts";
import type { RemoteClusters, TargetContext } from "./remote-clusters.ts";
import type { EngineContext } from "./engine-context.ts";
import { objectsWaitedFor } from "./dependencies.ts";
import { orphanNotices } from "./orphan-notices.ts";
import { refOfReference } from "./followed-objects.ts";
import { finalizeApp, ensureFinalizer } from "./finalize-app.ts";
import { fightNotices, nextHealAt } from "./heal-policy.ts";
import { IgnoreRuleError } from "./ignored-fields.ts";
import { sharedNotices } from "./shared-objects.ts";
import { endOf, interrupt } from "./interrupted-sync.ts";
import { awaitsForeign } from "./observe-sync.ts";
import { namedRevisions } from "./named-revisions.ts";
import { reconcileRelease } from "./release/release-pass.ts";
import { refreshDesired } from "./refresh-desired.ts";
import { failureText } from "./requests.ts";
import { considerRollback, noteRollback, rollbackNotices } from "./roll-back.ts";
import { strangeCluster } from "./strange-cluster.ts";
import { syncApp } from "./sync-app.ts";
import { TakeoverLooks } from "./takeover-looks.ts";
import { trackedRevision } from "./tracked-revision.ts";
import { guardOfDeclared, mayTell, type WriteGuard, writeGuardOf } from "./write-guard.ts";

/** Where a reconciler's results go. */
export interface ReconcilerHooks {
  /** Wants the app looked at again. */
  recheck(key: AppKey, afterMs: number): void;
  /** The app's report changed or may have. */
  report(record: AppRecord, result: { report: AppReport } | { problems: readonly Problem[] }): void;
}

/** What is told for as long as it is so. */
const MOMENTARY: ReadonlySet<Notice["kind"]> = new Set(["fight", "shared", "circle", "orphaned", "rolled-back"]);

const WAIT_MS = 30_000;
const FOREIGN_MS = 2_000;
const FINALIZE_AGAIN_MS = 5_000;
const CORRECTED_MS = 1_000;
const WORLD_BACKOFF = { baseMs: 750, factor: 2, maxMs: 5 * 60_000 };

/**
 * Brings apps to their declared state, one pass at a time. A pass never sleeps: what it waits for (health, a dependency,
 * a retry) wakes the app again. All state can be rebuilt from the cluster.
 */
export class AppReconciler {
  readonly #context: EngineContext;
  readonly #remotes: RemoteClusters;
  readonly #hooks: ReconcilerHooks;
  readonly #states = new Map<AppKey, AppState>();
  /** The engine as an app sees it whose objects are on another cluster. */
  readonly #contexts = new Map<AppKey, EngineContext>();
  readonly #failures = new Map<AppKey, number>();
  /** Apps that were a rival's when they were last looked at. */
  readonly #watched = new Set<AppKey>();
  readonly #takeovers: TakeoverLooks;

  constructor(context: EngineContext, remotes: RemoteClusters, hooks: ReconcilerHooks) {
    this.#context = context;
    this.#remotes = remotes;
    this.#hooks = hooks;
    this.#takeovers = new TakeoverLooks(context, (key) => hooks.recheck(key, 0));
  }

  /** The state of an app, for introspection. */
  state(key: AppKey): AppState | null {
    return this.#states.get(key) ?? null;
  }

  /** Marks one object of an app (null: everything) for comparison at the next pass. */
  touch(key: AppKey, object: IdKey | null): void {
    const state = this.#states.get(key);
    if (!state || state.dirty === "all") return;
    if (object === null) state.dirty = "all";
    else state.dirty.add(object);
  }

  /** One pass over one app. */
  async reconcile(key: AppKey, signal: AbortSignal): Promise<void> {
    const record = this.#context.registry.app(key);
    if (!record) return this.#forget(key);
    const guard = writeGuardOf(this.#context, record);
    if (!record.parsed.ok) {
      if (mayTell(guard)) this.#hooks.report(record, { problems: record.parsed.error });
      return;
    }
    const state = this.#stateOf({ record, app: record.parsed.value, guard });
    const { clock, telemetry } = this.#context;
    const started = clock.monotonic();
    try {
      const phase = await this.#pass(record, { state, guard }, signal);
      this.#failures.delete(key);
      if (phase) this.#tell(record, { state, guard }, phase);
    } catch (error) {
      signal.throwIfAborted();
      const retryAt = this.#worldFailed(key, state, error);
      // What the home cluster does not answer cannot be told either.
      if (state.app.target.kubeconfig)
        this.#tell(
          record,
          { state, guard },
          { kind: "sync-failed", step: "apply", message: failureText(error), retryAt, unreachable: true },
        );
    } finally {
      telemetry.pass(key, (clock.monotonic() - started) / 1000);
    }
  }

  #stateOf({ record, app, guard }: { record: AppRecord; app: AppState["app"]; guard: WriteGuard }): AppState {
    const { key } = record;
    const found = this.#states.get(key);
    const known = found?.app.object.uid === app.object.uid ? found : null;
    const wasWatched = this.#watched.delete(key);
    if (guard.kind === "shadow") this.#watched.add(key);
    if (known && (!wasWatched || guard.kind === "shadow")) {
      known.app = app;
      known.dialect = record.dialect;
      return known;
    }
    // What a rival wrote to the status until now is what its app is taken over with.
    const fresh = newAppState(app, record.dialect, record.object);
    const state = { ...fresh, inherits: wasWatched, desired: known?.desired ?? null };
    this.#states.set(key, state);
    if (wasWatched) this.#takeovers.begin(app);
    return state;
  }

  /** The engine as the app sees it, whose objects may be on another cluster. */
  #targetOf(state: AppState): TargetContext {
    const { app, dialect } = state;
    const context = this.#context;
    context.references.name(app.key, [...app.references.map(refOfReference), ...objectsWaitedFor(app)]);
    const target = this.#remotes.contextOf(app, context);
    if (target.kind === "ready") {
      const before = this.#contexts.get(app.key);
      if (before && before !== target.context) this.#moved(state, before, target.context);
      target.context.contents.ask(app.key, dialect.rules.orphans?.askedBy(app) ?? null);
      this.#contexts.set(app.key, target.context);
    }
    return target;
  }

  /** On another cluster, or by another way to the same one, is followed what was followed before, and there no longer. */
  #moved(state: AppState, before: EngineContext, now: EngineContext): void {
    const { key } = state.app;
    const declared = [...(state.desired?.byKey.keys() ?? [])];
    before.contents.ask(key, null);
    before.releases.forget(key);
    before.index.claim(key, [...declared, ...this.#context.inventories.of(key).keys()], []);
    now.index.claim(key, [], declared);
    state.dirty = "all";
  }

  /** null: nothing is known yet that is worth a report. */
  async #pass(
    record: AppRecord,
    { state, guard }: { state: AppState; guard: WriteGuard },
    signal: AbortSignal,
  ): Promise<AppPhase | null> {
    noteRollback(state);
    if (state.app.suspended && !state.app.deleting) {
      interrupt(state);
      state.handledToken = state.app.refreshToken;
      return { kind: "suspended" };
    }
    const target = this.#targetOf(state);
    if (target.kind === "pending") return null;
    if (target.kind === "failed") {
      this.#hooks.recheck(record.key, WAIT_MS);
      const retryAt = this.#context.clock.now() + WAIT_MS;
      return { kind: "sync-failed", step: "preflight", message: target.message, retryAt, unreachable: true };
    }
    const { context } = target;
    const work = { context, state };
    const strange = await strangeCluster(work, record, signal);
    if (strange) return strange;
    if (state.app.deleting) {
      const phase = await finalizeApp(work, guard, signal);
      if (phase) this.#hooks.recheck(record.key, phase.kind === "dependency" ? FOREIGN_MS : FINALIZE_AGAIN_MS);
      return phase;
    }
    if (guard.kind === "open") await ensureFinalizer(work, record, signal);
    if (guard.kind === "unknown") return null;
    const waiting = state.inherits && guard.kind !== "shadow" ? this.#takeovers.waiting(work) : null;
    if (waiting) return waiting === "pending" ? null : waiting;
    if (state.release) {
      state.inherits = false;
      const held = guardOfDeclared(guard, record, state.desired);
      return this.#released(record.key, work, await reconcileRelease(work, held, signal));
    }
    const refreshed = await refreshDesired(work, signal);
    if (refreshed.kind === "wait") {
      // Events wake what waits; this is for what no event tells, such as a definition that somebody else installs.
      this.#hooks.recheck(record.key, waitMsOf(state));
      this.#noteHandled(state);
      return refreshed.phase;
    }
    const held = guardOfDeclared(guard, record, state.desired);
    const compared = await compareApp(work, { takeover: held.kind === "shadow" }, signal).catch(uncomparable);
    if (compared === "pending") return null;
    if (compared !== "done") {
      this.#hooks.recheck(record.key, waitMsOf(state));
      return compared;
    }
    if (held.kind === "open") await ensureHookFinalizers(work, record, signal);
    const { blocked } = refreshed;
    const phase = await syncApp(work, { ...refreshed, guard: held }, signal);
    considerRollback(work);
    this.#noteHandled(state);
    this.#hooks.recheck(record.key, this.#recheckMs(work, blocked ?? phase));
    return phase;
  }

  #released(key: AppKey, work: AppWork, phase: AppPhase | null): AppPhase | null {
    const { state } = work;
    if (phase === null) return null;
    this.#noteHandled(state);
    const isWaiting = phase.kind === "source-failed" || phase.kind === "dependency" || phase.kind === "render-failed";
    // Drift that was corrected is told as such before it is said to be gone.
    if (phase.kind === "synced" && state.app.policy.selfHeal && state.release?.drift?.found)
      this.#hooks.recheck(key, CORRECTED_MS);
    this.#hooks.recheck(key, isWaiting ? waitMsOf(state) : this.#recheckMs(work, phase));
    return phase;
  }

  #noteHandled(state: AppState): void {
    const { key, refreshToken } = state.app;
    if (refreshToken === null || this.#context.isFresh(key, refreshToken)) state.handledToken = refreshToken;
  }

  #recheckMs(work: AppWork, phase: AppPhase): number {
    const { state } = work;
    const now = this.#context.clock.now();
    const waits = [state.app.policy.intervalMs];
    if (state.running) waits.push(state.running.machine.deadline - now + 1);
    if (state.interrupted) waits.push(endOf(state, state.interrupted.report) - now + 1);
    const { lookAt = null, state: gone = null } = state.rollback ?? {};
    if (lookAt !== null) waits.push(lookAt - now + 1);
    if (gone?.from && state.namedSources.length === 0) waits.push(CORRECTED_MS);
    // What was held on to may be let go from now on.
    if (state.namedSources.length > 0 && namedRevisions(state) === null) waits.push(CORRECTED_MS);
    const healAt = nextHealAt(state);
    if (healAt !== null && healAt > now) waits.push(healAt - now + 1);
    if (awaitsForeign(work) || awaitsUnseenEnd(work)) waits.push(FOREIGN_MS);
    if (phase.kind === "sync-failed" && phase.retryAt !== null) waits.push(phase.retryAt - now + 1);
    // A file that could not be fetched may be there the next time.
    if (phase.kind === "render-failed") waits.push(WAIT_MS);
    if (phase.kind === "paused") waits.push(phase.until - now + 1);
    for (const fight of state.fights.values()) if (fight.count > 0) waits.push(5_000);
    return Math.max(50, Math.min(...waits));
  }

  #tell(record: AppRecord, { state, guard }: { state: AppState; guard: WriteGuard }, phase: AppPhase): void {
    const context = this.#contexts.get(record.key) ?? this.#context;
    const work = { context, state };
    state.phase = phase;
    context.telemetry.phase(record.key, phase.kind);
    if (!mayTell(guard) || phase.kind === "shadow") return;
    const fights: Notice[] = fightNotices(state, context.clock.now());
    const lasting = state.notices.filter((notice) => !MOMENTARY.has(notice.kind));
    state.notices = [
      ...lasting,
      ...fights,
      ...sharedNotices(context, state),
      ...circleNotices(context.registry, state),
      ...orphanNotices(context, state),
      ...rollbackNotices(state),
    ];
    const report = appReportOf(work, { phase, revision: trackedRevision(context, state.app) });
    // The first verdicts on objects come within a moment, and with them the next pass.
    const isUndecided = state.running === null && report.objects.some(({ health }) => health?.undecided);
    if (!isUndecided) this.#hooks.report(record, { report });
  }

  /** Returns when it is tried again. */
  #worldFailed(key: AppKey, state: AppState, error: unknown): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    // What a release's record says is under way goes on where it was.
    if (!state.release) interrupt(state);
    state.dirty = "all";
    const waitMs = backoffMs(WORLD_BACKOFF, failures, this.#context.random);
    this.#context.log.warn({ app: key, error: failureText(error), retryInMs: waitMs }, "reconcile was interrupted");
    this.#hooks.recheck(key, waitMs);
    return this.#context.clock.now() + waitMs;
  }

  #forget(key: AppKey): void {
    const state = this.#states.get(key);
    this.#context.telemetry.phase(key, null);
    this.#context.references.name(key, []);
    this.#contexts.get(key)?.releases.forget(key);
    this.#contexts.get(key)?.contents.ask(key, null);
    this.#failures.delete(key);
    this.#watched.delete(key);
    this.#takeovers.delete(key);
    if (!state) return;
    const inventory = this.#context.inventories.of(key).keys();
    this.#contexts
      .get(key)
      ?.index.claim(key, [...(state.desired?.byKey.keys() ?? []), ...state.hookClaims, ...inventory], []);
    this.#context.inventories.forget(key);
    this.#context.bases.leave(state.app);
    for (const source of state.namedSources) this.#context.sources.remove(source);
    this.#remotes.leave(key);
    this.#contexts.delete(key);
    this.#states.delete(key);
  }
}

/** Without knowing what is to be ignored nothing is written. */
function uncomparable(error: unknown): AppPhase {
  if (!(error instanceof IgnoreRuleError)) throw error;
  return { kind: "render-failed", code: "build", message: error.message };
}

/** How long to wait for what no event tells. */
function waitMsOf({ app }: AppState): number {
  const { intervalMs, retry } = app.policy;
  return Math.min(intervalMs, Math.max(WAIT_MS, retry.baseMs));
}
