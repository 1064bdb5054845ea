import type { LRUCache } from "lru-cache";
import pLimit from "p-limit";
import type { SelectedRef } from "#core/source/git-ref.ts";
import type { SignatureCheck } from "#engine/ports.ts";
import { readBlobs } from "./blob-read.ts";
import { fetchBlobs, fetchCommits, fetchHistory, fetchTag } from "./commit-fetch.ts";
import { GitError, gitFailure } from "./git-error.ts";
import { localEnvironment } from "./git-environment.ts";
import type { GitSurroundings } from "./git-environment.ts";
import { runGit } from "./git-process.ts";
import type { GitRemote } from "./git-remote.ts";
import { TreeListing } from "./git-tree.ts";
import { ObjectReader } from "./object-reader.ts";
import type { ObjectStore } from "./object-store.ts";

/** Sizes that a repository may reach before it is refused. */
export interface GitLimits {
  /** Time for conversations that no caller gives a time for. */
  readonly fetchTimeoutMs: number;
  /** Blobs above this size stay on the server until they are read. */
  readonly eagerBlobBytes: number;
  readonly maxPackBytes: number;
  readonly maxFileBytes: number;
  /** The sum of the files in one read. */
  readonly maxReadBytes: number;
  readonly maxTreeEntries: number;
  /** How many commits stay readable when the store is compacted, besides those in use. */
  readonly keptCommits: number;
  /** How many packs may pile up before the store is compacted. */
  readonly maxPacks: number;
}

/** A listing with the digest of its root. */
export interface CachedTree {
  readonly listing: TreeListing;
  readonly root: string;
}

/** What a commit store is made of; owned by the store that opens repositories. */
export interface CommitStoreParts {
  readonly key: string;
  readonly remote: GitRemote;
  readonly store: ObjectStore;
  readonly surroundings: GitSurroundings;
  readonly limits: GitLimits;
  readonly trees: LRUCache<string, CachedTree>;
  readonly checkSignature?: SignatureCheck;
}

/** The commits of one repository that are on disk, and the ways to get more. */
export class CommitStore {
  readonly #parts: CommitStoreParts;
  readonly #reader: ObjectReader;
  readonly #exclusive = pLimit(1);
  /** The most recently used commit is the last. */
  readonly #commits = new Set<string>();
  #isOpen = false;
  #isDamaged = false;

  constructor(parts: CommitStoreParts) {
    this.#parts = parts;
    this.#reader = new ObjectReader(localEnvironment(parts.surroundings, parts.store.reading));
  }

  /** Makes the store usable: creates it, or clears up after a crash. */
  async open(signal: AbortSignal): Promise<void> {
    if (this.#isOpen) return;
    await this.exclusively(async () => {
      if (this.#isOpen) return;
      for (const commit of await this.#parts.store.open(signal)) this.#commits.add(commit);
      this.#isOpen = true;
    });
  }

  /** Throws a damaged store away; to be called while the server answers, so that its commits can be fetched again. */
  async repair(): Promise<boolean> {
    if (!this.#isDamaged) return false;
    await this.exclusively(async () => {
      await this.#reader.stop();
      for (const commit of this.#commits) this.#parts.trees.delete(this.#treeKey(commit));
      this.#commits.clear();
      await this.#parts.store.clear();
      this.#isDamaged = false;
    });
    return true;
  }

  /** Whether a commit is on disk; asking counts as use. */
  has(commit: string): boolean {
    if (!this.#commits.delete(commit)) return false;
    this.#commits.add(commit);
    return true;
  }

  /** The one commit on disk that begins with `prefix`. */
  find(prefix: string): string | undefined {
    const found = [...this.#commits].filter((commit) => commit.startsWith(prefix));
    return found.length === 1 ? found[0] : undefined;
  }

  /** Runs what writes to the store while nothing else does, and clears up after it. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#exclusive(async () => {
      try {
        return await work();
      } finally {
        // A git that had to be killed leaves locks that would stop the next one.
        await this.#parts.store.removeLeftovers();
      }
    });
  }

  /** Fetches commits in one conversation; says why for each that the server does not give out. */
  async fetch(
    wanted: readonly SelectedRef[],
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, GitError>> {
    return await this.exclusively(async () => {
      const limits = { ...this.#parts.limits, timeoutMs };
      const refused = new Map(
        await this.#watched(signal, () => fetchCommits({ ...this.#parts, limits }, wanted, signal)),
      );
      const withheld = [...refused].filter(([, error]) => error.code === "commit-withheld");
      if (withheld.length > 0) await fetchHistory({ remote: this.#parts.remote, limits, withBlobs: false }, signal);
      for (const [commit] of withheld) if (await this.#pinned(commit, signal)) refused.delete(commit);
      for (const { commit } of wanted) if (!refused.has(commit)) this.#commits.add(commit);
      return refused;
    });
  }

  /** Finds a commit by the beginning of its hash in the repository's whole history. */
  async findInHistory(prefix: string, timeoutMs: number, signal: AbortSignal): Promise<string | undefined> {
    return await this.exclusively(async () => {
      const limits = { ...this.#parts.limits, timeoutMs };
      await fetchHistory({ remote: this.#parts.remote, limits, withBlobs: false }, signal);
      const exit = await this.#git(["rev-parse", "--verify", "--quiet", `${prefix}^{commit}`], signal);
      const commit = exit.stdout.toString("utf8").trim();
      if (exit.code !== 0 || !(await this.#pinned(commit, signal))) return undefined;
      this.#commits.add(commit);
      return commit;
    });
  }

  /** The names and digests of a commit's files. */
  async tree(commit: string, signal: AbortSignal): Promise<CachedTree> {
    if (!this.has(commit)) throw unknownCommit(commit);
    const key = this.#treeKey(commit);
    const cached = this.#parts.trees.get(key);
    if (cached !== undefined) return cached;
    const tree = await this.#watched(signal, () => this.#list(commit, signal));
    this.#parts.trees.set(key, tree);
    return tree;
  }

  /** Contents of files in a listing; fetches those that are missing in one conversation. */
  async readFiles(
    listing: TreeListing,
    paths: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    const { limits } = this.#parts;
    const fetchMissing = (digests: readonly string[], maxPackBytes: number) =>
      this.exclusively(() => this.#fetchBlobs(digests, maxPackBytes, signal));
    return await this.#watched(signal, () =>
      readBlobs({ listing, reader: this.#reader, limits, fetchMissing }, paths, signal),
    );
  }

  /** The raw bytes of a commit object. */
  async commitBytes(commit: string, signal: AbortSignal): Promise<Uint8Array> {
    const answers = this.has(commit) ? await this.#reader.contents([commit], signal) : undefined;
    const bytes = answers?.get(commit)?.bytes;
    if (bytes === undefined) throw unknownCommit(commit);
    return bytes;
  }

  /** The raw bytes of a tag object that the server advertises; it is fetched when it is not there. */
  async tagBytes(tag: string, signal: AbortSignal): Promise<Uint8Array> {
    const read = async () => (await this.#reader.contents([tag], signal)).get(tag);
    let answer = await read();
    if (answer === undefined) {
      await this.exclusively(() => fetchTag(this.#parts.remote, { tag, limits: this.#parts.limits }, signal));
      answer = await read();
    }
    if (answer?.type !== "tag" || answer.bytes === undefined) throw unknownCommit(tag);
    return answer.bytes;
  }

  /** Adds a commit that was made here. */
  async adopt(commit: string, signal: AbortSignal): Promise<void> {
    await this.#parts.store.pin([commit], [], signal);
    this.#commits.add(commit);
  }

  /** Drops old commits once enough has piled up. */
  async tidy(signal: AbortSignal): Promise<void> {
    await this.exclusively(async () => {
      if (!(await this.#parts.store.isBloated(this.#parts.limits.maxPacks))) return;
      const keep = [...this.#commits].slice(-this.#parts.limits.keptCommits);
      await this.#reader.stop();
      await this.#parts.store.compact(keep, signal);
      for (const commit of this.#commits) if (!keep.includes(commit)) this.#commits.delete(commit);
    });
  }

  /** Stops the reading process; a later read starts another. */
  async stop(): Promise<void> {
    await this.#reader.stop();
  }

  async #pinned(commit: string, signal: AbortSignal): Promise<boolean> {
    const exit = await this.#git(["cat-file", "-e", `${commit}^{commit}`], signal);
    if (exit.code === 0) await this.#parts.store.pin([commit], [], signal);
    return exit.code === 0;
  }

  async #list(commit: string, signal: AbortSignal): Promise<CachedTree> {
    const listing = new TreeListing(this.#parts.limits.maxTreeEntries);
    const onOutput = (chunk: Buffer) => listing.push(chunk);
    const [root, exit] = await Promise.all([
      this.#git(["rev-parse", "--verify", `${commit}^{tree}`], signal),
      this.#git(["ls-tree", "-r", "-t", "-z", "--full-tree", commit], signal, onOutput),
    ]);
    if (root.code !== 0 || exit.code !== 0) throw gitFailure("list the tree", root.stderr + exit.stderr);
    return { listing: listing.finish(), root: root.stdout.toString("utf8").trim() };
  }

  async #fetchBlobs(digests: readonly string[], maxPackBytes: number, signal: AbortSignal): Promise<void> {
    const { limits, remote } = this.#parts;
    try {
      await fetchBlobs(remote, { digests, maxPackBytes, timeoutMs: limits.fetchTimeoutMs }, signal);
    } catch (error) {
      if (!(error instanceof GitError) || error.code !== "commit-withheld") throw error;
      // A server that gives out nothing by name of content can only be asked for all of it.
      await fetchHistory({ remote, limits: { ...limits, timeoutMs: limits.fetchTimeoutMs }, withBlobs: true }, signal);
    }
  }

  /** Looks after a failure whether the store is damaged; what git printed may as well describe what the server sent. */
  async #watched<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const isSuspicious = error instanceof GitError && (error.code === "corrupt" || error.code === "failed");
      if (isSuspicious && !(await this.#parts.store.isSound([...this.#commits], signal))) {
        this.#isDamaged = true;
        throw new GitError("corrupt", error.message, { cause: error });
      }
      throw error;
    }
  }

  #treeKey(commit: string): string {
    return `${this.#parts.key} ${commit}`;
  }

  #git(args: readonly string[], signal: AbortSignal, onOutput?: (chunk: Buffer) => void) {
    const env = localEnvironment(this.#parts.surroundings, this.#parts.store.reading);
    return runGit(onOutput === undefined ? { args, env } : { args, env, onOutput, maxOutputBytes: 256 << 20 }, signal);
  }
}

function unknownCommit(commit: string): GitError {
  return new GitError("commit-not-found", `Cannot read commit ${commit}: it was not fetched`);
}
