import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runGit } from "./run-git.ts";

/** A clone in which somebody works: changes are committed and pushed over http, as people do. */
export interface DemoRepository {
  /** What GitRepositories and Applications point at. */
  readonly url: string;
  readonly branch: string;
  /** Folder of the clone. */
  readonly clone: string;
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Commits all changes and pushes them; returns the commit. */
  push(message: string, signal: AbortSignal): Promise<string>;
  /** Fetches what others pushed; returns the newest commit. */
  pull(signal: AbortSignal): Promise<string>;
  git(args: readonly string[], signal: AbortSignal): Promise<string>;
}

interface Place {
  readonly directory: string;
  readonly url: string;
  readonly env: NodeJS.ProcessEnv;
}

const README = "README.md";

/** Makes a bare repository at `bare`, filled by a first push of the files in `from`. */
export async function makeRepository(
  place: Place & { readonly bare: string; readonly from: string },
  signal: AbortSignal,
): Promise<DemoRepository> {
  const { bare, from, directory, env } = place;
  await mkdir(directory, { recursive: true });
  await runGit(["init", "--quiet", "--bare", bare], { cwd: directory, env }, signal);
  const repository = await cloneOf(place, "main", signal);
  await cp(from, repository.clone, { recursive: true, filter: (path) => path !== join(from, README) });
  await repository.push("Add shop and notes", signal);
  return repository;
}

/** Clones what is served at `url`. */
export async function cloneOf(place: Place, branch: string, signal: AbortSignal): Promise<DemoRepository> {
  const { directory, url, env } = place;
  const clone = join(directory, "clone");
  await runGit(["clone", "--quiet", url, clone], { cwd: directory, env }, signal);
  const git = (args: readonly string[], scope: AbortSignal) => runGit(args, { cwd: clone, env }, scope);
  return {
    url,
    branch,
    clone,
    git,
    read: (path) => readFile(join(clone, path), "utf8"),
    write: async (path, text) => {
      await mkdir(dirname(join(clone, path)), { recursive: true });
      await writeFile(join(clone, path), text);
    },
    remove: (path) => rm(join(clone, path), { recursive: true }),
    push: async (message, scope) => {
      await git(["add", "--all", "--force"], scope);
      await git(["commit", "--quiet", "--no-verify", "--message", message], scope);
      await git(["push", "--quiet", "origin", `HEAD:refs/heads/${branch}`], scope);
      return git(["rev-parse", "HEAD"], scope);
    },
    pull: async (scope) => {
      await git(["pull", "--quiet", "--ff-only", "origin", branch], scope);
      return git(["rev-parse", "HEAD"], scope);
    },
  };
}
