import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { parseOciRepository } from "./parse-oci-repository.ts";
import { parseSource, revisionOf } from "./parse-source.ts";

const base = { url: "oci://registry.example/team/apps", interval: "5m" };
const DIGEST = `sha256:${"0a".repeat(32)}`;

function ociRepository(spec: object, rest: object = {}): Resource {
  const metadata = { name: "apps", namespace: "shop", generation: 1 };
  return { apiVersion: "source.toolkit.fluxcd.io/v1", kind: "OCIRepository", metadata, spec, ...rest };
}

describe("parseOciRepository()", () => {
  const refs = [
    { ref: undefined, want: { kind: "tag", value: "latest" } },
    { ref: { tag: "v1" }, want: { kind: "tag", value: "v1" } },
    { ref: { tag: "v1", semver: "1.x" }, want: { kind: "semver", value: "1.x" } },
    { ref: { semver: "1.x", semverFilter: ".*-rc" }, want: { kind: "semver", value: "1.x", filter: ".*-rc" } },
    { ref: { semver: "1.x", digest: DIGEST }, want: { kind: "digest", value: DIGEST } },
  ];
  for (const { ref, want } of refs) {
    test(`follows ${JSON.stringify(want)} for ${JSON.stringify(ref)}`, () => {
      const parsed = parseOciRepository(ociRepository({ ...base, ...(ref && { ref }) }));
      expect(parsed).toMatchObject({
        ok: true,
        value: {
          key: "OCIRepository/shop/apps",
          ref: want,
          remote: { kind: "oci", insecure: false, layer: { mediaType: "", operation: "extract" } },
          secrets: {},
        },
      });
    });
  }

  test("reads Secrets, the layer, plain http and the revision that was fetched last", () => {
    const spec = {
      ...base,
      insecure: true,
      secretRef: { name: "login" },
      certSecretRef: { name: "ca" },
      proxySecretRef: { name: "proxy" },
      layerSelector: { mediaType: "application/x", operation: "copy" },
    };
    const parsed = parseOciRepository(ociRepository(spec, { status: { artifact: { revision: `v1@${DIGEST}` } } }));
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        remote: { kind: "oci", insecure: true, layer: { mediaType: "application/x", operation: "copy" } },
        secrets: {
          credential: { namespace: "shop", name: "login" },
          certificate: { namespace: "shop", name: "ca" },
          proxy: { namespace: "shop", name: "proxy" },
        },
        recorded: { text: `v1@${DIGEST}`, commit: DIGEST, refName: "v1" },
      },
    });
  });

  test.each([
    {
      name: "cosign by keys",
      verify: { provider: "cosign", secretRef: { name: "keys" } },
      want: { provider: "cosign", keys: { namespace: "shop", name: "keys" }, trustedRoot: null, identities: [] },
    },
    {
      name: "cosign by identities",
      verify: {
        provider: "cosign",
        trustedRootSecretRef: { name: "root" },
        matchOIDCIdentity: [{ issuer: "i", subject: "s" }],
      },
      want: {
        provider: "cosign",
        keys: null,
        trustedRoot: { namespace: "shop", name: "root" },
        identities: [{ issuer: "i", subject: "s" }],
      },
    },
    {
      name: "notation",
      verify: { provider: "notation", secretRef: { name: "keys" } },
      want: { provider: "notation", keys: { namespace: "shop", name: "keys" }, trustedRoot: null, identities: [] },
    },
  ])("verifies by $name", ({ verify, want }) => {
    const parsed = parseOciRepository(ociRepository({ ...base, verify }));
    expect(parsed).toMatchObject({ ok: true, value: { verification: want } });
  });

  const identity = [{ issuer: "i", subject: "s" }];
  test.each([
    [{ provider: "cosign" }, ["spec.verify", "spec.verify.matchOIDCIdentity"]],
    [{ provider: "cosign", matchOIDCIdentity: identity }, ["spec.verify"]],
    [{ provider: "cosign", trustedRootSecretRef: { name: "r" } }, ["spec.verify.matchOIDCIdentity"]],
    [{ provider: "cosign", secretRef: { name: "k" }, matchOIDCIdentity: identity }, ["spec.verify.matchOIDCIdentity"]],
    [
      { provider: "cosign", secretRef: { name: "k" }, trustedRootSecretRef: { name: "r" } },
      ["spec.verify.trustedRootSecretRef"],
    ],
    [{ provider: "notation" }, ["spec.verify.secretRef"]],
    [
      {
        provider: "notation",
        secretRef: { name: "k" },
        trustedRootSecretRef: { name: "r" },
        matchOIDCIdentity: identity,
      },
      ["spec.verify.trustedRootSecretRef", "spec.verify.matchOIDCIdentity"],
    ],
    [{ provider: "other" }, ["spec.verify.provider"]],
  ])("refuses a verification by %j", (verify, want) => {
    const parsed = parseOciRepository(ociRepository({ ...base, verify }));
    expect(parsed.ok ? [] : parsed.error.map((problem) => problem.path)).toEqual(want);
  });

  test("a cloud is part of how the registry is spoken to, and the service account of whom it is read as", () => {
    const plain = parseOciRepository(ociRepository({ ...base, provider: "generic" }));
    expect(plain.ok && plain.value.remote).not.toHaveProperty("cloud");
    expect(plain.ok && plain.value).not.toHaveProperty("account");
    const account = { namespace: "shop", name: "puller" };
    const parsed = parseOciRepository(ociRepository({ ...base, provider: "gcp", serviceAccountName: "puller" }));
    expect(parsed).toMatchObject({ ok: true, value: { remote: { cloud: "gcp" }, account } });
  });

  const refusals = [
    { spec: { url: "https://registry.example/a" }, path: "spec.url" },
    { spec: { provider: "github" }, path: "spec.provider" },
    { spec: { layerSelector: { operation: "burn" } }, path: "spec.layerSelector.operation" },
  ];
  for (const { spec, path } of refusals) {
    test(`refuses ${JSON.stringify(spec)} at ${path}`, () => {
      const parsed = parseOciRepository(ociRepository({ ...base, ...spec }));
      expect(parsed.ok ? [] : parsed.error.map((problem) => problem.path)).toEqual([path]);
    });
  }

  test("revisions read as upstream writes them", () => {
    const parsed = parseSource(ociRepository(base), () => null);
    if (!parsed.ok) throw new Error("expected a source");
    expect(revisionOf(parsed.value, DIGEST, "v1")).toEqual({ text: `v1@${DIGEST}`, commit: DIGEST, refName: "v1" });
    expect(revisionOf(parsed.value, DIGEST, null).text).toBe(DIGEST);
  });
});
