import type { SetQuestions, ValueOrError } from "#core/app/app-set.ts";

/** Fills templates in, and reads values from texts, by the libraries that define both. */
export interface SetTemplates {
  /** @throws Error when the templates take more time or memory than allowed */
  fill(work: SetQuestions["template"]["question"], signal: AbortSignal): Promise<readonly ValueOrError[]>;
  /** @throws Error when the texts take more time or memory than allowed */
  decode(texts: readonly string[], signal: AbortSignal): Promise<readonly ValueOrError[]>;
}
