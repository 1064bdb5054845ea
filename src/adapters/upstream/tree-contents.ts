import { childPath } from "#core/source/read-set.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { UpstreamError } from "./upstream-error.ts";

/** The largest file that is handed to a helper. */
export const maxFileBytes = 16 * 1024 * 1024;
/** The most that one request may read. */
export const maxTotalBytes = 128 * 1024 * 1024;

const siblingsPerRead = 64;
const maxSiblingBytes = 256 * 1024;
const manifestName = /(\.ya?ml|\.json|^Kustomization)$/;

/** Contents of a tree's files for one request, fetched a folder at a time. */
export class TreeContents {
  readonly #tree: FileTree;
  readonly #fetched = new Map<string, Uint8Array>();
  readonly #triedFolders = new Map<string, number>();
  #totalBytes = 0;

  constructor(tree: FileTree) {
    this.#tree = tree;
  }

  /** The content of the file or link at a path that has one. @throws UpstreamError when it is over the caps. */
  async read(path: string, signal: AbortSignal): Promise<Uint8Array> {
    this.#mustFit(path, this.#tree.entry(path)?.size ?? 0);
    const content = this.#fetched.get(path) ?? (await this.#fetch(path, signal));
    this.#mustFit(path, content.length);
    this.#totalBytes += content.length;
    if (this.#totalBytes > maxTotalBytes) {
      throw new UpstreamError({
        code: "too-large",
        message: `reads more than ${maxTotalBytes / 2 ** 20} MiB of files`,
        file: path,
      });
    }
    return content;
  }

  async #fetch(path: string, signal: AbortSignal): Promise<Uint8Array> {
    const paths = [path, ...this.#siblings(path)];
    // A sibling that cannot be read is no problem as long as nobody asks for it.
    const contents = await this.#tree.read(paths, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      if (paths.length === 1) throw error;
      return this.#tree.read([path], signal);
    });
    for (const [read, content] of contents) this.#fetched.set(read, content);
    const content = contents.get(path);
    if (content === undefined)
      throw new UpstreamError({ code: "read-failed", message: "the source did not return this file", file: path });
    return content;
  }

  /** The next files of the folder that are probably wanted too. */
  #siblings(path: string): string[] {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    const names = this.#tree.children(folder);
    const start = this.#triedFolders.get(folder) ?? 0;
    const end = Math.min(start + siblingsPerRead, names.length);
    this.#triedFolders.set(folder, end);
    return names.slice(start, end).flatMap((name) => {
      const sibling = childPath(folder, name);
      const entry = this.#tree.entry(sibling);
      const isWanted = manifestName.test(name) && entry?.type === "file" && (entry.size ?? 0) <= maxSiblingBytes;
      return isWanted && sibling !== path && !this.#fetched.has(sibling) ? [sibling] : [];
    });
  }

  #mustFit(path: string, bytes: number): void {
    if (bytes <= maxFileBytes) return;
    const mebibytes = Math.ceil(bytes / 2 ** 20);
    throw new UpstreamError({
      code: "too-large",
      message: `has ${mebibytes} MiB, more than the allowed ${maxFileBytes / 2 ** 20}`,
      file: path,
    });
  }
}
