import { DeadlineError, withDeadline } from "#async/with-deadline.ts";
import type { ValueOrError } from "#core/app/app-set.ts";
import type { SetTemplates } from "#engine/set-templates.ts";
import type { HelperPools } from "./helper-pools.ts";
import { noFiles } from "./no-files.ts";
import { UpstreamError } from "./upstream-error.ts";

/** Nobody's templates take longer unless they are made to. */
const LIMIT_MS = 5_000;

/** Go's templates with the functions that sets of apps may use. */
export function setTemplates(helpers: Pick<HelperPools, "full">): SetTemplates {
  const request = async (op: string, input: unknown, signal: AbortSignal): Promise<readonly ValueOrError[]> => {
    const { answers } = await limited(signal, async (scope) => {
      return (await helpers.full.request({ op, input, answer: noFiles }, scope)) as { answers: Answer[] };
    });
    return answers.map(({ value, error }) => (error === undefined ? { value } : { error }));
  };
  return {
    fill: ({ trees, jobs, options }, signal) => request("template.render", { trees, jobs, options }, signal),
    decode: (texts, signal) => request("yaml.values", { texts }, signal),
  };
}

interface Answer {
  readonly value: unknown;
  readonly error?: string;
}

async function limited<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await withDeadline(signal, LIMIT_MS, work);
  } catch (error) {
    if (!(error instanceof DeadlineError) || signal.aborted) throw error;
    const message = `the templates take longer than the allowed ${LIMIT_MS / 1000} s`;
    throw new UpstreamError({ code: "timeout", message }, { cause: error });
  }
}
