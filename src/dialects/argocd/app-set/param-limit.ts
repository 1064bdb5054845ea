import { SetError } from "#core/app/app-set.ts";

/** More sets of parameters than this are a mistake. */
const MAX_PARAMS = 20_000;

/** @throws SetError when there are more sets of parameters than anybody can use */
export function mustBeFew(count: number): void {
  if (count <= MAX_PARAMS) return;
  throw new SetError(
    "parameters",
    `the generators make ${count} sets of parameters, more than the allowed ${MAX_PARAMS}`,
  );
}
