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

type LocalGit = (
  args: readonly string[],
  options?: { input?: Uint8Array | string; settings?: GitSettings; env?: NodeJS.ProcessEnv },
) => Promise<string>;

/** Makes the commit without a checkout and pushes it, never by force; returns its hash. */
export async function commitAndPush(parts: PushParts, change: PushedChange, signal: AbortSignal): Promise<string> {
  checkChange(change);
  const commit = await withIndex(parts, signal, (git) => makeCommit(git, change));
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

/** Gives `work` a git that has an index of its own, without transports. */
async function withIndex<T>(parts: PushParts, signal: AbortSignal, work: (git: LocalGit) => Promise<T>): Promise<T> {
  const index = join(parts.store.root, "index");
  const git: LocalGit = async (args, { input, settings, env } = {}) => {
    const base = localEnvironment(parts.surroundings, parts.store.reading, settings);
    const command = { args, env: { ...base, ...env, GIT_INDEX_FILE: index } };
    const exit = await runGit(input === undefined ? command : { ...command, input }, signal);
    if (exit.code !== 0) throw gitFailure("make the commit", exit.stderr);
    return exit.stdout.toString("utf8").trim();
  };
  await rm(`${index}.lock`, { force: true });
  try {
    return await work(git);
  } finally {
    await rm(index, { force: true });
  }
}

async function makeCommit(git: LocalGit, change: PushedChange): Promise<string> {
  await git(["read-tree", change.parent]);
  const lines: Buffer[] = [];
  // Deletions go first, so that a directory can take the place of a file and the other way round.
  const ordered = [...change.changes].toSorted(([, a], [, b]) => Number(a !== null) - Number(b !== null));
  for (const [path, file] of ordered) lines.push(await indexLine(git, path, file));
  await git(["update-index", "-z", "--index-info"], { input: Buffer.concat(lines) });
  const tree = await git(["write-tree", "--missing-ok"]);
  return await commitTree(git, change, tree);
}

async function indexLine(git: LocalGit, path: string, file: FileChange): Promise<Buffer> {
  if (file === null) return Buffer.from(`0 ${"0".repeat(40)}\t${path}\0`);
  const input = typeof file.content === "string" ? Buffer.from(file.content) : file.content;
  const blob = await git(["hash-object", "-w", "--stdin"], { input });
  const staged = await git(["ls-files", "--stage", "-z", "--", `:(literal,top)${path}`]);
  const old = /^(\d{6}) [0-9a-f]+ 0\t([^\0]*)\0/.exec(staged);
  const keptMode = old?.[2] === path ? old[1] : undefined;
  const mode = file.mode === undefined ? (keptMode ?? gitModes.file) : gitModes[file.mode];
  return Buffer.from(`${mode} ${blob}\t${path}\0`);
}

async function commitTree(git: LocalGit, change: PushedChange, tree: string): Promise<string> {
  const { author, sign } = change;
  const date = `${Math.floor((author.date ?? new Date()).getTime() / 1_000)} +0000`;
  const env: NodeJS.ProcessEnv = { ...sign?.env };
  for (const role of ["AUTHOR", "COMMITTER"]) {
    env[`GIT_${role}_NAME`] = author.name;
    env[`GIT_${role}_EMAIL`] = author.email;
    env[`GIT_${role}_DATE`] = date;
  }
  const args = ["commit-tree", ...(sign === undefined ? [] : ["-S"]), "-p", change.parent, "-F", "-", tree];
  return await git(args, { input: change.message, settings: sign === undefined ? [] : signingSettings(sign), env });
}

function signingSettings(sign: CommitSigning): GitSettings {
  return [
    ["gpg.format", sign.format],
    ["user.signingKey", sign.key],
  ];
}
