import type { FileTree } from "../file-tree.ts";
import type { Revision } from "../source.ts";

/** What an input has now. */
export interface InputContent {
  readonly tree: FileTree;
  readonly revision: Revision;
}

/** An artifact that a generator made. */
export interface GeneratedArtifact {
  readonly name: string;
  /** What was filled in to make it. */
  readonly labels: Readonly<Record<string, string>>;
  readonly revision: Revision;
  readonly tree: FileTree;
  /** Names all that was looked at to make it. */
  readonly basis: string;
}
