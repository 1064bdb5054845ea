import { readdirSync } from "node:fs";
import { Value } from "typebox/value";
import type { TSchema } from "typebox";
import { expect, test } from "vitest";
import { argoCrds } from "./crds.ts";
import { captured } from "./testdata/read-testdata.ts";

const names = readdirSync(new URL("./testdata/", import.meta.url)).flatMap(
  (file) => /^application-(.+)\.yaml$/.exec(file)?.[1] ?? [],
);

const schema = JSON.parse(JSON.stringify(argoCrds[0]?.versions[0]?.schema)) as TSchema;

for (const name of names) {
  test(`the schema of Application accepts what the vendor wrote: ${name}`, () => {
    expect(Value.Errors(schema, captured(name))).toEqual([]);
  });
  test(`the schema of Application keeps every field that the vendor wrote: ${name}`, () => {
    const { metadata: _metadata, ...object } = captured(name);
    expect(unknownFields(object, schema as never, "")).toEqual([]);
  });
}

test("the schemas are structural: every field has a type", () => {
  for (const crd of argoCrds) {
    for (const version of crd.versions) expect(untyped(version.schema as never, crd.kind)).toEqual([]);
  }
});

test("only sets have a status subresource", () => {
  const kinds = argoCrds.filter((crd) => crd.versions[0]?.statusSubresource).map(({ kind }) => kind);
  expect(kinds).toEqual(["ApplicationSet"]);
});

interface Schema {
  type?: string;
  anyOf?: unknown;
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
}

/** Fields that an API server with this schema would prune. */
function unknownFields(value: unknown, schemaOf: Schema | undefined, path: string): string[] {
  if (!schemaOf) return [path];
  if (Array.isArray(value))
    return value.flatMap((item, index) => unknownFields(item, schemaOf.items, `${path}[${index}]`));
  if (typeof value !== "object" || value === null || schemaOf["x-kubernetes-preserve-unknown-fields"]) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    unknownFields(member, schemaOf.properties?.[name] ?? schemaOf.additionalProperties, `${path}.${name}`),
  );
}

function untyped(node: Schema, path: string): string[] {
  const isFree = node["x-kubernetes-preserve-unknown-fields"] === true;
  const own = node.type || node.anyOf || isFree ? [] : [path];
  const children = Object.entries(node.properties ?? {}).flatMap(([name, child]) => untyped(child, `${path}.${name}`));
  const items = node.items ? untyped(node.items, `${path}[]`) : [];
  return [
    ...own,
    ...children,
    ...items,
    ...(node.additionalProperties ? untyped(node.additionalProperties, `${path}.*`) : []),
  ];
}
