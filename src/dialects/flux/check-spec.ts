import type { Static, TSchema } from "typebox";
import { Value } from "typebox/value";
import { type Problem, type Result, ok, refused } from "#core/result.ts";

const maximumText = 262_144;
const maximumDepth = 64;
const maximumProblems = 20;

/** Checks a `spec` against its schema; problems name the field, e.g. `spec.healthChecks[0].kind`. Unknown fields pass. */
export function checkSpec<Schema extends TSchema>(
  schema: Schema,
  spec: unknown,
): Result<Static<Schema>, readonly Problem[]> {
  if (typeof spec !== "object" || spec === null || Array.isArray(spec)) {
    return refused([{ path: "spec", message: "must be an object" }]);
  }
  const oversized: Problem[] = [];
  const present = withoutNulls(spec, { path: "spec", depth: 0 }, oversized);
  if (oversized.length > 0) return refused(oversized.slice(0, maximumProblems));
  if (Value.Check(schema, present)) return ok(present);
  return refused(schemaProblems(schema, present));
}

/** Where the walk is: the field path and how deep. */
interface Place {
  readonly path: string;
  readonly depth: number;
}

/** A copy without null members, which decode to absent fields upstream. */
function withoutNulls(value: unknown, at: Place, problems: Problem[]): unknown {
  if (typeof value === "string" && value.length > maximumText) {
    problems.push({ path: at.path, message: `is too long: ${value.length} characters, at most ${maximumText}` });
  }
  if (typeof value !== "object" || value === null) return value;
  if (at.depth > maximumDepth) {
    problems.push({ path: at.path.slice(0, 200), message: "is nested too deeply" });
    return null;
  }
  const depth = at.depth + 1;
  if (Array.isArray(value)) {
    return value.map((item, index) => withoutNulls(item, { path: `${at.path}[${index}]`, depth }, problems));
  }
  const copy = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(
    copy.map(([key, member]) => [key, withoutNulls(member, { path: `${at.path}.${key}`, depth }, problems)]),
  );
}

function schemaProblems(schema: TSchema, value: unknown): readonly Problem[] {
  const problems = new Map<string, Problem>();
  for (const error of Value.Errors(schema, value)) {
    const at = fieldPath(error.instancePath);
    // A map whose value has the wrong type reports the value too: that path says more.
    if (error.keyword === "additionalProperties") continue;
    if (error.keyword === "required") {
      for (const field of error.params.requiredProperties) {
        problems.set(`${at}.${field}`, { path: `${at}.${field}`, message: "is required" });
      }
    } else if (!problems.has(at)) problems.set(at, { path: at, message: error.message });
  }
  return [...problems.values()].slice(0, maximumProblems);
}

function fieldPath(pointer: string): string {
  let path = "spec";
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    path += /^\d+$/.test(name) ? `[${name}]` : `.${name}`;
  }
  return path;
}
