import type { FileTree } from "#core/source/file-tree.ts";

/** What is to be served, and where: `<kind>/<namespace>/<name>/<file>`. */
export interface ArtifactContent {
  readonly path: string;
  readonly tree: FileTree;
  /** The one file of the tree that is served as it is; null: all of the tree, as a tar.gz. */
  readonly file: string | null;
}

/** A file that is served. */
export interface ServedArtifact {
  readonly path: string;
  readonly url: string;
  /** `sha256:` of its bytes. */
  readonly digest: string;
  readonly size: number;
}

/** Keeps what sources have as files that others fetch; losing one costs making it again. */
export interface ArtifactStore {
  /** Makes the file of a content, unless it is here. The same content is the same bytes. @throws SourceError */
  put(content: ArtifactContent, signal: AbortSignal): Promise<ServedArtifact>;
  /** Removes the files of one object, `<kind>/<namespace>/<name>`. */
  remove(object: string): Promise<void>;
  /** Removes the files of all objects but these. */
  retain(objects: ReadonlySet<string>): Promise<void>;
}
