import type { FileTree } from "#core/source/file-tree.ts";
import { childPath, type ReadSet } from "#core/source/read-set.ts";
import { RenderError } from "#core/source/render-error.ts";
import { stableText } from "#core/resource/stable-text.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { Rendered } from "#core/app/rendered.ts";
import { overlayTree } from "./cli-overlay-tree.ts";

/** Trees of the tracked head and of the commit to go back to, and how an app renders. */
export interface RollbackTrees {
  readonly head: FileTree;
  readonly target: FileTree;
  render(tree: FileTree, signal: AbortSignal): Promise<Rendered>;
}

/** What a rollback would change: files by path, and what the app renders to before (null: it does not) and after. */
export interface RollbackFiles {
  readonly paths: readonly string[];
  readonly before: Rendered | null;
  readonly after: Rendered;
}

const ROUNDS = 4;
const MANIFEST = /\.(ya?ml|json)$|^Kustomization$/i;

/**
 * Which files of the head must go back so that the app renders exactly as at the target: only files that rendering reads,
 * at either commit or on the way. @throws CliError when the target does not render or nothing of that kind suffices
 */
export async function rollbackFiles(trees: RollbackTrees, signal: AbortSignal): Promise<RollbackFiles> {
  const after = await rendered(trees, trees.target, signal);
  if (after instanceof RenderError) {
    throw new CliError(`Cannot roll back to that revision: it does not render either: ${after.message}`, {
      advice: "Choose another one with --to; see them: holdfast history APP",
      exitCode: exitCode.refused,
    });
  }
  const before = await rendered(trees, trees.head, signal);
  const read = new Set(filesOf(after.readSet));
  if (!(before instanceof RenderError)) for (const path of filesOf(before.readSet)) read.add(path);
  const wanted = stableText(after.resources);
  for (let round = 0; round < ROUNDS; round++) {
    const touched = new Set([...read].filter((path) => differs(trees, path)));
    const result = await rendered(trees, overlayTree(trees.head, trees.target, touched), signal);
    if (!(result instanceof RenderError) && stableText(result.resources) === wanted) {
      return { paths: [...touched].sort(), before: before instanceof RenderError ? null : before, after };
    }
    const more = result instanceof RenderError ? newManifests(trees, after.readSet) : filesOf(result.readSet);
    const size = read.size;
    for (const path of more) read.add(path);
    if (read.size === size) break;
  }
  throw new CliError("Cannot roll back: the files that the app reads do not suffice to render as before", {
    advice:
      "Something else decides what it renders, such as an ignore file or the app's own spec; revert the commit with git.",
    exitCode: exitCode.refused,
  });
}

async function rendered(trees: RollbackTrees, tree: FileTree, signal: AbortSignal): Promise<Rendered | RenderError> {
  try {
    return await trees.render(tree, signal);
  } catch (error) {
    if (error instanceof RenderError) return error;
    throw error;
  }
}

/** Paths whose content a render asked for, and those where it found none. */
function filesOf(readSet: ReadSet): string[] {
  return readSet.filter((record) => record.kind !== "directory" && record.path !== "").map((record) => record.path);
}

function differs({ head, target }: RollbackTrees, path: string): boolean {
  const [a, b] = [head.entry(path), target.entry(path)];
  // Only files are written; where one commit has a folder in the place of a file its files speak for themselves.
  if (a?.type === "directory" || b?.type === "directory") return false;
  return a?.digest !== b?.digest || a?.type !== b?.type || Boolean(a?.executable) !== Boolean(b?.executable);
}

/** Manifests that came into folders whose listing the render reads. */
function newManifests({ head, target }: RollbackTrees, readSet: ReadSet): string[] {
  const listed = readSet.filter((record) => record.kind === "directory" && record.digest !== "");
  return listed.flatMap(({ path }) => {
    const names = head.children(path).filter((name) => target.entry(childPath(path, name)) === undefined);
    return names.flatMap((name) => manifestsBelow(head, childPath(path, name)));
  });
}

function manifestsBelow(tree: FileTree, path: string): string[] {
  if (tree.entry(path)?.type === "directory") {
    return tree.children(path).flatMap((name) => manifestsBelow(tree, childPath(path, name)));
  }
  return MANIFEST.test(path.split("/").at(-1) ?? "") ? [path] : [];
}
