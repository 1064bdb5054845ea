import { describe, expect, test } from "vitest";
import { integrityProblems, requiredSigners, verificationBy } from "./source-integrity.ts";
import { configured, lookupIn, textsOf } from "./testdata/secrets.ts";

const ID = "5A2D7145B9B31106";
const policy = (mode: string, ...urls: string[]) => ({
  repos: urls.map((url) => ({ url })),
  gpg: { mode, keys: [ID] },
});
const integrity = (...policies: ReturnType<typeof policy>[]) => ({ sourceIntegrity: { git: { policies } } });

describe("requiredSigners()", () => {
  const url = "https://git.example/team/shop.git";
  test.each([
    [{}, null],
    [{ signatureKeys: [{ keyID: ID }] }, [ID]],
    [integrity(policy("head", "https://git.example/team/*")), [ID]],
    [integrity(policy("none", "*")), null],
    [integrity(policy("head", "*", "!https://git.example/**")), null],
    [{ signatureKeys: [{ keyID: ID }], ...integrity(policy("head", "https://else")) }, null],
  ])("%o asks for %o", (limits, want) => {
    expect(requiredSigners(limits, url)).toEqual({ ok: true, value: want });
  });

  test("several policies for one repository are refused", () => {
    expect(requiredSigners(integrity(policy("head", "*"), policy("none", "*")), url)).toMatchObject({
      ok: false,
      error: { message: `several policies of sourceIntegrity.git are about ${url}; leave one` },
    });
  });
});

test("what nobody can check is told with its place", () => {
  const limits = { signatureKeys: [{ keyID: "ada" }], ...integrity(policy("strict", "*")) };
  expect(integrityProblems("team", limits).map(({ message }) => message)).toEqual([
    "AppProject team: spec.signatureKeys[0] names no key by its ID",
    'AppProject team: spec.sourceIntegrity.git.policies[0].gpg.mode "strict" is not supported yet',
  ]);
});

test("of the installation's keys only the wanted ones count, by long and short names", () => {
  const keys = configured("argocd-gpg-keys-cm", { [ID]: "ADA", "0000000000000001": "EVE", odd: "ODD" });
  const by = (id: string) => {
    const { held } = verificationBy([id], { lookup: lookupIn(keys), controlNamespace: "argocd" });
    return textsOf(held?.open());
  };
  expect(by(ID)).toEqual({ [`${ID}.asc`]: "ADA" });
  expect(by(`62A7070605A45DDF${"0".repeat(8)}${ID}`)).toEqual({ [`${ID}.asc`]: "ADA" });
  expect(by("0000000000000002")).toEqual({});
});
