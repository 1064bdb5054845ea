import { describe, expect, test } from "vitest";
import type { Reference, ReferencedData } from "#core/app/app.ts";
import { substitutionOf, variableReferences } from "./post-build.ts";

const known: Readonly<Record<string, ReferencedData>> = {
  "ConfigMap/settings": { text: { REGION: "eu", SIZE: "1" }, base64: {} },
  "Secret/keys": { text: { SIZE: "2", TOKEN: "a" }, base64: { SIZE: "Mg==", TOKEN: "YQ==" } },
};
const find = ({ kind, namespace, name }: Reference) => (namespace === "shop" ? known[`${kind}/${name}`] : null) ?? null;
const settings = { kind: "ConfigMap", name: "settings" } as const;
const keys = { kind: "Secret", name: "keys" } as const;

describe("substitutionOf()", () => {
  test("later references beat earlier ones, and the Kustomization's own variables all of them", () => {
    const substitute = { REGION: "us" };
    expect(substitutionOf({ substituteFrom: [settings, keys], substitute }, "shop", find)).toEqual({
      ok: true,
      value: { vars: { REGION: "us", SIZE: "2", TOKEN: "a" }, strategy: "with-variables", strict: true },
    });
    expect(substitutionOf({ substituteFrom: [keys, settings] }, "shop", find)).toMatchObject({
      value: { vars: { SIZE: "1" } },
    });
  });

  test("a reference that is not there is an error, unless it is optional", () => {
    const missing = { kind: "Secret", name: "none" } as const;
    expect(substitutionOf({ substituteFrom: [missing] }, "shop", find)).toEqual({
      ok: false,
      error: `substitute from 'Secret/none' error: secrets "none" not found`,
    });
    const optional = { substituteFrom: [{ ...missing, optional: true }], substituteStrategy: "Always" } as const;
    expect(substitutionOf({ ...optional, substituteFrom: [...optional.substituteFrom] }, "shop", find)).toMatchObject({
      value: { vars: {}, strategy: "always" },
    });
  });
});

test("variableReferences() names what is read in the Kustomization's namespace", () => {
  expect(variableReferences({ substituteFrom: [settings, keys] }, "shop")).toEqual([
    { kind: "ConfigMap", namespace: "shop", name: "settings" },
    { kind: "Secret", namespace: "shop", name: "keys" },
  ]);
  expect(variableReferences(undefined, "shop")).toEqual([]);
});
