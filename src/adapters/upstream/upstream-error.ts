/** Where a problem of a file is. */
export interface FileProblem {
  readonly code: string;
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
}

/** Thrown when the helper refuses or fails; the message is for operators and quotes no file content. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  /** The helper's code, or `timeout`, `memory` and `died` for what ended the helper itself. */
  readonly code: string;
  readonly file: string | undefined;
  readonly line: number | undefined;

  constructor(problem: FileProblem, options?: ErrorOptions) {
    super(describeProblem(problem), options);
    this.code = problem.code;
    this.file = problem.file;
    this.line = problem.line;
  }
}

/** One line for people: `file:line: message`. */
export function describeProblem(problem: FileProblem): string {
  if (problem.file === undefined) return problem.message;
  const at = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  return `${at}: ${problem.message}`;
}
