import type { Problem } from "#core/result.ts";
import { parseDuration } from "./duration.ts";

/** Milliseconds of a duration field, or `otherwise` when it is absent; a bad one is added to `problems`. */
export function durationField(
  field: { readonly path: string; readonly text: string | undefined },
  otherwise: number,
  problems: Problem[],
): number {
  if (field.text === undefined) return otherwise;
  const ms = parseDuration(field.text);
  if (ms !== undefined) return ms;
  problems.push({ path: field.path, message: "must be a duration such as 1h30m or 500ms, of at most 292 years" });
  return otherwise;
}
