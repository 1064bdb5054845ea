import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultManifest, parseManifest, selectedLayer } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";
import { OciError } from "./oci-error.ts";

const digest = `sha256:${"0a".repeat(32)}`;
const layer = { mediaType: "text/plain", digest, size: 3 };

function parse(value: unknown): Manifest {
  return parseManifest(Buffer.from(JSON.stringify(value)), "r.test/app");
}

describe("parseManifest()", () => {
  test("reads layers and annotations, and leaves out what is no text", () => {
    const annotations = { a: "1", b: 2 };
    expect(parse({ schemaVersion: 2, layers: [layer], annotations })).toEqual({
      kind: "image",
      layers: [layer],
      annotations: { a: "1" },
    });
  });

  const refused = [
    { name: "what is no object", value: [], says: "no JSON object" },
    { name: "the first version of the format", value: { schemaVersion: 1, layers: [] }, says: "neither" },
    { name: "a layer without digest", value: { schemaVersion: 2, layers: [{ size: 1 }] }, says: "no sha256 digest" },
    {
      name: "a digest that reads as a path",
      value: { schemaVersion: 2, layers: [{ ...layer, digest: "sha256:../../../etc/passwd" }] },
      says: "no sha256 digest",
    },
    { name: "a layer without size", value: { schemaVersion: 2, layers: [{ digest }] }, says: "no size" },
    { name: "a negative size", value: { schemaVersion: 2, layers: [{ digest, size: -1 }] }, says: "no size" },
    {
      name: "very many layers",
      value: { schemaVersion: 2, layers: Array.from({ length: 1_001 }, () => layer) },
      says: "more than 1000 parts",
    },
  ];
  for (const { name, value, says } of refused) {
    test(`refuses ${name}`, () => {
      expect(() => parse(value)).toThrow("Cannot use r.test/app: ");
      expect(() => parse(value)).toThrow(says);
    });
  }

  test("gives a manifest or an OciError for any JSON whatever, and so does what follows", () => {
    const part = fc.oneof(fc.constant(layer), fc.jsonValue());
    const shaped = fc.record(
      { schemaVersion: fc.constant(2), layers: fc.array(part), manifests: fc.array(part), annotations: fc.jsonValue() },
      { requiredKeys: [] },
    );
    const any = fc.oneof(
      fc.json(),
      fc.string(),
      shaped.map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(any, fc.constantFrom("", "text/plain"), (json, mediaType) => {
        try {
          const manifest = parseManifest(Buffer.from(json), "r.test/app");
          if (manifest.kind === "index") defaultManifest(manifest, "r.test/app");
          else selectedLayer(manifest.layers, { mediaType, operation: "extract" }, "r.test/app");
        } catch (error) {
          expect(error).toBeInstanceOf(OciError);
        }
      }),
    );
  });
});
