import type { JsonnetSpec } from "#core/app/render-spec.ts";
import type { HelperPool } from "./helper-pool.ts";
import type { RecordingTree } from "./recording-tree.ts";
import { TreeAnswers } from "./tree-answers.ts";
import { UpstreamError } from "./upstream-error.ts";

/** Longer than any evaluation that people wait for; an endless one ends here and blocks the others no longer. */
const TIME_LIMIT_MS = 20_000;

/** A file of a tree and what it is evaluated with. */
export interface JsonnetFile {
  readonly tree: RecordingTree;
  readonly path: string;
  readonly spec: JsonnetSpec;
}

/**
 * The objects that a file yields, by Jsonnet's official library; its imports are read from the tree alone.
 * @throws UpstreamError naming the file and, where it is known, the line; whatever the tree throws.
 */
export async function jsonnetEval(
  pool: HelperPool,
  file: JsonnetFile,
  signal: AbortSignal,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { tree, path, spec } = file;
  const files = new TreeAnswers(tree);
  const request = {
    op: "jsonnet.eval",
    input: { path, ...spec },
    answer: files.answer.bind(files),
    timeLimitMs: TIME_LIMIT_MS,
  };
  try {
    const { objects } = (await pool.request(request, signal)) as { objects: Readonly<Record<string, unknown>>[] };
    return objects;
  } catch (error) {
    throw placed(files.causeOf(error), path);
  }
}

/** What ended the helper itself does not know which file it was. */
function placed(error: unknown, file: string): unknown {
  if (!(error instanceof UpstreamError) || error.file !== undefined || error.code === "died") return error;
  return new UpstreamError({ code: error.code, message: error.message, file }, { cause: error });
}
