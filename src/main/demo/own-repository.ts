import { cloneOf, type DemoRepository, type RepositoryPlace } from "./demo-repository.ts";
import { plainEnvironment, runGit, runProgram } from "./run-program.ts";
import { StoryError } from "./story.ts";

/** Which repository, and which of its folders ("" or ".": all of it). */
export interface OwnRepository {
  readonly repository: string;
  readonly path: string;
  /** Whether git may ask for a password. */
  readonly mayAsk: boolean;
}

/**
 * Copies a person's repository with the person's own git and credentials, and works on the copy only:
 * no credential comes near the cluster, and the copy does not know where it comes from.
 */
export async function copyOf(
  origin: OwnRepository,
  place: RepositoryPlace,
  signal: AbortSignal,
): Promise<DemoRepository> {
  const { repository, path, mayAsk } = origin;
  const quiet = mayAsk ? {} : { GIT_TERMINAL_PROMPT: "0", GIT_SSH_COMMAND: "ssh -o BatchMode=yes" };
  const env = { ...plainEnvironment(), ...quiet };
  try {
    const args = ["clone", "--quiet", "--bare", "--depth=1", "--no-local", "--", repository, place.bare];
    await runProgram(["git", ...args], { env }, signal);
  } catch (error) {
    if (!(error instanceof StoryError)) throw error;
    throw new StoryError(withoutCredential(`Cannot copy ${repository}: ${error.message}`));
  }
  const inside = { cwd: place.bare, env: place.env };
  await runGit(["remote", "remove", "origin"], inside, signal);
  const branch = await runGit(["symbolic-ref", "--short", "HEAD"], inside, signal);
  await assertFolder(path, { repository, ...inside }, signal);
  return cloneOf(place, branch, signal);
}

/** An address as it may be shown. */
export function withoutCredential(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^/@\s]*@/gi, "$1");
}

async function assertFolder(
  path: string,
  place: { repository: string; cwd: string; env: NodeJS.ProcessEnv },
  signal: AbortSignal,
): Promise<void> {
  const folders = (await runGit(["ls-tree", "-r", "-d", "--name-only", "HEAD"], place, signal)).split("\n");
  if (path === "." || folders.includes(path)) return;
  const near = folders.filter((folder) => folder !== "").slice(0, 12);
  const known =
    near.length === 0 ? "it has no folders" : `its folders are ${near.join(", ")}${folders.length > 12 ? ", …" : ""}`;
  throw new StoryError(
    `Cannot find the folder "${path}" in ${withoutCredential(place.repository)}: ${known}; name one with PATH_IN_REPO`,
  );
}
