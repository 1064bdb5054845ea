import { appendFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runGit } from "./run-program.ts";
import { StoryError } from "./story.ts";

/** A clone in which somebody works: changes are committed and pushed over http, as people do. */
export interface DemoRepository {
  /** What GitRepositories and Applications point at. */
  readonly url: string;
  readonly branch: string;
  /** Folder of the clone. */
  readonly clone: string;
  read(path: string): Promise<string>;
  /** Replaces text of a file. @throws StoryError when the file does not hold it */
  edit(path: string, change: { readonly from: string; readonly to: string }): Promise<void>;
  /** Adds text to a file, which may be a new one. */
  append(path: string, text: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Leaves nothing in a folder that could be applied. */
  empty(path: string, signal: AbortSignal): Promise<void>;
  /** Commits all changes and pushes them; returns the commit. */
  push(message: string, signal: AbortSignal): Promise<string>;
  /** Takes a commit back by another one, which it pushes and returns. */
  revert(commit: string, signal: AbortSignal): Promise<string>;
  /** Fetches what others pushed; returns the newest commit. */
  pull(signal: AbortSignal): Promise<string>;
  git(args: readonly string[], signal: AbortSignal): Promise<string>;
}

/** Where a repository is made. */
export interface RepositoryPlace {
  /** Path of the bare repository, which is served at `url`. */
  readonly bare: string;
  readonly url: string;
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
}

const README = "README.md";

/** Makes a repository, filled by a first push of the files in `from`. */
export async function makeRepository(
  place: RepositoryPlace,
  from: string,
  signal: AbortSignal,
): Promise<DemoRepository> {
  const { bare, directory, env } = place;
  await mkdir(directory, { recursive: true });
  await runGit(["init", "--quiet", "--bare", bare], { cwd: directory, env }, signal);
  const repository = await cloneOf(place, "main", signal);
  await cp(from, repository.clone, { recursive: true, filter: (path) => path !== join(from, README) });
  await repository.push("Add shop and notes", signal);
  return repository;
}

/** Clones what is served. */
export async function cloneOf(place: RepositoryPlace, branch: string, signal: AbortSignal): Promise<DemoRepository> {
  const { directory, url, env } = place;
  const clone = join(directory, "clone");
  await runGit(["clone", "--quiet", url, clone], { cwd: directory, env }, signal);
  const git = (args: readonly string[], scope: AbortSignal) => runGit(args, { cwd: clone, env }, scope);
  const pushHead = async (scope: AbortSignal) => {
    await git(["push", "--quiet", "origin", `HEAD:refs/heads/${branch}`], scope);
    return git(["rev-parse", "HEAD"], scope);
  };
  return {
    ...workingTree(clone),
    url,
    branch,
    clone,
    git,
    empty: async (path, scope) => {
      await git(["rm", "-r", "--quiet", "--", path], scope);
      await mkdir(join(clone, path), { recursive: true });
      await writeFile(join(clone, path, ".keep"), "");
    },
    push: async (message, scope) => {
      await git(["add", "--all", "--force"], scope);
      await git(["commit", "--quiet", "--no-verify", "--message", message], scope);
      return pushHead(scope);
    },
    revert: async (commit, scope) => {
      await git(["revert", "--no-edit", commit], scope);
      return pushHead(scope);
    },
    pull: async (scope) => {
      await git(["pull", "--quiet", "--ff-only", "origin", branch], scope);
      return git(["rev-parse", "HEAD"], scope);
    },
  };
}

function workingTree(clone: string): Pick<DemoRepository, "read" | "append" | "edit" | "remove"> {
  const read = (path: string) => readFile(join(clone, path), "utf8");
  return {
    read,
    append: (path, text) => appendFile(join(clone, path), text),
    remove: (path) => rm(join(clone, path), { recursive: true }),
    edit: async (path, { from, to }) => {
      const text = await read(path);
      if (!text.includes(from)) throw new StoryError(`Cannot edit ${path}: it does not hold ${JSON.stringify(from)}`);
      await writeFile(join(clone, path), text.replace(from, to));
    },
  };
}
