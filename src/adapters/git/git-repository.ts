import type { FileTree } from "#core/source/file-tree.ts";
import { parseAdvertisedRefs, selectRef } from "#core/source/git-ref.ts";
import type { AdvertisedRefs, GitRef, SelectedRef } from "#core/source/git-ref.ts";
import type { VerifiedObject } from "#core/source/source.ts";
import type { VerificationRequest } from "#engine/ports.ts";
import { BatchedCalls } from "./batched-calls.ts";
import { parseCommit } from "./commit-info.ts";
import type { CommitInfo } from "./commit-info.ts";
import { commitAndPush } from "./commit-push.ts";
import type { PushedChange } from "./commit-push.ts";
import { CommitStore } from "./commit-store.ts";
import type { CommitStoreParts } from "./commit-store.ts";
import { GitError } from "./git-error.ts";
import { gitTree } from "./git-tree.ts";
import { tagObjects } from "./signed-object.ts";
import { verifyCommit } from "./verify-commit.ts";
import type { SignedObjects } from "./verify-commit.ts";

/** What became of one reference. */
export type RefResult =
  | { readonly ref: GitRef; readonly commit: string; readonly refName: string | null }
  | { readonly ref: GitRef; readonly error: GitError };

interface SyncRequest {
  readonly refs: readonly GitRef[];
  readonly timeoutMs: number;
}

/** One repository as one credential sees it, with its local object store. */
export class GitRepository {
  readonly #parts: CommitStoreParts;
  readonly #commits: CommitStore;
  readonly #syncs = new BatchedCalls<SyncRequest, readonly RefResult[]>((requests, signal) =>
    this.#syncAll(requests, signal),
  );
  /** Commits whose trees this process has seen whole. */
  readonly #verified = new Set<string>();
  /** The annotated tags that the server listed last. */
  #tags: ReadonlyMap<string, string> = new Map();
  #refusals: { listing: string; errors: Map<string, GitError> } = { listing: "", errors: new Map() };

  constructor(parts: CommitStoreParts) {
    this.#parts = parts;
    this.#commits = new CommitStore(parts);
  }

  /**
   * Resolves references and makes their commits readable: one listing for all, at most one fetch, none when nothing moved.
   * Concurrent callers share it.
   * @throws GitError when the server cannot be asked; what a single reference lacks is in its result
   */
  async sync(
    refs: readonly GitRef[],
    limits: { timeoutMs: number },
    signal: AbortSignal,
  ): Promise<readonly RefResult[]> {
    return await this.#syncs.call({ refs, timeoutMs: limits.timeoutMs }, signal);
  }

  /** The files of a commit that `sync` or `fetchCommit` brought; works without the server except for large files. */
  async tree(commit: string, signal: AbortSignal): Promise<FileTree> {
    await this.#commits.open(signal);
    const { listing, root } = await this.#commits.tree(commit, signal);
    return gitTree(listing, root, (paths, readSignal) => this.#commits.readFiles(listing, paths, readSignal));
  }

  /** How many files and directories a commit has that `sync` or `fetchCommit` brought. */
  async entryCount(commit: string, signal: AbortSignal): Promise<number> {
    await this.#commits.open(signal);
    return (await this.#commits.tree(commit, signal)).listing.entries.size;
  }

  /** Whether an earlier fetch, also of an earlier process, brought a commit. */
  async holds(commit: string, signal: AbortSignal): Promise<boolean> {
    await this.#commits.open(signal);
    return this.#commits.has(commit);
  }

  /** Author, subject, date and parents of a commit that was fetched. */
  async commitInfo(commit: string, signal: AbortSignal): Promise<CommitInfo> {
    await this.#commits.open(signal);
    return parseCommit(commit, await this.#commits.commitBytes(commit, signal));
  }

  /**
   * Says who signed a commit, its tag, or both, of what `sync` or `fetchCommit` brought.
   * @throws SourceError unless all of it is signed by one of the keys
   */
  async verify(request: VerificationRequest, signal: AbortSignal): Promise<readonly VerifiedObject[]> {
    const check = this.#parts.checkSignature;
    if (check === undefined) throw new GitError("unsupported", "Cannot verify signatures: this program does not do so");
    await this.#commits.open(signal);
    const objects: SignedObjects = {
      commit: (hash) => this.#commits.commitBytes(hash, signal),
      tag: async (refName) => {
        const hash = this.#tags.get(refName);
        return hash === undefined ? null : { hash, bytes: await this.#commits.tagBytes(hash, signal) };
      },
    };
    return await verifyCommit({ objects, check }, request, signal);
  }

  /** Makes one commit readable by its full hash, wherever it is in the repository's history. */
  async fetchCommit(commit: string, signal: AbortSignal): Promise<void> {
    if (!/^[0-9a-f]{40}$/.test(commit))
      throw new GitError("invalid-ref", "Cannot fetch a commit: its hash is not complete");
    await this.#commits.open(signal);
    if (this.#commits.has(commit)) return;
    const refused = await this.#commits.fetch([{ commit, refName: null }], this.#parts.limits.fetchTimeoutMs, signal);
    const error = refused.get(commit);
    if (error !== undefined) throw error;
    // Of a submodule nothing else is ever asked.
    await this.#commits.tidy(signal);
  }

  /**
   * Adds one commit on top of `parent` that changes exactly `changes`, and pushes it to the branch.
   * @throws GitError `rejected` when the branch is not at `parent`; nothing is ever overwritten
   */
  async commitAndPush(change: PushedChange, signal: AbortSignal): Promise<{ commit: string }> {
    await this.fetchCommit(change.parent, signal);
    return await this.#commits.exclusively(async () => {
      const commit = await commitAndPush(this.#parts, change, signal);
      await this.#commits.adopt(commit, signal);
      return { commit };
    });
  }

  /** Stops the helper process; a later call starts it again. */
  async stop(): Promise<void> {
    await this.#commits.stop();
  }

  async #syncAll(requests: readonly SyncRequest[], signal: AbortSignal): Promise<readonly (readonly RefResult[])[]> {
    const timeoutMs = Math.max(...requests.map((request) => request.timeoutMs));
    const refs = new Map(requests.flatMap((request) => request.refs).map((ref) => [keyOf(ref), ref]));
    await this.#commits.open(signal);
    const listing = await this.#list([...refs.values()], timeoutMs, signal);
    const advertised = parseAdvertisedRefs(listing);
    this.#tags = tagObjects(listing);
    const selections = new Map<string, SelectedRef | GitError>();
    for (const [key, ref] of refs) selections.set(key, await this.#select(ref, { advertised, timeoutMs }, signal));
    const selected = [...selections.values()].flatMap((found) => (found instanceof GitError ? [] : [found]));
    const errors = await this.#obtain(selected, { listing, timeoutMs }, signal);
    await this.#commits.tidy(signal);
    const resultOf = (ref: GitRef): RefResult => {
      const selection = selections.get(keyOf(ref))!;
      if (selection instanceof GitError) return { ref, error: selection };
      const error = errors.get(selection.commit);
      return error === undefined ? { ref, ...selection } : { ref, error };
    };
    return requests.map((request) => request.refs.map(resultOf));
  }

  async #list(refs: readonly GitRef[], timeoutMs: number, signal: AbortSignal): Promise<string> {
    const args = ["ls-remote", ...listingFilter(refs), "--", "origin"];
    const exit = await this.#parts.remote.run({ action: "list references", args, timeoutMs }, signal);
    if (exit instanceof GitError) throw exit;
    return exit.stdout.toString("utf8");
  }

  async #select(
    ref: GitRef,
    context: { advertised: AdvertisedRefs; timeoutMs: number },
    signal: AbortSignal,
  ): Promise<SelectedRef | GitError> {
    const selection = selectRef(ref, context.advertised);
    if (selection.ok) return selection.value;
    const { code, message } = selection.error;
    if (code !== "short-commit") return new GitError(code, message);
    const prefix = ref.value.toLowerCase();
    const commit = this.#commits.find(prefix) ?? (await this.#commits.findInHistory(prefix, context.timeoutMs, signal));
    return commit === undefined ? new GitError("ref-not-found", message) : { commit, refName: null };
  }

  async #obtain(
    selected: readonly SelectedRef[],
    context: { listing: string; timeoutMs: number },
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, GitError>> {
    // What the server refused is asked for again only after the server has changed.
    if (this.#refusals.listing !== context.listing) this.#refusals = { listing: context.listing, errors: new Map() };
    const refused = this.#refusals.errors;
    const unique = [...new Map(selected.map((ref) => [ref.commit, ref])).values()];
    const fetchMissing = async () => {
      const missing = unique.filter(({ commit }) => !refused.has(commit) && !this.#commits.has(commit));
      if (missing.length === 0) return;
      for (const [commit, error] of await this.#commits.fetch(missing, context.timeoutMs, signal))
        refused.set(commit, error);
    };
    try {
      await this.#repair();
      await fetchMissing();
      const errors = await this.#verify(unique, refused, signal);
      if (!(await this.#repair())) return errors;
    } catch (error) {
      if (!(await this.#repair())) throw error;
    }
    // The damaged store was thrown away, so everything is fetched once more.
    await fetchMissing();
    return await this.#verify(unique, refused, signal);
  }

  async #repair(): Promise<boolean> {
    const isRepaired = await this.#commits.repair();
    if (isRepaired) this.#verified.clear();
    return isRepaired;
  }

  /** Lists every commit once per process, so that a store damaged on disk is noticed while the server is at hand. */
  async #verify(
    refs: readonly SelectedRef[],
    refused: ReadonlyMap<string, GitError>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, GitError>> {
    const errors = new Map(refused);
    for (const { commit } of refs) {
      if (errors.has(commit) || this.#verified.has(commit)) continue;
      try {
        await this.#commits.tree(commit, signal);
        this.#verified.add(commit);
      } catch (error) {
        if (!(error instanceof GitError)) throw error;
        errors.set(commit, error);
      }
    }
    return errors;
  }
}

function keyOf(ref: GitRef): string {
  return `${ref.kind} ${ref.value}`;
}

/** A server may have many references of other kinds, so those are listed only when somebody may mean one. */
function listingFilter(refs: readonly GitRef[]): readonly string[] {
  if (refs.some((ref) => ref.kind === "auto" || ref.kind === "name")) return [];
  return refs.every((ref) => ref.kind === "branch") ? ["--heads"] : ["--heads", "--tags"];
}
