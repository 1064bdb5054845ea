import { sourceLimits } from "../archive/archive-limits.ts";

/** Sizes that a bucket may reach before it is refused, and how much of the past is kept. */
export interface BucketLimits {
  /** All that is listed, whether hidden or not. */
  readonly maxObjects: number;
  readonly maxObjectBytes: number;
  readonly maxTotalBytes: number;
  readonly maxPages: number;
  /** How many objects are asked for in one page. */
  readonly pageSize: number;
  /** Time for fetches that no caller gives a time for. */
  readonly fetchTimeoutMs: number;
  /** How many revisions are kept of a bucket besides the one that is followed. */
  readonly keptRevisions: number;
}

/** What applies unless something else is said. */
export const defaultBucketLimits: BucketLimits = {
  maxObjects: sourceLimits.maxEntries,
  maxObjectBytes: sourceLimits.maxFileBytes,
  maxTotalBytes: sourceLimits.maxTotalBytes,
  maxPages: 1_000,
  pageSize: 1_000,
  fetchTimeoutMs: 60_000,
  keptRevisions: 2,
};
