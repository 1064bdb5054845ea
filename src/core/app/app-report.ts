import type { AppKey } from "./app.ts";
import type { Health } from "#core/health/health.ts";
import type { IdKey, ResourceId } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import type { SourceFailure } from "#core/source/source-error.ts";
import type { RollbackState } from "#core/sync/judge-rollback.ts";
import type { Revision, Source, VerifiedObject } from "#core/source/source.ts";
import type { ReleaseMemory } from "#core/release/release-memory.ts";
import type { ReleaseReport } from "#core/release/release-report.ts";
import type { App, SyncRequest } from "./app.ts";
import type { RendererKind } from "./rendered.ts";

/** How one object compares with its declaration. */
export type Comparison = "same" | "different" | "missing" | "extra" | "unknown";

/** One object in an app's report. */
export interface ObjectReport {
  readonly key: IdKey;
  readonly id: ResourceId;
  readonly version: string;
  readonly comparison: Comparison;
  readonly health: Health | null;
  /** Whether it counts for the app's own comparison and health. */
  readonly counted: boolean;
  /** It ran as a hook and is not declared otherwise. */
  readonly hook?: true;
  readonly wave: number;
  /** The declared object, or the live one when it is extra; for summaries such as images. */
  readonly declared: Resource | null;
  /** Absent: it is not there, or nobody saw it. */
  readonly live?: Resource;
}

/** What a sync did to one object. */
export interface ObjectResult {
  readonly key: IdKey;
  readonly id: ResourceId;
  readonly version: string;
  readonly outcome: "created" | "changed" | "unchanged" | "deleted" | "kept" | "failed";
  readonly message: string;
  /** The dialect's word for the moment at which the object ran as a hook; absent: it is none. */
  readonly hook?: string;
  /** How far what was written has come; absent: nobody waited for it. */
  readonly phase?: "Running" | "Succeeded" | "Failed";
}

/** What a sync waits for now. */
export interface SyncWait {
  readonly kind: "hook" | "health" | "deletion";
  readonly first: ResourceId;
  /** How many more objects. */
  readonly more: number;
  /** Whether all of them are hooks. */
  readonly onlyHooks: boolean;
}

/** What an app is doing or why it does not. Every variant names its reason; times are milliseconds since the epoch. */
export type AppPhase =
  | { readonly kind: "new" }
  /** The spec cannot be used. Nothing happens until it changes. */
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] }
  | { readonly kind: "suspended" }
  /** A rival controller is alive and the app was not adopted: nothing is written. */
  | { readonly kind: "shadow"; readonly rival: string; readonly wouldWrite: number }
  | { readonly kind: "paused"; readonly until: number; readonly reason: string }
  /** `unfetched`: what the source's object tells of cannot be had, which nobody else says. */
  | {
      readonly kind: "source-failed";
      readonly missing: boolean;
      readonly unfetched?: true;
      readonly message: string;
      /** Which of the app's sources it is, from 0; absent: the first. */
      readonly source?: number;
    }
  | {
      readonly kind: "render-failed";
      readonly code: "path" | "build";
      readonly message: string;
      readonly source?: number;
    }
  | { readonly kind: "dependency"; readonly on: string; readonly message: string }
  /** Differs from its source and waits for a person to sync. */
  | { readonly kind: "out-of-sync" }
  | { readonly kind: "syncing"; readonly step: "preflight" | "apply" | "prune" | "health" }
  | {
      readonly kind: "sync-failed";
      readonly step: "preflight" | "apply" | "prune" | "health";
      readonly message: string;
      readonly retryAt: number | null;
      /** Nothing is known of the cluster that the app's objects are on. */
      readonly unreachable?: true;
    }
  | { readonly kind: "synced" };

/** One sync, running or done. */
export interface SyncReport {
  readonly id: string;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly revision: Revision;
  readonly request: SyncRequest | null;
  /** Healing drift rather than following a new revision or order; how many times in a row. */
  readonly healAttempts: number;
  readonly retries: number;
  readonly outcome: "running" | "succeeded" | "failed" | "superseded" | "terminated";
  readonly message: string;
  readonly results: readonly ObjectResult[];
  /** Absent: nothing, or it is not known. */
  readonly waitsFor?: SyncWait;
}

/** Why deletions are held back, a foreign writer is fought, or what `prepare` warned about: shown beside the phase. */
export interface Notice {
  readonly kind:
    | "held"
    | "circle"
    | "confirm"
    | "deletion"
    | "fight"
    | "shared"
    | "duplicate"
    | "excluded"
    | "orphaned"
    | "rolled-back"
    | "warning";
  readonly message: string;
  /** The apps that it is about, where it is about apps. */
  readonly apps?: readonly AppKey[];
}

/** Everything a dialect needs to write an app's status. */
export interface AppReport {
  readonly phase: AppPhase;
  /** The revision that the tracked source has now. */
  readonly revision: Revision | null;
  /** The revision of the last sync that completed, with its health gate. */
  readonly applied: Revision | null;
  readonly attempted: Revision | null;
  readonly objects: readonly ObjectReport[];
  readonly inventory: readonly { readonly id: ResourceId; readonly version: string }[];
  readonly sync: SyncReport | null;
  readonly notices: readonly Notice[];
  /** Where the app is with going back by itself; absent: it does not. */
  readonly rollback?: RollbackState;
  /** Whether the health gate passed, failed, or was not asked; how long it took (milliseconds). */
  readonly gate: {
    readonly state: "none" | "waiting" | "passed" | "failed";
    readonly tookMs: number;
    readonly message: string;
  };
  /** Digest of the rendered objects of the last sync. */
  readonly renderDigest: string;
  /** What made the objects; null: nothing did, or it is not known yet. */
  readonly renderer: RendererKind;
  /** The same for each of several sources; absent: there is one, or it is not known yet. */
  readonly renderers?: readonly RendererKind[];
  /** What is known of the app's Helm release; null: it is none. */
  readonly release: ReleaseReport | null;
  /** Token of the request that was handled last. */
  readonly handledToken: string | null;
  readonly now: number;
}

/** Everything a dialect needs to write a source object's status. */
export interface SourceReport {
  readonly state:
    | { readonly kind: "invalid"; readonly problems: readonly Problem[] }
    | { readonly kind: "suspended" }
    | { readonly kind: "ready" }
    | { readonly kind: "failed"; readonly reason: SourceFailure; readonly message: string };
  /** The last good revision, kept through failures. */
  readonly revision: Revision | null;
  /** What the revision in use includes, in its order; absent: nothing. */
  readonly included?: readonly { readonly source: Source; readonly revision: Revision }[];
  /** The file that others fetch the revision as; absent: none is served. */
  readonly artifact?: { readonly path: string; readonly url: string; readonly digest: string; readonly size: number };
  /** The artifacts that a generator made; absent: it is none, or made none. */
  readonly generated?: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly digest: string;
    readonly filename: string;
  }[];
  /** What of the revision was found to be signed, and by whom; absent: nothing needed to be. */
  readonly verified?: readonly VerifiedObject[];
  readonly handledToken: string | null;
  readonly now: number;
}

/** An event for people, in the dialect's words. */
export interface EventNote {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What to write on an app or source object: the whole new status (compared with the old one before it is sent), and changes of the object itself. */
export interface ObjectWrite {
  readonly status: Readonly<Record<string, unknown>>;
  /** Merge patch of everything but the status, e.g. an annotation or the `operation` field that was consumed; null: nothing. */
  readonly patch: Readonly<Record<string, unknown>> | null;
  readonly events: readonly EventNote[];
}

/** The app object as read, for `report` functions that carry parts of the old status over. */
export interface ReportInput {
  readonly object: Resource;
  readonly app: App | null;
  readonly report: AppReport;
}

/** The same for sources. */
export interface SourceReportInput {
  readonly object: Resource;
  readonly source: Source | null;
  readonly report: SourceReport;
}

/** What a restarted controller reads back from an app's status. */
export interface RestoredState {
  readonly applied: Revision | null;
  readonly attempted: Revision | null;
  readonly handledToken: string | null;
  /** Identities that the status records as owned; read once at takeover. */
  readonly inventory: readonly { readonly id: ResourceId; readonly version: string }[];
  /** The last sync, running or finished, when the status tells. */
  readonly sync: SyncReport | null;
  /** Whether that sync, which failed, is to be tried again; absent: it did not fail, or nothing was tried. */
  readonly isRetried?: boolean;
  /** Whether the status was written for the spec as it is now. */
  readonly isCurrent: boolean;
  /** What the status tells of the app's Helm release; null: nothing. */
  readonly release: ReleaseMemory | null;
}
