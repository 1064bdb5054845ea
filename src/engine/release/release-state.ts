import {
  noReleaseMemory,
  type ReleaseAction,
  type ReleaseMemory,
  type ReleaseOutcome,
  type ReleaseSnapshot,
} from "#core/release/release-memory.ts";
import type { RecordedRevision } from "#core/release/snapshot.ts";
import type { ReleaseHook } from "#core/release/release-plan.ts";
import type { ReleaseDrift } from "#core/release/release-report.ts";
import type { SyncState } from "#core/sync/sync-machine.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import type { ChartMetadata } from "#core/helm/release.ts";
import type { ChartSpec } from "#core/app/render-spec.ts";
import type { Revision } from "#core/source/source.ts";
import type { DesiredSet } from "../desired-set.ts";
import type { StoredRelease } from "../ports.ts";
import type { ReleaseStorage, StoredSummary } from "./release-store-index.ts";

/** What shall be released: a chart with values. */
export interface WantedChart {
  readonly tree: FileTree;
  readonly path: string;
  readonly spec: ChartSpec;
  readonly revision: Revision;
  readonly metadata: ChartMetadata;
  /** The chart's version as it is told: with the artifact's digest where that counts. */
  readonly version: string;
  readonly ociDigest: string;
  readonly configDigest: string;
}

/** An action on a release at work. */
export interface ReleaseRun {
  readonly action: ReleaseAction;
  readonly reason: string;
  readonly startedAt: number;
  readonly timeoutMs: number;
  readonly storage: ReleaseStorage;
  /** Digest of the spec that it was begun for. */
  readonly specDigest: string;
  /** What is wanted; null: the release goes away. */
  readonly wanted: WantedChart | null;
  /** The release as the action leaves it, but for its state, and its record as it lies there now; null: there is none. */
  record: { readonly stored: StoredRelease; readonly summary: StoredSummary } | null;
  /** All hooks of the release, whether the action runs them or not. */
  readonly hooks: readonly ReleaseHook[];
  /** The objects that the release has once the action succeeded. */
  readonly desired: DesiredSet;
  /** Those that it had before. */
  readonly before: DesiredSet | null;
  /** The revision that a rollback goes back to; null: it is none. */
  readonly target: ReleaseSnapshot | null;
}

/** How an action ended. */
export interface EndedRun {
  readonly machine: SyncState;
  readonly endedAt: number;
}

/** The newest record of a release, and its objects, ready to be compared. */
export interface HeldRelease {
  readonly summary: StoredSummary;
  /** What is told of it: the chart's content and the manifest are in the record alone. */
  readonly stored: RecordedRevision;
  readonly desired: DesiredSet;
  readonly hooks: readonly ReleaseHook[];
}

/** What the engine remembers of an app's release between two passes. */
export interface ReleaseState {
  memory: ReleaseMemory;
  released: ReleaseOutcome | null;
  tested: ReleaseOutcome | null;
  remediated: ReleaseOutcome | null;
  stalled: string | null;
  drift: ReleaseDrift | null;
  /** Drift was corrected just now: what it was is told once before it is said to be gone. */
  isCorrected: boolean;
  /** What was done since the present attempt began, and when the next may begin. */
  done: readonly ReleaseAction[];
  retryAt: number | null;
  /** The last chart that was looked at, so that it is not read again. */
  wanted: WantedChart | null;
  held: HeldRelease | null;
  /** Somebody else's record, and what was wanted that it is not. */
  refused: string | null;
  /** Whether the release was taken over and its objects do not all carry the app's mark yet. */
  isUnmarked: boolean;
  /** Since when a record of somebody else's unfinished work was seen in this version. */
  locked: { readonly resourceVersion: string; readonly since: number } | null;
  run: ReleaseRun | null;
  /** How the run ended, until its record tells so too. */
  ended: EndedRun | null;
}

/** What is known of a release from its app's status. */
export function newReleaseState(memory: ReleaseMemory | null): ReleaseState {
  return {
    memory: memory ?? noReleaseMemory,
    released: null,
    tested: null,
    remediated: null,
    stalled: null,
    drift: null,
    isCorrected: false,
    done: [],
    retryAt: null,
    wanted: null,
    held: null,
    refused: null,
    isUnmarked: false,
    locked: null,
    run: null,
    ended: null,
  };
}
