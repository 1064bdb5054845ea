import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { plainEnvironment, runProgram } from "./run-program.ts";
import { StoryError } from "./story.ts";

/** Settings of git and of commands that commit: what this machine configures has no say, such as keys to sign with. */
export async function gitSettings(directory: string): Promise<NodeJS.ProcessEnv> {
  const path = join(directory, "gitconfig");
  await writeFile(path, "[user]\n\tname = You\n\temail = you@example.com\n[init]\n\tdefaultBranch = main\n");
  return { GIT_CONFIG_GLOBAL: path, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" };
}

/** Runs git and returns what it prints, trimmed. @throws StoryError with git's own words */
export async function runGit(
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  signal: AbortSignal,
): Promise<string> {
  try {
    return (await runProgram(["git", ...args], { cwd, env: { ...plainEnvironment(), ...env } }, signal)).trim();
  } catch (cause) {
    if (!(cause instanceof StoryError)) throw cause;
    throw new StoryError(`Cannot run git ${args[0]}: ${cause.message}`, { cause });
  }
}
