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

  const ldap = { provider: "ldap", endpoint: "https://sts.example" };
  const aws = { provider: "aws", endpoint: "https://sts.amazonaws.com" };

  test("tells whose storage it is, who lends keys for it, and as whom", () => {
    const remoteOf = (spec: object) => {
      const parsed = parseSource(bucket({ ...base, ...spec }), () => null);
      return parsed.ok ? parsed.value : parsed.error;
    };
    expect(remoteOf({ provider: "gcp", serviceAccountName: "reader" })).toMatchObject({
      remote: { cloud: "gcp" },
      account: { namespace: "shop", name: "reader" },
    });
    expect(remoteOf({ provider: "azure" })).toMatchObject({ remote: { cloud: "azure" } });
    expect(remoteOf({ provider: "aws", sts: aws })).toMatchObject({
      remote: { cloud: "aws", sts: { kind: "aws", endpoint: "https://sts.amazonaws.com" } },
    });
    const sts = { ...ldap, secretRef: { name: "ada" }, certSecretRef: { name: "ca" } };
    expect(remoteOf({ sts })).toMatchObject({
      remote: { sts: { kind: "ldap", endpoint: "https://sts.example" } },
      secrets: { stsCredential: { namespace: "shop", name: "ada" }, stsCertificate: { namespace: "shop", name: "ca" } },
    });
  });

  const name = { name: "x" };
  const refusals = [
    { spec: { provider: "aws", serviceAccountName: "reader" }, paths: ["spec.region"] },
    { spec: { provider: "gcp", serviceAccountName: "a", secretRef: name }, paths: ["spec.serviceAccountName"] },
    { spec: { serviceAccountName: "reader" }, paths: ["spec.serviceAccountName"] },
    { spec: { provider: "gcp", sts: aws }, paths: ["spec.sts"] },
    { spec: { provider: "azure", sts: ldap }, paths: ["spec.sts"] },
    { spec: { provider: "aws", sts: ldap }, paths: ["spec.sts.provider"] },
    { spec: { sts: aws }, paths: ["spec.sts.provider"] },
    { spec: { sts: { ...ldap, endpoint: "sts.example" } }, paths: ["spec.sts.endpoint"] },
    { spec: { provider: "aws", sts: { ...aws, secretRef: name } }, paths: ["spec.sts.secretRef"] },
    { spec: { provider: "aws", sts: { ...aws, certSecretRef: name } }, paths: ["spec.sts.certSecretRef"] },
    { spec: { provider: "gcp", certSecretRef: name }, paths: ["spec.certSecretRef"] },
    { spec: { provider: "azure", certSecretRef: name }, paths: ["spec.certSecretRef"] },
    { spec: { provider: "huawei" }, paths: ["spec.provider"] },
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
