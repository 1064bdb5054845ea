import { LRUCache } from "lru-cache";
import pLimit from "p-limit";
import { withDeadline } from "#async/with-deadline.ts";
import { composedTree } from "#core/source/composed-tree.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import type { GitRef } from "#core/source/git-ref.ts";
import { childPath } from "#core/source/read-set.ts";
import type { VerifiedObject } from "#core/source/source.ts";
import type { Repository, VerificationRequest } from "#engine/ports.ts";
import { asTimeout, GitError } from "./git-error.ts";
import type { GitRepository, RefResult } from "./git-repository.ts";
import { type Submodule, submodulesFile, submodulesOf } from "./submodule-list.ts";
import { submoduleUrl } from "./submodule-url.ts";

/** What a repository with submodules is made of. */
export interface SubmoduleParts {
  readonly main: GitRepository;
  readonly url: string;
  /** Opens the repository of a submodule, with the credential only where that is meant for its server. @throws GitError */
  readonly open: (url: string) => GitRepository;
  /** The settings in a `.gitmodules`. */
  readonly settingsIn: (bytes: Uint8Array, signal: AbortSignal) => Promise<readonly (readonly [string, string])[]>;
  readonly limits: { readonly maxTreeEntries: number; readonly fetchTimeoutMs: number };
}

/** A commit of a repository that is shown below a path of the whole. */
interface Placed {
  readonly path: string;
  readonly url: string;
  readonly repository: GitRepository;
  readonly commit: string;
}

interface Walk {
  readonly found: Placed[];
  entries: number;
}

const maxDepth = 10;
const maxSubmodules = 64;
const atOnce = 4;

/** A repository whose commits are shown with their submodules, and theirs; the commit alone is the revision. */
export class SubmoduleRepository implements Repository {
  readonly #parts: SubmoduleParts;
  /** What was found to belong to a commit, itself first. */
  readonly #wholes = new LRUCache<string, readonly Placed[]>({ max: 64 });

  constructor(parts: SubmoduleParts) {
    this.#parts = parts;
  }

  /** As without submodules; a reference whose submodules cannot be fetched has that as its result. @throws GitError */
  async sync(
    refs: readonly GitRef[],
    limits: { timeoutMs: number },
    signal: AbortSignal,
  ): Promise<readonly RefResult[]> {
    const results = await this.#parts.main.sync(refs, limits, signal);
    const limit = pLimit(atOnce);
    const checked = async (result: RefResult): Promise<RefResult> => {
      if ("error" in result) return result;
      const error = await this.#problem(result.commit, limits.timeoutMs, signal);
      return error === null ? result : { ref: result.ref, error };
    };
    return await allDone(results.map((result) => limit(checked, result)));
  }

  async holds(commit: string, signal: AbortSignal): Promise<boolean> {
    if (!(await this.#parts.main.holds(commit, signal))) return false;
    try {
      await this.#whole(
        commit,
        async (repository, wanted) => {
          if (!(await repository.holds(wanted, signal))) throw new GitError("commit-not-found", "it is not here");
        },
        signal,
      );
      return true;
    } catch (error) {
      if (error instanceof GitError) return false;
      throw error;
    }
  }

  async fetchCommit(commit: string, signal: AbortSignal): Promise<void> {
    await this.#parts.main.fetchCommit(commit, signal);
    const error = await this.#problem(commit, this.#parts.limits.fetchTimeoutMs, signal);
    if (error !== null) throw error;
  }

  /** The files of a commit and of its submodules. @throws GitError */
  async tree(commit: string, signal: AbortSignal): Promise<FileTree> {
    const whole = await this.#fetched(commit, signal);
    if (whole.length === 1) return await this.#parts.main.tree(commit, signal);
    const places = new Set(whole.map(({ path }) => path));
    const parts = [];
    for (const { path, repository, commit: placed } of whole) {
      await repository.fetchCommit(placed, signal);
      const tree = await repository.tree(placed, signal);
      parts.push({ tree, from: "", to: path, keeps: (inner: string) => !places.has(childPath(path, inner)) });
    }
    return composedTree(parts);
  }

  /** Says who signed the commit, which names the commits of its submodules. @throws SourceError */
  async verify(request: VerificationRequest, signal: AbortSignal): Promise<readonly VerifiedObject[]> {
    return await this.#parts.main.verify(request, signal);
  }

  async #problem(commit: string, timeoutMs: number, signal: AbortSignal): Promise<GitError | null> {
    try {
      await withDeadline(signal, timeoutMs, (scope) => this.#fetched(commit, scope));
      return null;
    } catch (error) {
      signal.throwIfAborted();
      const failure = asTimeout("fetch submodules", error);
      if (failure instanceof GitError) return failure;
      throw failure;
    }
  }

  #fetched(commit: string, signal: AbortSignal): Promise<readonly Placed[]> {
    return this.#whole(commit, (repository, wanted) => repository.fetchCommit(wanted, signal), signal);
  }

  /** All that belongs to a commit, each submodule made readable by `obtain`. */
  async #whole(
    commit: string,
    obtain: (repository: GitRepository, commit: string) => Promise<void>,
    signal: AbortSignal,
  ): Promise<readonly Placed[]> {
    const known = this.#wholes.get(commit);
    if (known !== undefined) return known;
    const { main, url } = this.#parts;
    const root = { path: "", url, repository: main, commit };
    const walk: Walk = { found: [root], entries: 0 };
    let level: readonly Placed[] = [root];
    for (let depth = 0; level.length > 0; depth++) {
      const limit = pLimit(atOnce);
      const below = await allDone(level.map((placed) => limit(() => this.#below(placed, walk, signal))));
      level = below.flat();
      if (level.length > 0 && depth === maxDepth) throw tooMany(`they are nested deeper than ${maxDepth}`);
      walk.found.push(...level);
      if (walk.found.length - 1 > maxSubmodules) throw tooMany(`there are more than ${maxSubmodules}`);
      await allDone(
        level.map((placed) => limit(() => named(placed.path, () => obtain(placed.repository, placed.commit)))),
      );
    }
    this.#wholes.set(commit, walk.found);
    return walk.found;
  }

  /** The submodules that a commit names itself. */
  async #below(placed: Placed, walk: Walk, signal: AbortSignal): Promise<readonly Placed[]> {
    const { path, url, repository, commit } = placed;
    const { settingsIn, open, limits } = this.#parts;
    walk.entries += await repository.entryCount(commit, signal);
    if (walk.entries > limits.maxTreeEntries) throw tooMany(`they hold more than ${limits.maxTreeEntries} files`);
    const tree = await repository.tree(commit, signal);
    if (tree.entry(submodulesFile)?.type !== "file") return [];
    const bytes = (await tree.read([submodulesFile], signal)).get(submodulesFile) ?? new Uint8Array();
    const place = (module: Submodule): Placed => {
      const address = submoduleUrl(url, module.url);
      return { path: childPath(path, module.path), url: address, repository: open(address), commit: module.commit };
    };
    const modules = submodulesOf(tree, await settingsIn(bytes, signal));
    return await Promise.all(modules.map((module) => named(childPath(path, module.path), () => place(module))));
  }
}

/** Gives a failure the submodule's name; what is wrong with its address is a fault of the content, not of the source. */
async function named<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const code = error.code === "refused-url" || error.code === "invalid-ref" ? "refused-content" : error.code;
    const state = error.message.charAt(0).toLowerCase() + error.message.slice(1);
    throw new GitError(code, `Cannot fetch the submodule ${JSON.stringify(path)}: ${state}`, { cause: error });
  }
}

function tooMany(state: string): GitError {
  return new GitError("too-large", `Cannot fetch submodules: ${state}`);
}

/** Waits for all, also when one fails: nothing may go on after its scope. */
async function allDone<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}
