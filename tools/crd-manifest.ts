import type { CrdSpec, CrdVersion } from "#core/app/crd.ts";

const scalarKeywords: ReadonlySet<string> = new Set([
  "default",
  "description",
  "enum",
  "exclusiveMaximum",
  "exclusiveMinimum",
  "format",
  "maximum",
  "maxItems",
  "maxLength",
  "maxProperties",
  "minimum",
  "minItems",
  "minLength",
  "minProperties",
  "nullable",
  "pattern",
  "required",
  "type",
  "uniqueItems",
]);

/** The CustomResourceDefinition of a kind, ready to be applied. @throws when its schema is not structural. */
export function crdManifest(spec: CrdSpec): object {
  const { group, kind, plural, singular, scope, versions } = spec;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: {
        ...(spec.categories && { categories: spec.categories }),
        kind,
        listKind: `${kind}List`,
        plural,
        ...(spec.shortNames.length > 0 && { shortNames: spec.shortNames }),
        singular,
      },
      scope,
      versions: versions.map((version, index) => versionManifest(version, `${kind} ${version.name}`, index === 0)),
    },
  };
}

function versionManifest(version: CrdVersion, path: string, storage: boolean): object {
  return {
    name: version.name,
    served: true,
    storage,
    ...(version.columns.length > 0 && { additionalPrinterColumns: version.columns }),
    ...(version.statusSubresource && { subresources: { status: {} } }),
    schema: { openAPIV3Schema: structuralSchema(version.schema, path) },
  };
}

/** Plain OpenAPI from a JSON schema: keywords that the API server does not take are an error that names the place. */
export function structuralSchema(schema: unknown, path: string): object {
  if (typeof schema !== "object" || schema === null) throw refusal(path, "a schema must be an object");
  const result: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    const kept = keywordValue(keyword, value, path);
    if (kept !== undefined) result[keyword] = kept;
  }
  const untyped = result["x-kubernetes-preserve-unknown-fields"] || result["x-kubernetes-int-or-string"];
  if (result["type"] === undefined && !untyped) throw refusal(path, "a schema needs a type");
  if ((result["required"] as readonly unknown[] | undefined)?.length === 0) delete result["required"];
  if (result["properties"] && result["additionalProperties"]) {
    throw refusal(path, "properties and additionalProperties exclude each other");
  }
  return result;
}

function keywordValue(keyword: string, value: unknown, path: string): unknown {
  if (value === undefined || keyword.startsWith("~")) return undefined;
  if (scalarKeywords.has(keyword) || keyword.startsWith("x-kubernetes-")) return value;
  switch (keyword) {
    case "items":
      return structuralSchema(value, `${path}[]`);
    case "properties":
      return Object.fromEntries(
        Object.entries(value as object).map(([name, member]) => [name, structuralSchema(member, `${path}.${name}`)]),
      );
    case "additionalProperties":
      if (value === true || value === false) throw refusal(path, "additionalProperties must be a schema");
      return structuralSchema(value, `${path}.*`);
    case "anyOf":
    case "oneOf":
    case "allOf":
      // Inside these the server takes value rules only; the type stands outside.
      return value;
    default:
      throw refusal(path, `the API server does not take the keyword ${keyword}`);
  }
}

function refusal(path: string, why: string): Error {
  return new Error(`Cannot generate a definition from ${path}: ${why}`);
}
