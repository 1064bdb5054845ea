import { statSync } from "node:fs";
import { localTree } from "#adapters/local/local-tree.ts";
import { envsubstEval } from "#adapters/upstream/envsubst-eval.ts";
import { UpstreamError } from "#adapters/upstream/upstream-error.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { childPath } from "#core/source/read-set.ts";
import { ignoredTree } from "#core/source/source-ignore.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import { readText, withHelpers } from "./cli-files.ts";

/** Replaces variables in standard input by those of the environment. @throws CliError naming the line and the variable */
export async function evalEnvsubst({ strict }: { strict: boolean }, signal: AbortSignal): Promise<string> {
  const text = await readText("-", signal);
  const vars = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  try {
    return await withHelpers(({ small }) => envsubstEval(small, { text, vars, strict }, signal));
  } catch (error) {
    if (!(error instanceof UpstreamError) || error.code !== "substitution") throw error;
    const at = error.line === undefined ? "standard input" : `standard input:${error.line}`;
    throw new CliError(`Cannot replace variables: ${at}: ${error.message}`, { cause: error });
  }
}

/** Lists what ignore rules leave of a directory, sorted. @throws CliError when there is no such directory */
export async function evalSourceignore(directory: string, signal: AbortSignal): Promise<readonly string[]> {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CliError(`Cannot read ${directory}: there is no such directory`, { exitCode: exitCode.notFound });
  }
  return filesOf(await ignoredTree(localTree(directory), null, signal), "");
}

function filesOf(tree: FileTree, directory: string): string[] {
  return tree.children(directory).flatMap((name) => {
    const path = childPath(directory, name);
    return tree.entry(path)?.type === "directory" ? filesOf(tree, path) : [path];
  });
}
