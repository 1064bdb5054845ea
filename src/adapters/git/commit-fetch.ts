import type { SelectedRef } from "#core/source/git-ref.ts";
import { GitError } from "./git-error.ts";
import type { GitRemote } from "./git-remote.ts";
import type { ObjectStore } from "./object-store.ts";

/** Bounds of one fetch. */
export interface FetchLimits {
  readonly timeoutMs: number;
  /** Blobs above this size stay on the server until they are read. */
  readonly eagerBlobBytes: number;
  /** The largest pack that is accepted. */
  readonly maxPackBytes: number;
}

const quiet = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"];
const unlimitedDepth = "--depth=2147483647";

/**
 * Fetches commits with their trees and small blobs, all in one conversation where the server plays along. Returns why for
 * each commit that the server does not give out.
 * @throws GitError when nothing could be fetched
 */
export async function fetchCommits(
  parts: { remote: GitRemote; store: ObjectStore; limits: FetchLimits },
  wanted: readonly SelectedRef[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, GitError>> {
  const { remote, store, limits } = parts;
  const refused = new Map<string, GitError>();
  const byName = new Set<string>();
  let isSimple = false;
  // Each failed round drops or renames one commit or turns the options off, so the rounds are bounded.
  for (let round = 0; round < 2 * wanted.length + 2; round++) {
    const open = wanted.filter(({ commit }) => !refused.has(commit));
    if (open.length === 0) return refused;
    const lines = open.map(
      (ref) => `${byName.has(ref.commit) ? ref.refName : ref.commit}:${store.pinName(ref.commit)}\n`,
    );
    const options = isSimple ? [] : ["--depth=1", `--filter=blob:limit=${limits.eagerBlobBytes}`, "--update-shallow"];
    const exit = await remote.run(
      {
        action: "fetch",
        args: ["fetch", ...quiet, ...options, "--stdin", "--", "origin"],
        input: lines.join(""),
        fileLimitBytes: limits.maxPackBytes,
        timeoutMs: limits.timeoutMs,
      },
      signal,
    );
    if (!(exit instanceof GitError)) {
      for (const commit of byName) {
        const error = refused.has(commit) ? undefined : await pinNamed(store, commit, signal);
        if (error !== undefined) refused.set(commit, error);
      }
      return refused;
    }
    const culprit = open.find(({ commit }) => exit.message.includes(commit));
    if (exit.code === "unsupported" && !isSimple) isSimple = true;
    else if (culprit === undefined || !(exit.code === "commit-not-found" || exit.code === "commit-withheld"))
      throw exit;
    else if (culprit.refName !== null && !byName.has(culprit.commit)) byName.add(culprit.commit);
    else refused.set(culprit.commit, exit);
  }
  throw new GitError("failed", "Cannot fetch: the server keeps refusing");
}

/** A reference fetched by name brings whatever it points at by then, and a tag object rather than its commit. */
async function pinNamed(store: ObjectStore, commit: string, signal: AbortSignal): Promise<GitError | undefined> {
  try {
    await store.pin([commit], [], signal);
    return undefined;
  } catch (cause) {
    if (!(cause instanceof GitError)) throw cause;
    return new GitError("commit-not-found", `Cannot fetch ${commit}: its branch or tag moved meanwhile`, { cause });
  }
}

/** Fetches the whole history of branches and tags: the last resort where a server does not give out single objects. */
export async function fetchHistory(
  parts: { remote: GitRemote; limits: FetchLimits; withBlobs: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { remote, limits, withBlobs } = parts;
  const options = withBlobs ? ["--refetch", "--no-filter"] : ["--filter=blob:none"];
  const exit = await remote.run(
    {
      action: "fetch the history",
      args: ["fetch", ...quiet, unlimitedDepth, ...options, "--stdin", "--", "origin"],
      input: "+refs/heads/*:refs/history/heads/*\n+refs/tags/*:refs/history/tags/*\n",
      fileLimitBytes: limits.maxPackBytes,
      timeoutMs: limits.timeoutMs,
    },
    signal,
  );
  if (exit instanceof GitError) throw exit;
}

/** Fetches the object of an annotated tag, whose commit is there already. */
export async function fetchTag(
  remote: GitRemote,
  { tag, limits }: { tag: string; limits: { maxPackBytes: number; fetchTimeoutMs: number } },
  signal: AbortSignal,
): Promise<void> {
  const exit = await remote.run(
    {
      action: "fetch a tag",
      args: ["fetch", ...quiet, "--depth=1", "--filter=blob:none", "--update-shallow", "--stdin", "--", "origin"],
      input: `${tag}\n`,
      fileLimitBytes: limits.maxPackBytes,
      timeoutMs: limits.fetchTimeoutMs,
    },
    signal,
  );
  if (exit instanceof GitError) throw exit;
}

/** Fetches blobs in one conversation, each at most `maxBytes` long before compression. */
export async function fetchBlobs(
  remote: GitRemote,
  blobs: { digests: readonly string[]; maxPackBytes: number; timeoutMs: number },
  signal: AbortSignal,
): Promise<void> {
  const exit = await remote.run(
    {
      action: "fetch files",
      args: ["fetch", ...quiet, "--filter=blob:none", "--stdin", "--", "origin"],
      input: blobs.digests.map((digest) => `${digest}\n`).join(""),
      settings: [["fetch.negotiationAlgorithm", "noop"]],
      fileLimitBytes: blobs.maxPackBytes,
      timeoutMs: blobs.timeoutMs,
    },
    signal,
  );
  if (exit instanceof GitError) throw exit;
}
