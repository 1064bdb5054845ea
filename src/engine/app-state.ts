import type { App } from "#core/app/app.ts";
import type { AppPhase, Notice, SyncReport } from "#core/app/app-report.ts";
import type { Dialect } from "#core/app/dialect.ts";
import type { Rendered } from "#core/app/rendered.ts";
import type { Desired, Verdict } from "#core/plan/make-plan.ts";
import type { IdKey, ResourceId } from "#core/resource/resource-id.ts";
import type { Revision, SourceKey } from "#core/source/source.ts";
import type { RollbackState } from "#core/sync/judge-rollback.ts";
import type { SyncState } from "#core/sync/sync-machine.ts";
import type { EngineContext } from "./engine-context.ts";
import type { DesiredSet } from "./desired-set.ts";
import { newReleaseState, type ReleaseState } from "./release/release-state.ts";

/** A sync at work: the machine's state and what the report says about it. */
export interface RunningSync {
  machine: SyncState;
  readonly report: SyncReport;
  readonly desired: DesiredSet;
  readonly revision: Revision;
  /** Whether the inventory was written ahead. */
  ahead: boolean;
  /** Objects that it writes or deletes without owning them. */
  readonly extras: ReadonlyMap<IdKey, Desired>;
  /** Those of the extras of which the watch tells. */
  readonly watched: ReadonlySet<IdKey>;
  /** Whether the app's status tells of it. */
  isTold: boolean;
}

/** A sync that was at work when something ended it: this process, another one, or a pause. */
export interface InterruptedSync {
  readonly report: SyncReport;
  /** Digest of the spec that it was about; null: not known. */
  readonly specDigest: string | null;
}

/** What the engine remembers of an app that goes back by itself. */
export interface RollbackMemory {
  readonly state: RollbackState;
  /** What the app's object told of it last; what is gone from there was taken away by a person. */
  readonly told: string | null;
  /** Which revision is on trial, and since when. */
  readonly trial: { readonly revision: string; readonly since: number } | null;
  /** When it must be looked at again, milliseconds since the epoch; null: at nothing that only time brings. */
  readonly lookAt: number | null;
}

/** Repeated healing of one object against the same foreign writer. */
export interface Fight {
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly paths: readonly string[];
  readonly by: readonly string[];
}

/** Everything the engine remembers of an app between two passes. All of it can be rebuilt. */
export interface AppState {
  dialect: Dialect;
  app: App;
  desired: DesiredSet | null;
  /** The sources of what an order names, for as long as the order stands. */
  namedSources: readonly SourceKey[];
  /** What was kept of an entry that was asked for last; null: nothing was. */
  recalled: { readonly entry: string; readonly rendered: Rendered } | null;
  /** The revisions whose content was last read, whatever came of it, by their sources. */
  seen: ReadonlyMap<SourceKey, string>;
  readonly verdicts: Map<IdKey, Verdict>;
  dirty: Set<IdKey> | "all";
  running: RunningSync | null;
  interrupted: InterruptedSync | null;
  /** Null: the app does not go back by itself. */
  rollback: RollbackMemory | null;
  /** Objects of hooks that are looked at. */
  readonly hookClaims: Set<IdKey>;
  lastSync: SyncReport | null;
  /** Where the last failed sync stopped. */
  failedStep: "preflight" | "apply" | "prune" | "health";
  /** Objects that the status listed when this process first saw the app. */
  readonly restoredIds: readonly { readonly id: ResourceId; readonly version: string }[];
  /** Whether what the status lists is still to be recorded, because a rival wrote it until now. */
  inherits: boolean;
  /** Digest of what was attempted last, and whether that ended well. */
  attempt: {
    readonly digest: string;
    readonly outcome: "succeeded" | "failed";
    readonly failures: number;
    readonly retryAt: number | null;
  } | null;
  /** What a status told of a failure that this process has not judged yet; null: nothing. */
  toldFailure: { readonly isRetried: boolean } | null;
  /** Digest of the spec that the restored status was written for; null: of another one. */
  readonly restoredSpec: string | null;
  applied: Revision | null;
  attempted: Revision | null;
  handledToken: string | null;
  handledRequest: string | null;
  handledTermination: string | null;
  gate: { state: "none" | "waiting" | "passed" | "failed"; tookMs: number; message: string };
  readonly fights: Map<IdKey, Fight>;
  notices: readonly Notice[];
  /** Since when deletions wait for a person's word, at which revision; null: none does. */
  unconfirmed: { readonly revision: string; readonly since: number } | null;
  /** When the app was first seen to be deleted, milliseconds since the epoch. */
  deletingSince: number | null;
  /** Deletions that the last plan had to put off: what is left of them belongs to the same sync. */
  waiting: number;
  /** What is known of the app's Helm release; null: it is none. */
  readonly release: ReleaseState | null;
  phase: AppPhase;
  /** When everything was compared last, milliseconds since the epoch. */
  comparedAt: number;
  /** Whether content that was accepted for an earlier reading of the app would be refused now. */
  judged: { readonly held: DesiredSet; readonly app: App; readonly forbidden: boolean } | null;
}

/** The state of an app that this process has not seen before, from what its object's status says. */
export function newAppState(app: App, dialect: Dialect, object: Parameters<Dialect["restore"]>[0]): AppState {
  const restored = dialect.restore(object);
  const finished = restored.sync && restored.sync.outcome !== "running" ? restored.sync : null;
  return {
    dialect,
    app,
    desired: null,
    namedSources: [],
    recalled: null,
    seen: new Map(),
    verdicts: new Map(),
    dirty: "all",
    running: null,
    interrupted:
      restored.sync?.outcome === "running"
        ? { report: restored.sync, specDigest: restored.isCurrent ? app.specDigest : null }
        : null,
    rollback: null,
    hookClaims: new Set(),
    lastSync: finished,
    failedStep: "apply",
    restoredIds: restored.inventory,
    inherits: false,
    attempt: null,
    toldFailure: restored.isRetried === undefined ? null : { isRetried: restored.isRetried },
    restoredSpec: restored.isCurrent ? app.specDigest : null,
    applied: restored.applied,
    attempted: restored.attempted,
    handledToken: restored.handledToken,
    handledRequest: (!restored.isRetried && finished?.request?.token) || null,
    handledTermination: null,
    gate: { state: "none", tookMs: 0, message: "" },
    fights: new Map(),
    notices: [],
    unconfirmed: null,
    deletingSince: null,
    waiting: 0,
    release: app.release ? newReleaseState(restored.release) : null,
    phase: { kind: "new" },
    comparedAt: 0,
    judged: null,
  };
}

/** One app at work: what the engine has and what it remembers of the app. */
export interface AppWork {
  readonly context: EngineContext;
  readonly state: AppState;
}
