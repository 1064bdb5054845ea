import type { FileTree } from "#core/source/file-tree.ts";
import type { GeneratedArtifact } from "#core/source/generator/generator.ts";
import type { SourceError } from "#core/source/source-error.ts";
import type { Revision, Source, VerifiedObject } from "#core/source/source.ts";
import type { IncludedSource } from "./included-sources.ts";

/** What is known of a source now. A failure keeps the last good revision. */
export interface SourceState {
  readonly source: Source;
  readonly revision: Revision | null;
  readonly tree: FileTree | null;
  /** What of other sources is in the tree. */
  readonly included: readonly IncludedSource[];
  readonly verified: readonly VerifiedObject[];
  /** What a generator makes; of other sources nothing. */
  readonly outputs: readonly GeneratedArtifact[];
  readonly error: SourceError | null;
  /** Whether the remote was asked at all since the source was declared. */
  readonly asked: boolean;
  readonly handledToken: string | null;
}

/** What became known of a source. */
export type SourceNews = Partial<
  Pick<SourceState, "revision" | "tree" | "included" | "verified" | "outputs" | "error">
>;
