import type { Question, Reply } from "./helper-process.ts";
import type { RecordingTree } from "./recording-tree.ts";
import { UpstreamError } from "./upstream-error.ts";

/** Answers a helper's questions about files from a tree; what cannot be read ends its request and is kept. */
export class TreeAnswers {
  readonly #tree: RecordingTree;
  readonly #failures: unknown[] = [];

  constructor(tree: RecordingTree) {
    this.#tree = tree;
  }

  /** The answer to one question. */
  async answer(question: Question, signal: AbortSignal): Promise<Reply> {
    try {
      return await answerFrom(this.#tree, question, signal);
    } catch (error) {
      signal.throwIfAborted();
      // Told to the helper, it ends the request and lives on.
      if (!(error instanceof UpstreamError)) this.#failures.push(error);
      return { message: { error: refusalOf(error) } };
    }
  }

  /** The failure behind a refused request: the tree's own, where it was one. */
  causeOf(error: unknown): unknown {
    return this.#failures[0] ?? error;
  }
}

async function answerFrom(tree: RecordingTree, question: Question, signal: AbortSignal): Promise<Reply> {
  if (!("path" in question)) {
    throw new UpstreamError({
      code: "died",
      message: `the helper asks for a ${question.ask}, which nothing here needs`,
    });
  }
  if (question.ask === "list") {
    const { located, children } = await tree.list(question.path, signal);
    return { message: { ...located, entries: children } };
  }
  if (question.ask === "look") return { message: await tree.look(question.path, signal) };
  const { located, content } = await tree.read(question.path, signal);
  return content === undefined ? { message: located } : { message: located, attachment: content };
}

/** A refusal as the helper takes it: the file's place apart from the message. */
function refusalOf(error: unknown): object {
  if (!(error instanceof UpstreamError)) return { code: "read-failed", message: "the source cannot be read" };
  const { code, file, line } = error;
  const message = file === undefined ? error.message : error.message.slice(error.message.indexOf(": ") + 2);
  return { code, message, file, line };
}
