import { plainEnvironment, runProgram } from "./run-program.ts";
import { StoryError } from "./story.ts";

/** Runs a holdfast command as a person would and returns what it prints. */
export type Holdfast = (args: readonly string[], signal: AbortSignal) => Promise<string>;

/** Commands of the program at `path`, in a folder and with an environment. @throws StoryError with the command's own words */
export function holdfastCommands(path: string, place: { cwd: string; env: NodeJS.ProcessEnv }): Holdfast {
  const env = { ...plainEnvironment(), ...place.env, NO_COLOR: "1" };
  return async (args, signal) => {
    try {
      return await runProgram([path, ...args], { cwd: place.cwd, env }, signal);
    } catch (cause) {
      if (!(cause instanceof StoryError)) throw cause;
      throw new StoryError(`holdfast ${args.join(" ")} failed: ${cause.message}`, { cause });
    }
  };
}
