import { type ArchiveLimits, sourceLimits } from "../archive/archive-limits.ts";

/** Sizes beyond which an artifact of somebody else is refused. */
export interface ExternalLimits {
  /** As it is sent. */
  readonly maxBytes: number;
  readonly archive: ArchiveLimits;
  /** Artifacts that are kept besides those that are followed. */
  readonly keptOthers: number;
}

/** What holds unless somebody chose otherwise. */
export const defaultExternalLimits: ExternalLimits = { maxBytes: 128 << 20, archive: sourceLimits, keptOthers: 2 };
