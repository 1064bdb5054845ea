/** Sizes beyond which an archive is refused; bytes are those of the unpacked archive, its own headers included. */
export interface ArchiveLimits {
  readonly maxEntries: number;
  readonly maxFileBytes: number;
  readonly maxTotalBytes: number;
  /** How many unpacked bytes may come of each packed one, beyond the first few MiB. */
  readonly maxRatio: number;
}

/** Limits for sources of manifests. */
export const sourceLimits: ArchiveLimits = {
  maxEntries: 100_000,
  maxFileBytes: 64 << 20,
  maxTotalBytes: 256 << 20,
  maxRatio: 200,
};
