import { exitCode, type ExitCode } from "./exit-code.ts";

/** What a command ends with when it cannot do its work: what is wrong, what to do about it, and the exit code. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: ExitCode;
  /** The way out, as a full sentence or a command; "" when there is none. */
  readonly advice: string;

  constructor(message: string, options: { advice?: string; exitCode?: ExitCode; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.advice = options.advice ?? "";
    this.exitCode = options.exitCode ?? exitCode.failed;
  }
}
