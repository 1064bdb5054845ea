import type { FileTree } from "#core/source/file-tree.ts";
import type { ReadSet } from "#core/source/read-set.ts";
import type { HelperPool } from "./helper-pool.ts";
import type { Question, Reply } from "./helper-process.ts";
import { RecordingTree } from "./recording-tree.ts";
import { TreeAnswers } from "./tree-answers.ts";

/** Where a chart is: packed as a `.tgz`, or in a folder of a tree. */
export type ChartSource =
  | { readonly kind: "archive"; readonly content: Uint8Array }
  | { readonly kind: "directory"; readonly tree: FileTree; readonly path: string };

/** What is asked of a chart. */
export interface ChartRequest {
  readonly op: string;
  readonly chart: ChartSource;
  readonly input: object;
  /** Bytes that go before those of the chart. */
  readonly attachments?: readonly Uint8Array[];
  /** Answers what is asked besides files. */
  readonly answer?: (question: Question, signal: AbortSignal) => Promise<Reply | undefined>;
}

const noTree: FileTree = { entry: () => undefined, children: () => [], read: () => Promise.resolve(new Map()) };

/**
 * Asks a helper something about a chart and tells what was read of the chart's tree; of an archive nothing is.
 * @throws UpstreamError naming the place; whatever the tree throws when it cannot be read.
 */
export async function requestOfChart(
  pool: HelperPool,
  request: ChartRequest,
  signal: AbortSignal,
): Promise<{ readonly result: unknown; readonly readSet: ReadSet }> {
  const { op, chart } = request;
  const isArchive = chart.kind === "archive";
  const tree = new RecordingTree(isArchive ? noTree : chart.tree);
  const files = new TreeAnswers(tree);
  const answer = async (question: Question, scope: AbortSignal) =>
    (await request.answer?.(question, scope)) ?? files.answer(question, scope);
  const input = { ...request.input, chart: isArchive ? {} : { path: chart.path } };
  const attachments = [...(request.attachments ?? []), ...(isArchive ? [chart.content] : [])];
  try {
    const result = await pool.request({ op, input, attachments, answer }, signal);
    return { result, readSet: tree.readSet() };
  } catch (error) {
    throw files.causeOf(error);
  }
}
