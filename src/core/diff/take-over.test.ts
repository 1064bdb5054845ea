import { load } from "js-yaml";
import { expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { takeOverPatch } from "./take-over.ts";

const MANAGERS = { manager: "us", takeOver: ["kubectl*", "before-first-apply"], migrate: [] };

test("takeOverPatch() folds matching writers into our entry and drops theirs", () => {
  const live = object(`
- { manager: us, operation: Apply, apiVersion: v1, time: "2026-01-01T00:00:00Z", fieldsV1: { f:data: { f:a: {} } } }
- { manager: kubectl-edit, operation: Update, apiVersion: v1, fieldsV1: { f:data: { f:b: {} } } }
- { manager: kubectl, operation: Apply, apiVersion: v1, fieldsV1: { f:data: { f:c: {} } } }
- { manager: before-first-apply, operation: Update, apiVersion: v1, fieldsV1: { f:data: { .: {}, f:d: {} } } }
- { manager: other, operation: Update, apiVersion: v1, fieldsType: FieldsV1, fieldsV1: { f:data: { f:e: {} } } }
- { manager: kubectl, operation: Update, apiVersion: v1, subresource: status, fieldsV1: { f:status: {} } }
`);
  expect(takeOverPatch({ live, ...MANAGERS })).toEqual([
    { op: "test", path: "/metadata/resourceVersion", value: "7" },
    {
      op: "replace",
      path: "/metadata/managedFields",
      value: load(`
- manager: us
  operation: Apply
  apiVersion: v1
  time: "2026-01-01T00:00:00Z"
  fieldsType: FieldsV1
  fieldsV1: { f:data: { .: {}, f:a: {}, f:b: {}, f:c: {}, f:d: {} } }
- { manager: other, operation: Update, apiVersion: v1, fieldsType: FieldsV1, fieldsV1: { f:data: { f:e: {} } } }
- { manager: kubectl, operation: Update, apiVersion: v1, subresource: status, fieldsV1: { f:status: {} } }
`),
    },
  ]);
});

const NOTHING = [
  { name: "there are no managedFields", entries: "[]" },
  { name: "only we write", entries: "[{ manager: us, operation: Apply, apiVersion: v1, fieldsV1: { f:data: {} } }]" },
  {
    name: "only status is theirs",
    entries: "[{ manager: kubectl, operation: Update, subresource: status, apiVersion: v1 }]",
  },
  { name: "the writer is somebody else", entries: "[{ manager: kubect, operation: Update, apiVersion: v1 }]" },
];

for (const c of NOTHING) {
  test(`takeOverPatch() is null when ${c.name}`, () => {
    expect(takeOverPatch({ live: object(c.entries), ...MANAGERS })).toBeNull();
  });
}

const CLIENT_SIDE = `
- manager: us
  operation: Update
  apiVersion: v1
  fieldsV1:
    f:metadata: { f:annotations: { .: {}, "f:kubectl.kubernetes.io/last-applied-configuration": {}, f:injected: {} } }
    f:spec:
      f:defaulted: {}
      f:selector: {}
      f:ports: { .: {}, 'k:{"port":80,"protocol":"TCP"}': { .: {}, f:port: {}, f:protocol: {} }, 'k:{"port":9,"protocol":"TCP"}': { .: {}, f:port: {} } }
      f:tags: { 'v:"a"': {}, 'v:"b"': {} }
`;
const MIGRATE = { manager: "us", takeOver: [], migrate: [{ manager: "us", operation: "Update" }] } as const;

test("takeOverPatch() folds of a client-side apply only what its annotation declares", () => {
  const declared = { spec: { selector: { a: "b" }, ports: [{ port: 80 }], tags: ["a"] } };
  const live = object(CLIENT_SIDE, { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(declared) });
  expect(foldedFields(live)).toEqual(
    load(`
f:metadata: { f:annotations: { .: {}, "f:kubectl.kubernetes.io/last-applied-configuration": {} } }
f:spec:
  f:selector: {}
  f:ports: { .: {}, 'k:{"port":80,"protocol":"TCP"}': { .: {}, f:port: {} } }
  f:tags: { 'v:"a"': {} }
`),
  );
});

for (const annotation of [undefined, "{not json"]) {
  test(`takeOverPatch() folds everything of a writer to migrate when its annotation is ${annotation ?? "missing"}`, () => {
    const live = object(
      CLIENT_SIDE,
      annotation === undefined ? {} : { "kubectl.kubernetes.io/last-applied-configuration": annotation },
    );
    expect(foldedFields(live)).toEqual((load(CLIENT_SIDE) as [{ fieldsV1: unknown }])[0].fieldsV1);
  });
}

test("takeOverPatch() migrates the exact writer and operation only", () => {
  const entries =
    "[{ manager: us-too, operation: Update, apiVersion: v1 }, { manager: us, operation: Apply, apiVersion: v1 }]";
  expect(takeOverPatch({ live: object(entries), ...MIGRATE })).toBeNull();
});

function foldedFields(live: Resource): unknown {
  const value = takeOverPatch({ live, ...MIGRATE })?.[1]?.value as {
    manager: string;
    operation: string;
    fieldsV1: unknown;
  }[];
  expect(value).toHaveLength(1);
  expect(value[0]).toMatchObject({ manager: "us", operation: "Apply", apiVersion: "v1" });
  return value[0]?.fieldsV1;
}

function object(entries: string, annotations: Record<string, string> = {}): Resource {
  const managedFields = load(entries) as NonNullable<Resource["metadata"]["managedFields"]>;
  return { apiVersion: "v1", kind: "X", metadata: { name: "x", resourceVersion: "7", annotations, managedFields } };
}
