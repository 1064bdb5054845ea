import { isRecord, recordsIn, stringsIn } from "./json-shape.ts";

/** What an OpenAPI schema says about the shape of a value, descriptions and value rules left out. */
export interface SchemaNode {
  /** `any` is everything that cannot be judged from its shape alone. */
  shape: "object" | "array" | "string" | "number" | "boolean" | "string-or-number" | "any";
  properties?: ReadonlyMap<string, SchemaNode>;
  required?: readonly string[];
  /** What members beside `properties` look like; absent: there may be none. */
  additional?: SchemaNode;
  items?: SchemaNode;
}

/** The schemas of one group version by `group/version/kind`, and the kinds among them that have validation rules. */
export interface SchemaSet {
  readonly roots: ReadonlyMap<string, SchemaNode>;
  readonly ruled: ReadonlySet<string>;
}

type Fields = Record<string, unknown>;

const REF = "#/components/schemas/";
const ANY: SchemaNode = { shape: "any" };
const EMBEDDED = ["apiVersion", "kind", "metadata"];

/** Reads the schemas of an OpenAPI v3 document. */
export function schemaSetOf(document: unknown): SchemaSet {
  const components = isRecord(document) && isRecord(document["components"]) ? document["components"] : {};
  const schemas = isRecord(components["schemas"]) ? components["schemas"] : {};
  const compiler = new Compiler(schemas);
  const roots = new Map<string, SchemaNode>();
  const ruled = new Set<string>();
  for (const [name, schema] of Object.entries(schemas)) {
    if (!isRecord(schema)) continue;
    for (const gvk of recordsIn(schema["x-kubernetes-group-version-kind"])) {
      const key = `${String(gvk["group"])}/${String(gvk["version"])}/${String(gvk["kind"])}`;
      roots.set(key, compiler.named(name));
      if (hasRules(schema)) ruled.add(key);
    }
  }
  return { roots, ruled };
}

class Compiler {
  readonly #schemas: Fields;
  readonly #named = new Map<string, SchemaNode>();

  constructor(schemas: Fields) {
    this.#schemas = schemas;
  }

  named(name: string): SchemaNode {
    const known = this.#named.get(name);
    if (known) return known;
    const node: SchemaNode = { shape: "any" };
    this.#named.set(name, node); // Before its parts: schemas refer to themselves.
    const schema = this.#schemas[name];
    if (isRecord(schema)) Object.assign(node, this.#compile(schema));
    return node;
  }

  #compile(schema: Fields): SchemaNode {
    const target = refOf(schema);
    if (target !== undefined) return this.named(target);
    if (schema["x-kubernetes-int-or-string"] === true || schema["format"] === "int-or-string") {
      return { shape: "string-or-number" };
    }
    switch (schema["type"]) {
      case "object":
        return this.#object(schema);
      case "array":
        return { shape: "array", items: isRecord(schema["items"]) ? this.#compile(schema["items"]) : ANY };
      case "string":
        return { shape: "string" };
      case "integer":
      case "number":
        return { shape: "number" };
      case "boolean":
        return { shape: "boolean" };
      default:
        return ANY;
    }
  }

  #object(schema: Fields): SchemaNode {
    const declared = isRecord(schema["properties"]) ? schema["properties"] : {};
    const properties = new Map(
      Object.entries(declared).map(([name, part]) => [name, isRecord(part) ? this.#compile(part) : ANY] as const),
    );
    if (schema["x-kubernetes-embedded-resource"] === true) {
      for (const name of EMBEDDED) if (!properties.has(name)) properties.set(name, ANY);
    }
    const additional = this.#additional(schema, properties.size);
    return {
      shape: "object",
      properties,
      required: stringsIn(schema["required"]),
      ...(additional === undefined ? {} : { additional }),
    };
  }

  #additional(schema: Fields, declared: number): SchemaNode | undefined {
    const additional = schema["additionalProperties"];
    if (isRecord(additional)) return this.#compile(additional);
    // An object about which nothing is declared is free-form, raw extensions for example.
    const free = additional === true || schema["x-kubernetes-preserve-unknown-fields"] === true || declared === 0;
    return free ? ANY : undefined;
  }
}

function refOf(schema: Fields): string | undefined {
  const all = schema["allOf"];
  const holder = Array.isArray(all) && all.length === 1 && isRecord(all[0]) ? all[0] : schema;
  const ref = holder["$ref"];
  return typeof ref === "string" && ref.startsWith(REF) ? ref.slice(REF.length) : undefined;
}

function hasRules(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasRules);
  if (!isRecord(value)) return false;
  return Object.entries(value).some(([key, part]) => key === "x-kubernetes-validations" || hasRules(part));
}
