import { setTemplates } from "#adapters/upstream/set-templates.ts";
import type { HelperPools } from "#adapters/upstream/helper-pools.ts";
import { type AppSet, type Asking, SetError, type SetQuestion } from "#core/app/app-set.ts";
import type { SetRules } from "#core/app/dialect.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import type { Source } from "#core/source/source.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import { isRemote, type RemoteQuestion } from "#engine/remote-answers.ts";
import { dialects } from "./dialects.ts";

/** What a command works a set out with. */
export interface SetWorld {
  readonly helpers: Pick<HelperPools, "full">;
  /** What a repository has now. */
  tree(source: Source, signal: AbortSignal): Promise<FileTree>;
  /** What only others know. */
  remote(question: RemoteQuestion, signal: AbortSignal): Promise<unknown>;
}

/** The dialect's rules of an object that is a set. @throws CliError */
export function setRulesOf(object: Resource): SetRules {
  for (const { sets } of dialects) if (sets?.kind.kind === object.kind) return sets;
  throw new CliError(`Cannot use ${object.kind} ${object.metadata.name}: it is no set of apps`, {
    exitCode: exitCode.usage,
  });
}

/** The set of an object. @throws CliError naming all that is wrong with it */
export function usableSet(object: Resource): AppSet {
  const parsed = setRulesOf(object).parse(object);
  if (parsed.ok) return parsed.value;
  const problems = parsed.error.map(({ message }) => message).join("; ");
  throw new CliError(`Cannot use the set ${object.metadata.name}: ${problems}`, {
    advice: "Correct its spec.",
    exitCode: exitCode.refused,
  });
}

/** Runs the work of a set to its end. @throws CliError when it cannot be worked out */
export async function workedOut<T>(work: Asking<T>, world: SetWorld, signal: AbortSignal): Promise<T> {
  try {
    let step = work.next();
    while (!step.done) step = work.next(await answer(step.value, world, signal));
    return step.value;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof SetError)) throw error;
    throw new CliError(`Cannot work the set out: ${error.message}`, { exitCode: exitCode.refused, cause: error });
  }
}

async function answer(question: SetQuestion, world: SetWorld, signal: AbortSignal): Promise<unknown> {
  const templates = setTemplates(world.helpers);
  if (isRemote(question)) return world.remote(question, signal);
  switch (question.ask) {
    case "tree":
      return world.tree(question.source, signal);
    case "read":
      return question.tree.read(question.paths, signal);
    case "template":
      return templates.fill(question, signal);
    case "decode":
      return templates.decode(question.texts, signal);
  }
}
