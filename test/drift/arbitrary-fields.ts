import fc from "fast-check";

/** A JSON object and the `fieldsV1` of a writer that owns some of it. */
export interface Owned {
  readonly value: Record<string, unknown>;
  readonly fields: Record<string, unknown>;
}

interface Node {
  readonly value: unknown;
  readonly fields: Record<string, unknown>;
}

const name = fc.constantFrom("a", "b", "c", "d/e", "f.g", "~", "name");
const scalar = fc.oneof(fc.string({ maxLength: 4 }), fc.integer({ min: -3, max: 3 }), fc.boolean());

/** Objects of maps, lists by key, lists by value and atomic values, partly owned. */
export const ownedObject: fc.Arbitrary<Owned> = fc
  .letrec<{ node: Node; map: Node; list: Node; set: Node; leaf: Node }>((tie) => ({
    node: fc.oneof({ depthSize: "small", withCrossShrink: true }, tie("leaf"), tie("map"), tie("list"), tie("set")),
    leaf: fc.oneof(scalar, fc.dictionary(name, scalar, { maxKeys: 2 }), fc.array(scalar, { maxLength: 2 })).map(leafOf),
    map: members(tie("node")).map(mapOf),
    list: fc.uniqueArray(fc.tuple(name, members(tie("node"))), { maxLength: 3, selector: ([key]) => key }).map(listOf),
    set: fc.uniqueArray(scalar, { maxLength: 4, selector: (item) => JSON.stringify(item) }).map(setOf),
  }))
  .map.map((node) => ({ value: node.value as Record<string, unknown>, fields: node.fields }));

type Members = readonly (readonly [string, Node, boolean])[];

function members(node: fc.Arbitrary<Node>): fc.Arbitrary<Members> {
  return fc.uniqueArray(fc.tuple(name, node, fc.boolean()), { maxLength: 3, selector: ([key]) => key });
}

function leafOf(value: unknown): Node {
  return { value, fields: {} };
}

function mapOf(entries: Members): Node {
  const owned = entries.filter(([, , isOwned]) => isOwned);
  return {
    value: Object.fromEntries(entries.map(([key, node]) => [key, node.value])),
    fields: Object.fromEntries(owned.map(([key, node]) => [`f:${key}`, node.fields])),
  };
}

function listOf(items: readonly (readonly [string, Members])[]): Node {
  const nodes = items.map(([key, entries]) => ({ key, node: mapOf(entries.filter(([member]) => member !== "name")) }));
  return {
    value: nodes.map(({ key, node }) => ({ ...(node.value as object), name: key })),
    fields: Object.fromEntries(
      nodes.map(({ key, node }) => [`k:${JSON.stringify({ name: key })}`, { ".": {}, ...node.fields }]),
    ),
  };
}

function setOf(items: readonly unknown[]): Node {
  const owned = items.filter((_item, index) => index % 2 === 0);
  return { value: items, fields: Object.fromEntries(owned.map((item) => [`v:${JSON.stringify(item)}`, {}])) };
}
