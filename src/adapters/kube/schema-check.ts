import { isExactInteger } from "./exact-json.ts";
import { isRecord } from "./json-shape.ts";
import type { SchemaNode } from "./schema-node.ts";

/** One place where an object does not fit its schema. Never holds a value. */
export interface SchemaProblem {
  /** `spec.containers[0].imag`. */
  readonly path: string;
  readonly message: string;
  /** False for what the server may still fill in by itself. */
  readonly certain: boolean;
}

/** Where an object's shape contradicts its schema: unknown fields, wrong types, missing required fields. */
export function schemaProblems(
  object: Readonly<Record<string, unknown>>,
  schema: SchemaNode,
): readonly SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  // The status is not applied with the object, so its shape refuses nothing.
  const { status: _status, ...applied } = object;
  check({ value: applied, schema, path: "" }, problems);
  return problems;
}

interface Place {
  readonly value: unknown;
  readonly schema: SchemaNode;
  readonly path: string;
}

function check(place: Place, problems: SchemaProblem[]): void {
  const { value, schema, path } = place;
  // The server drops nulls, wherever they stand.
  if (value === null || value === undefined || schema.shape === "any") return;
  const found = shapeOf(value);
  if (!fits(found, schema.shape)) {
    problems.push({ path, message: `must be ${NAMES[schema.shape]}, is ${NAMES[found]}`, certain: true });
  } else if (found === "object") {
    checkMembers(place, value as Record<string, unknown>, problems);
  } else if (found === "array" && schema.items) {
    const items = schema.items;
    (value as unknown[]).forEach((item, index) =>
      check({ value: item, schema: items, path: `${path}[${index}]` }, problems),
    );
  }
}

function checkMembers({ schema, path }: Place, value: Record<string, unknown>, problems: SchemaProblem[]): void {
  for (const [name, member] of Object.entries(value)) {
    const known = schema.properties?.get(name) ?? schema.additional;
    const at = memberPath(path, name);
    if (known) check({ value: member, schema: known, path: at }, problems);
    else if (member !== null) problems.push({ path: at, message: "unknown field", certain: true });
  }
  for (const name of schema.required ?? []) {
    if (value[name] !== undefined && value[name] !== null) continue;
    problems.push({ path: memberPath(path, name), message: "required", certain: false });
  }
}

type Shape = SchemaNode["shape"];

function shapeOf(value: unknown): Shape {
  if (Array.isArray(value)) return "array";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "number" || typeof value === "bigint" || isExactInteger(value)) return "number";
  return isRecord(value) ? "object" : "any";
}

function fits(found: Shape, wanted: Shape): boolean {
  if (found === wanted || found === "any") return true;
  return wanted === "string-or-number" && (found === "string" || found === "number");
}

const NAMES: Readonly<Record<Shape, string>> = {
  object: "an object",
  array: "a list",
  string: "a string",
  number: "a number",
  boolean: "true or false",
  "string-or-number": "a string or a number",
  any: "something else",
};

function memberPath(path: string, name: string): string {
  if (!/^[A-Za-z_$][\w$-]*$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}
