import type { Problem } from "#core/result.ts";
import type { SetSpecFields } from "./set-schema.ts";

const MAX_QUERIES = 1_000;
const LONGEST_SHOWN = 80;

/** What is wrong with what a set ignores in its Applications. */
export function ignoreProblems({ ignoreApplicationDifferences: rules = [] }: SetSpecFields): Problem[] {
  const path = "spec.ignoreApplicationDifferences";
  if (rules.flatMap(({ jqPathExpressions = [] }) => jqPathExpressions).length > MAX_QUERIES) {
    return [{ path, message: `${path}: there are more than ${MAX_QUERIES} jqPathExpressions` }];
  }
  return rules.flatMap(({ jsonPointers = [] }, index) => {
    const place = `${path}[${index}].jsonPointers`;
    return jsonPointers
      .filter((pointer) => !pointer.startsWith("/"))
      .map((pointer) => {
        return {
          path: place,
          message: `${place}: ${JSON.stringify(pointer.slice(0, LONGEST_SHOWN))} is not a JSON pointer`,
        };
      });
  });
}
