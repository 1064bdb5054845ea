/** One node of a tree; `digest` names its content, so equal digests mean equal content. */
export interface TreeEntry {
  readonly type: "file" | "directory" | "link" | "module";
  readonly digest: string;
  readonly executable?: boolean;
  readonly size?: number;
}

/** An immutable tree of files: metadata is in memory, contents are fetched in batches. Paths are relative, "/"-separated, "" is the root. */
export interface FileTree {
  entry(path: string): TreeEntry | undefined;
  /** Sorted base names of a directory; none for anything else. */
  children(path: string): readonly string[];
  /** Contents of files, and targets of links, by path. Rejects naming the path when one cannot be read. */
  read(paths: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>>;
}
