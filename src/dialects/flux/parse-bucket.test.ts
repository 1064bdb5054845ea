import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { parseSource, revisionOf } from "./parse-source.ts";

const base = { bucketName: "manifests", endpoint: "minio.example:9000", interval: "5m" };
const DIGEST = `sha256:${"0a".repeat(32)}`;

function bucket(spec: object, rest: object = {}): Resource {
  const metadata = { name: "apps", namespace: "shop", generation: 1 };
  return { apiVersion: "source.toolkit.fluxcd.io/v1", kind: "Bucket", metadata, spec, ...rest };
}

describe("a Bucket", () => {
  test("is a source of all that its bucket holds", () => {
    expect(parseSource(bucket(base), () => null)).toMatchObject({
      ok: true,
      value: {
        key: "Bucket/shop/apps",
        url: "minio.example:9000",
        ref: { kind: "bucket", value: "manifests" },
        remote: { kind: "bucket", bucket: "manifests", prefix: "", region: "", insecure: false, ignore: null },
        secrets: {},
        ignore: null,
        recorded: null,
      },
    });
  });

  test("names Secrets, prefix, region, rules and the revision that was fetched last", () => {
    const spec = {
      ...base,
      provider: "aws",
      region: "eu-west-3",
      prefix: "apps/",
      insecure: true,
      ignore: "*.md",
      secretRef: { name: "keys" },
      certSecretRef: { name: "ca" },
      proxySecretRef: { name: "proxy" },
    };
    expect(parseSource(bucket(spec, { status: { artifact: { revision: DIGEST } } }), () => null)).toMatchObject({
      ok: true,
      value: {
        ref: { kind: "bucket", value: "manifests/apps/" },
        remote: { prefix: "apps/", region: "eu-west-3", insecure: true, ignore: "*.md" },
        secrets: { credential: { namespace: "shop", name: "keys" }, certificate: { namespace: "shop", name: "ca" } },
        ignore: "*.md",
        recorded: { text: DIGEST, commit: DIGEST, refName: null },
      },
    });
  });

  const refusals = [
    { spec: { provider: "gcp" }, paths: ["spec.provider"] },
    { spec: { provider: "azure" }, paths: ["spec.provider"] },
    { spec: { provider: "aws" }, paths: ["spec.region", "spec.secretRef"] },
    { spec: { sts: { provider: "ldap", endpoint: "https://sts.example" } }, paths: ["spec.sts"] },
    { spec: { serviceAccountName: "reader" }, paths: ["spec.serviceAccountName"] },
    { spec: { bucketName: 5 }, paths: ["spec.bucketName"] },
    { spec: { interval: "soon" }, paths: ["spec.interval"] },
  ];
  for (const { spec, paths } of refusals) {
    test(`is refused with ${JSON.stringify(spec)}`, () => {
      const parsed = parseSource(bucket({ ...base, ...spec }), () => null);
      expect(parsed.ok ? [] : parsed.error.map((problem) => problem.path)).toEqual(paths);
    });
  }

  test("has revisions as upstream writes them", () => {
    const parsed = parseSource(bucket(base), () => null);
    if (!parsed.ok) throw new Error("expected a source");
    expect(revisionOf(parsed.value, DIGEST, null)).toEqual({ text: DIGEST, commit: DIGEST, refName: null });
  });
});
