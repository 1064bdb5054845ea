import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { StoryError } from "./story.ts";

const execute = promisify(execFile);

/** Where and with what environment a program runs. */
export interface ProgramPlace {
  readonly cwd?: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Runs a holdfast command as a person would and returns what it prints. */
export type Holdfast = (args: readonly string[], signal: AbortSignal) => Promise<string>;

/** Runs a program and returns what it prints. @throws StoryError with the program's own words */
export async function runProgram(
  [file, ...args]: readonly [string, ...string[]],
  place: ProgramPlace,
  signal: AbortSignal,
): Promise<string> {
  try {
    return (await execute(file, args, { ...place, signal })).stdout;
  } catch (error) {
    signal.throwIfAborted();
    const { stderr, message } = error as Error & { stderr?: string };
    throw new StoryError(stderr?.trim() || message, { cause: error });
  }
}

/** Runs git and returns what it prints, trimmed. @throws StoryError with git's own words */
export async function runGit(args: readonly string[], place: ProgramPlace, signal: AbortSignal): Promise<string> {
  const env = { ...plainEnvironment(), ...place.env };
  const output = await named(`Cannot run git ${args[0]}`, runProgram(["git", ...args], { ...place, env }, signal));
  return output.trim();
}

/** Commands of the program at `path`. @throws StoryError with the command's own words */
export function holdfastCommands(path: string, place: ProgramPlace): Holdfast {
  const env = { ...plainEnvironment(), ...place.env, NO_COLOR: "1" };
  return (args, signal) =>
    named(`Cannot run holdfast ${args.join(" ")}`, runProgram([path, ...args], { ...place, env }, signal));
}

/** Settings of git and of commands that commit: what this machine configures has no say, such as keys to sign with. */
export async function gitSettings(directory: string): Promise<NodeJS.ProcessEnv> {
  const path = join(directory, "gitconfig");
  await writeFile(path, "[user]\n\tname = You\n\temail = you@example.com\n[init]\n\tdefaultBranch = main\n");
  return { GIT_CONFIG_GLOBAL: path, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" };
}

/** This process's environment without what a hook or an outer git has set. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
}

async function named(what: string, work: Promise<string>): Promise<string> {
  try {
    return await work;
  } catch (cause) {
    if (!(cause instanceof StoryError)) throw cause;
    throw new StoryError(`${what}: ${cause.message}`, { cause });
  }
}
