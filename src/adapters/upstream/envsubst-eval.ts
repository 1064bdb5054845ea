import type { HelperPool } from "./helper-pool.ts";
import { UpstreamError } from "./upstream-error.ts";

/** A text and the variables to fill in. */
export interface EnvsubstInput {
  readonly text: string;
  readonly vars: Readonly<Record<string, string>>;
  /** A variable with neither value nor default is an error. */
  readonly strict: boolean;
}

/** Replaces variables in a text by the library that defines their forms. @throws UpstreamError with the line */
export async function envsubstEval(pool: HelperPool, input: EnvsubstInput, signal: AbortSignal): Promise<string> {
  const { text, vars, strict } = input;
  const request = {
    op: "envsubst.eval",
    input: { vars, strict },
    attachments: [new TextEncoder().encode(text)],
    answer: () =>
      Promise.reject(new UpstreamError({ code: "died", message: "the helper asks for a file to replace variables" })),
  };
  return ((await pool.request(request, signal)) as { text: string }).text;
}
