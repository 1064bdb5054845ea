import type { TSchema } from "typebox";
import { Value } from "typebox/value";
import type { Problem } from "#core/result.ts";

const MAX_PROBLEMS = 10;

/** What is wrong with the types of a value, by field path; fields the schema does not know are fine. */
export function schemaProblems(schema: TSchema, value: unknown, root: string): Problem[] {
  if (Value.Check(schema, value)) return [];
  return Value.Errors(schema, value)
    .filter((error) => error.keyword !== "additionalProperties")
    .slice(0, MAX_PROBLEMS)
    .map((error) => {
      const path = `${root}${fieldPath(error.instancePath)}`;
      return { path, message: `${path} ${error.message}` };
    });
}

function fieldPath(pointer: string): string {
  return pointer
    .split("/")
    .slice(1)
    .map((token) => (/^\d+$/.test(token) ? `[${token}]` : `.${token.replaceAll("~1", "/").replaceAll("~0", "~")}`))
    .join("");
}
