import { sourceLimits } from "../archive/archive-limits.ts";
import type { ArchiveLimits } from "../archive/archive-limits.ts";

/** Sizes that an artifact may reach before it is refused, and how much of the past is kept. */
export interface OciLimits {
  /** A layer as the registry sends it. */
  readonly maxBlobBytes: number;
  readonly archive: ArchiveLimits;
  /** Time for pulls that no caller gives a time for. */
  readonly pullTimeoutMs: number;
  /** How many artifacts are kept of a repository besides those that are followed. */
  readonly keptArtifacts: number;
}

/** What applies unless something else is said. */
export const defaultOciLimits: OciLimits = {
  maxBlobBytes: 50 << 20,
  archive: sourceLimits,
  pullTimeoutMs: 60_000,
  keptArtifacts: 2,
};
