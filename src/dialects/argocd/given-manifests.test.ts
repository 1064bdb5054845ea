import { describe, expect, test } from "vitest";
import { givenManifests, shownOrder } from "./given-manifests.ts";

const manual = { isAutomated: false, isSigned: false };
const config = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { value: "1" } };
const text = JSON.stringify(config);

describe("givenManifests()", () => {
  test("reads objects, and leaves out what is nothing", () => {
    const given = givenManifests({ manifests: [text, "", "null"] }, manual);
    expect(given).toEqual({ ok: true, value: { resources: [config], readSet: [], renderer: null } });
    expect(givenManifests({ manifests: [] }, manual)).toEqual({ ok: true, value: null });
    expect(givenManifests({}, manual)).toEqual({ ok: true, value: null });
  });

  test("is refused where auto-sync would undo it, but not when it writes nothing", () => {
    const automated = { ...manual, isAutomated: true };
    expect(givenManifests({ manifests: [text] }, automated)).toEqual({
      ok: false,
      error: "cannot use local sync when Automatic Sync Policy is enabled unless for dry run",
    });
    expect(givenManifests({ manifests: [text], dryRun: true }, automated).ok).toBe(true);
  });

  test("is refused where somebody must have signed what is applied", () => {
    expect(givenManifests({ manifests: [text] }, { ...manual, isSigned: true })).toEqual({
      ok: false,
      error: "Cannot use local manifests when signature verification is required",
    });
  });

  for (const [name, bad, why] of [
    ["no JSON", "kind: ConfigMap hush", "is no JSON"],
    ["no object", '["hush"]', "is no object with apiVersion, kind and metadata.name"],
    ["no name", '{"apiVersion":"v1","kind":"ConfigMap"}', "is no object with apiVersion, kind and metadata.name"],
    ["a number that would change", text.replace('"1"', "12345678901234567890"), "holds a number that is too large"],
  ] as const) {
    test(`names the entry that is bad, and nothing of what it says: ${name}`, () => {
      const error = `operation.sync.manifests[1]: ${why}`;
      expect(givenManifests({ manifests: [text, bad] }, manual)).toEqual({ ok: false, error });
    });
  }
});

describe("shownOrder()", () => {
  test("masks Secrets, and what cannot be read", () => {
    const secret = JSON.stringify({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s" },
      stringData: { a: "hush" },
    });
    const { sync } = shownOrder({ sync: { manifests: [text, secret, "hush"] } });
    expect(JSON.stringify(sync)).not.toContain("hush");
    expect(sync?.manifests?.[0]).toBe(text);
  });

  test("is the very same without manifests", () => {
    const operation = { sync: { revision: "c1" } };
    expect(shownOrder(operation)).toBe(operation);
  });
});
