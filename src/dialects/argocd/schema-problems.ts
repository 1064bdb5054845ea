import type { TSchema } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import type { Problem } from "#core/result.ts";

const MAX_PROBLEMS = 10;

/** Compiling costs more than a hundred checks, so each schema is compiled once, when it is first needed. */
const validators = new WeakMap<TSchema, Validator>();

/** What is wrong with the types of a value, by field path; fields the schema does not know are fine. */
export function schemaProblems(schema: TSchema, value: unknown, root: string): Problem[] {
  const validator = validatorOf(schema);
  if (validator.Check(value)) return [];
  return validator
    .Errors(value)
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

function validatorOf(schema: TSchema): Validator {
  const known = validators.get(schema);
  if (known) return known;
  const compiled = Compile(schema);
  validators.set(schema, compiled);
  return compiled;
}
