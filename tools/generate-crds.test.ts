import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { CrdSpec } from "#core/app/crd.ts";
import { inventoryCrd } from "#engine/inventory-crd.ts";
import { crdManifest, structuralSchema } from "./crd-manifest.ts";
import { allCrds, crdFiles, staleFiles } from "./generate-crds.ts";

describe("generate-crds", () => {
  test("the definitions in deploy/crds are those of the schemas", async () => {
    const directory = fileURLToPath(new URL("../deploy/crds/", import.meta.url));
    expect(await staleFiles(crdFiles(allCrds), directory)).toEqual([]);
  });

  test("changed, missing and left over files are stale", async () => {
    const directory = await mkdtemp(join(tmpdir(), "holdfast-crds-"));
    try {
      await writeFile(join(directory, "changed.yaml"), "old");
      await writeFile(join(directory, "left.yaml"), "");
      await writeFile(join(directory, "same.yaml"), "same");
      const files = new Map(Object.entries({ "changed.yaml": "new", "missing.yaml": "", "same.yaml": "same" }));
      expect(await staleFiles(files, directory)).toEqual(["changed.yaml", "left.yaml", "missing.yaml"]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test("no kind at all is an error, not an empty success", () => {
    expect(() => crdFiles([])).toThrow("no kind declares one");
  });
});

describe("crdManifest()", () => {
  test("serves and stores the first version, with names and columns", () => {
    expect(crdManifest(inventoryCrd)).toMatchObject({
      metadata: { name: "inventories.holdfast.dev" },
      spec: {
        names: { kind: "Inventory", listKind: "InventoryList", plural: "inventories", singular: "inventory" },
        versions: [{ name: "v1alpha1", served: true, storage: true }],
      },
    });
  });

  test("status subresource and short names stand where a kind has them", () => {
    const kustomization = allCrds.find(({ kind }) => kind === "Kustomization") as CrdSpec;
    expect(crdManifest(kustomization)).toMatchObject({
      spec: { names: { shortNames: ["ks"] }, versions: [{ subresources: { status: {} } }] },
    });
  });

  const refused = [
    { schema: { $ref: "#/a" }, why: "keyword $ref" },
    { schema: { type: "object", patternProperties: {} }, why: "keyword patternProperties" },
    { schema: { type: "object", properties: { a: {} } }, why: "T.a: a schema needs a type" },
    { schema: { type: "object", additionalProperties: false }, why: "additionalProperties must be a schema" },
    { schema: { type: "array", items: { const: 1 } }, why: "T[]: the API server does not take the keyword const" },
  ];
  for (const { schema, why } of refused) {
    test(`refuses ${JSON.stringify(schema)}`, () => {
      expect(() => structuralSchema(schema, "T")).toThrow(why);
    });
  }
});
