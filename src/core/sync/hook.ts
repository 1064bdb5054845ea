import type { Resource } from "#core/resource/resource.ts";

/** When hooks run: around a sync, inside it, after one that failed, and around the deletion of the app. */
export type HookMoment = "before" | "during" | "after" | "failed" | "before-delete" | "after-delete";

/** Where a moment's hooks stand among the stages of a sync; what is applied is phase 0. */
export const HOOK_PHASES: Readonly<Record<HookMoment, number>> = {
  "before-delete": -3,
  before: -1,
  during: 0,
  after: 1,
  failed: 2,
  "after-delete": 3,
};

/** When the object of a hook is deleted: before it runs again, after a sync that succeeded, after one that failed. */
export type HookClearing = "before" | "succeeded" | "failed";

/** What an object asks for as a hook; without a moment it is left out of everything. */
export interface HookSpec {
  readonly moments: readonly { readonly moment: HookMoment; /** The dialect's own. */ readonly word: string }[];
  readonly clears: readonly HookClearing[];
}

/** One run of a hook. */
export interface HookRun {
  readonly word: string;
  /** Identifies the run: the sync that it belongs to, and the moment. */
  readonly mark: string;
  readonly commit: string;
  /** When the sync began, milliseconds since the epoch. */
  readonly startedAt: number;
}

/** How a dialect tells hooks from other objects and makes their objects. */
export interface HookRules {
  /** null: an object like any other. */
  readonly of: (resource: Resource) => HookSpec | null;
  /** The object of one run: it has a name, the run's mark, and the finalizer that keeps it until it was looked at. */
  readonly runOf: (resource: Resource, run: HookRun) => Resource;
  /** The mark of the run that made an object; null: nobody's. */
  readonly markOf: (live: Resource) => string | null;
  readonly finalizer: string;
  /** Finalizers of an app's object: one keeps it until the hooks of a moment have run, the other until they are gone. */
  readonly deletion?: Readonly<
    Record<"before-delete" | "after-delete", { readonly run: string; readonly cleanup: string }>
  >;
}

/** A change's part in running a hook. */
export interface HookTask {
  readonly word: string;
  readonly mark: string;
}

/** The mark of the hooks of one moment of one attempt at a sync: times of syncs are kept to the second. */
export function hookMark(sync: { readonly startedAt: number; readonly retries: number }, word: string): string {
  return `${Math.floor(sync.startedAt / 1000)}-${sync.retries}-${word}`;
}
