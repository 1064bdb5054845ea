import type { FileTree } from "#core/source/file-tree.ts";
import type { Repository, VerificationRequest } from "#engine/ports.ts";
import { GitError } from "./git-error.ts";
import type { LfsObjects } from "./lfs-objects.ts";
import { lfsPointerOf, type LfsPointer } from "./lfs-pointer.ts";

/** A repository whose files are shown with what their pointers stand for, fetched when it is read. */
export class LfsRepository implements Repository {
  readonly #main: Repository;
  readonly #objects: LfsObjects;

  constructor(main: Repository, objects: LfsObjects) {
    this.#main = main;
    this.#objects = objects;
  }

  sync(...asked: Parameters<Repository["sync"]>): ReturnType<Repository["sync"]> {
    return this.#main.sync(...asked);
  }

  holds(commit: string, signal: AbortSignal): Promise<boolean> {
    return this.#main.holds(commit, signal);
  }

  fetchCommit(commit: string, signal: AbortSignal): Promise<void> {
    return this.#main.fetchCommit(commit, signal);
  }

  /** Says who signed the commit, which names the content of its pointers. @throws SourceError */
  async verify(request: VerificationRequest, signal: AbortSignal): ReturnType<NonNullable<Repository["verify"]>> {
    if (this.#main.verify) return await this.#main.verify(request, signal);
    throw new GitError("unsupported", "Cannot verify the commit: this repository knows no signatures");
  }

  async tree(commit: string, signal: AbortSignal): Promise<FileTree> {
    const tree = await this.#main.tree(commit, signal);
    return {
      entry: (path) => tree.entry(path),
      children: (path) => tree.children(path),
      read: (paths, scope) => this.#read(tree, paths, scope),
    };
  }

  async #read(tree: FileTree, paths: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>> {
    const contents = new Map(await tree.read(paths, signal));
    const pointers = new Map<string, LfsPointer>();
    for (const [path, content] of contents) {
      const pointer = tree.entry(path)?.type === "file" ? lfsPointerOf(content) : null;
      if (pointer) pointers.set(path, pointer);
    }
    if (pointers.size === 0) return contents;
    const found = await this.#objects.fetch(pointers, signal);
    for (const [path, { oid }] of pointers) {
      const content = found.get(oid);
      if (content) contents.set(path, content);
    }
    return contents;
  }
}
