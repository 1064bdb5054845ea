import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { StoryError } from "./story.ts";

const execute = promisify(execFile);

/** Where and with what environment a program runs. */
export interface ProgramPlace {
  readonly cwd?: string;
  readonly env: NodeJS.ProcessEnv;
}

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

/** This process's environment without what a hook or an outer git has set. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
}
