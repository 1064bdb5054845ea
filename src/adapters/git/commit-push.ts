import { rm } from "node:fs/promises";
import { join } from "node:path";
import { GitError, gitFailure } from "./git-error.ts";
import { localEnvironment } from "./git-environment.ts";
import type { GitPlace, GitSettings, GitSurroundings } from "./git-environment.ts";
import { runGit } from "./git-process.ts";
import type { GitRemote } from "./git-remote.ts";

/** A file as a commit leaves it; null deletes it. An existing file keeps its mode unless one is given. */
export type FileChange = {
  readonly content: Uint8Array | string;
  readonly mode?: "file" | "executable" | "link";
} | null;

/** A person or program that commits. */
export interface CommitAuthor {
  readonly name: string;
  readonly email: string;
  readonly date?: Date;
}

/** How commits are signed: an OpenPGP key name of the user's keyring, or the path of an ssh key. */
export interface CommitSigning {
  readonly format: "openpgp" | "ssh";
  readonly key: string;
  /** Where the user's keyring or agent is found; git's other processes never see it. */
  readonly env?: NodeJS.ProcessEnv;
}

/** One commit to make and the branch to add it to. */
export interface PushedChange {
  readonly branch: string;
  readonly parent: string;
  readonly changes: ReadonlyMap<string, FileChange>;
  readonly author: CommitAuthor;
  readonly message: string;
  readonly sign?: CommitSigning;
}

/** What making and pushing a commit needs. */
export interface PushParts {
  readonly remote: GitRemote;
  readonly surroundings: GitSurroundings;
  readonly store: { readonly root: string; readonly reading: GitPlace };
  readonly limits: { readonly fetchTimeoutMs: number };
}

const gitModes = { file: "100644", executable: "100755", link: "120000" } as const;

/** Makes the commit without a checkout and pushes it, never by force; returns its hash. */
export async function commitAndPush(parts: PushParts, change: PushedChange, signal: AbortSignal): Promise<string> {
  checkChange(change);
  const commit = await withIndex(parts, change, signal, async (index) => {
    const lines: Buffer[] = [];
    // Deletions go first, so that a directory can take the place of a file and the other way round.
    const ordered = [...change.changes].toSorted(([, a], [, b]) => Number(a !== null) - Number(b !== null));
    for (const [path, file] of ordered) lines.push(await indexLine(parts, { index, path, file }, signal));
    await local(parts, ["update-index", "-z", "--index-info"], { index, input: Buffer.concat(lines) }, signal);
    const tree = await local(parts, ["write-tree", "--missing-ok"], { index }, signal);
    return await commitTree(parts, change, tree, signal);
  });
  const exit = await parts.remote.run(
    {
      action: `push to branch ${JSON.stringify(change.branch)}`,
      args: ["push", "--quiet", "--no-verify", "--", "origin", `${commit}:refs/heads/${change.branch}`],
      timeoutMs: parts.limits.fetchTimeoutMs,
    },
    signal,
  );
  if (exit instanceof GitError) throw exit;
  return commit;
}

function checkChange(change: PushedChange): void {
  for (const path of change.changes.keys()) {
    const isBad = path
      .split("/")
      .some((part) => part === "" || part === "." || part === ".." || part.toLowerCase() === ".git");
    if (isBad || path.includes("\0"))
      throw new GitError(
        "refused-content",
        `Cannot commit ${JSON.stringify(path)}: it is no path inside the repository`,
      );
  }
  // oxlint-disable-next-line no-control-regex
  if (/^$|^-|[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.lock$/.test(change.branch)) {
    throw new GitError("invalid-ref", `Cannot push to ${JSON.stringify(change.branch)}: git does not allow that name`);
  }
}

async function withIndex<T>(
  parts: PushParts,
  change: PushedChange,
  signal: AbortSignal,
  work: (index: string) => Promise<T>,
): Promise<T> {
  const index = join(parts.store.root, "index");
  await rm(`${index}.lock`, { force: true });
  try {
    await local(parts, ["read-tree", change.parent], { index }, signal);
    return await work(index);
  } finally {
    await rm(index, { force: true });
  }
}

async function indexLine(
  parts: PushParts,
  change: { index: string; path: string; file: FileChange },
  signal: AbortSignal,
): Promise<Buffer> {
  const { index, path, file } = change;
  if (file === null) return Buffer.from(`0 ${"0".repeat(40)}\t${path}\0`);
  const input = typeof file.content === "string" ? Buffer.from(file.content) : file.content;
  const blob = await local(parts, ["hash-object", "-w", "--stdin"], { input }, signal);
  const staged = await local(parts, ["ls-files", "--stage", "-z", "--", `:(literal,top)${path}`], { index }, signal);
  const oldMode = /^(\d{6}) [0-9a-f]+ 0\t([^\0]*)\0/.exec(staged);
  const mode = file.mode === undefined ? (oldMode?.[2] === path ? oldMode[1]! : gitModes.file) : gitModes[file.mode];
  return Buffer.from(`${mode} ${blob}\t${path}\0`);
}

async function commitTree(parts: PushParts, change: PushedChange, tree: string, signal: AbortSignal): Promise<string> {
  const { author, sign } = change;
  const date = `${Math.floor((author.date ?? new Date()).getTime() / 1_000)} +0000`;
  const who: NodeJS.ProcessEnv = {};
  for (const role of ["AUTHOR", "COMMITTER"]) {
    who[`GIT_${role}_NAME`] = author.name;
    who[`GIT_${role}_EMAIL`] = author.email;
    who[`GIT_${role}_DATE`] = date;
  }
  const settings: GitSettings =
    sign === undefined
      ? []
      : [
          ["gpg.format", sign.format],
          ["user.signingKey", sign.key],
        ];
  const args = ["commit-tree", ...(sign === undefined ? [] : ["-S"]), "-p", change.parent, "-F", "-", tree];
  return await local(parts, args, { input: change.message, settings, env: { ...sign?.env, ...who } }, signal);
}

async function local(
  parts: PushParts,
  args: readonly string[],
  options: { index?: string; input?: Uint8Array | string; settings?: GitSettings; env?: NodeJS.ProcessEnv },
  signal: AbortSignal,
): Promise<string> {
  const base = localEnvironment(parts.surroundings, parts.store.reading, options.settings);
  const env = { ...base, ...options.env, ...(options.index === undefined ? {} : { GIT_INDEX_FILE: options.index }) };
  const exit = await runGit({ args, env, ...(options.input === undefined ? {} : { input: options.input }) }, signal);
  if (exit.code !== 0) throw gitFailure("make the commit", exit.stderr);
  return exit.stdout.toString("utf8").trim();
}
