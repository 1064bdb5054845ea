import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { parseSource, revisionOf } from "./parse-source.ts";

const DIGEST = `sha256:${"0a".repeat(32)}`;
const URL = "https://charts.example/stable";

function object(kind: string, name: string, spec: object, rest: object = {}): Resource {
  const metadata = { name, namespace: "shop", generation: 3 };
  return { apiVersion: "source.toolkit.fluxcd.io/v1", kind, metadata, spec, ...rest };
}

const repository = (spec: object = {}, rest: object = {}) =>
  object("HelmRepository", "stable", { url: URL, ...spec }, rest);
const chart = (spec: object = {}, rest: object = {}) => {
  const sourceRef = { kind: "HelmRepository", name: "stable" };
  return object("HelmChart", "web", { chart: "web", interval: "5m", sourceRef, ...spec }, rest);
};

/** Parses with one HelmRepository in the cluster. */
function parsed(one: Resource, known: Resource = repository()) {
  return parseSource(one, (kind, namespace, name) =>
    kind === known.kind && namespace === known.metadata.namespace && name === known.metadata.name ? known : null,
  );
}

function problemsOf(one: Resource, known?: Resource): readonly string[] {
  const result = parsed(one, known);
  return result.ok ? [] : result.error.map(({ path, message }) => `${path}: ${message}`);
}

describe("a HelmRepository", () => {
  test("follows its index, every minute unless it says otherwise", () => {
    expect(parsed(repository())).toMatchObject({
      ok: true,
      value: {
        key: "HelmRepository/shop/stable",
        url: URL,
        remote: { kind: "helm", passCredentials: false, insecure: false },
        ref: { kind: "index" },
        intervalMs: 60_000,
        suspended: false,
        recorded: null,
      },
    });
    expect(parsed(repository({ interval: "5m" }))).toMatchObject({ value: { intervalMs: 300_000 } });
    const status = { artifact: { revision: DIGEST } };
    expect(parsed(repository({}, { status }))).toMatchObject({ value: { recorded: { commit: DIGEST } } });
  });

  test("of type oci is never looked at itself", () => {
    const spec = { url: "oci://registry.example/charts", type: "oci" };
    expect(parsed(repository(spec))).toMatchObject({ ok: true, value: { suspended: true, recorded: null } });
  });

  const refusals = [
    { spec: { url: "ftp://charts.example" }, path: "spec.url" },
    { spec: { url: "oci://registry.example/charts" }, path: "spec.url" },
    { spec: { type: "oci" }, path: "spec.url" },
    { spec: { provider: "aws" }, path: "spec.provider" },
    { spec: { accessFrom: { namespaceSelectors: [{}] } }, path: "spec.accessFrom" },
    { spec: { timeout: "soon" }, path: "spec.timeout" },
  ];
  for (const { spec, path } of refusals) {
    test(`refuses ${JSON.stringify(spec)} at ${path}`, () => {
      expect(problemsOf(repository(spec))).toEqual([expect.stringContaining(`${path}: `)]);
    });
  }
});

describe("a HelmChart", () => {
  test("has the address, the Secrets and the timeout of its HelmRepository, so that they share what they ask", () => {
    const known = repository({
      passCredentials: true,
      timeout: "20s",
      secretRef: { name: "login" },
      certSecretRef: { name: "ca" },
    });
    const [of, itself] = [parsed(chart({ version: "1.x" }), known), parsed(known)];
    if (!of.ok || !itself.ok) throw new Error("expected sources");
    expect(of.value).toMatchObject({
      key: "HelmChart/shop/web",
      ref: { kind: "chart", value: "web", version: "1.x" },
      intervalMs: 300_000,
      timeoutMs: 20_000,
      ignore: undefined,
    });
    for (const part of ["url", "remote", "secrets"] as const) expect(of.value[part]).toEqual(itself.value[part]);
  });

  test("of a registry is a repository of its own", () => {
    const known = repository({ url: "oci://registry.example/charts/", type: "oci", insecure: true, suspend: true });
    expect(parsed(chart(), known)).toMatchObject({
      value: {
        url: "oci://registry.example/charts/web",
        remote: { kind: "helm", insecure: true },
        ref: { version: "*" },
        suspended: false,
      },
    });
  });

  test("with values files is packed anew for every generation", () => {
    const result = parsed(chart({ valuesFiles: ["a.yaml"], ignoreMissingValuesFiles: true }));
    const repack = { valuesFiles: ["a.yaml"], ignoreMissing: true, versionMetadata: "3" };
    expect(result).toMatchObject({ value: { ref: { repack } } });
    expect(parsed(chart({ valuesFiles: [] }))).not.toHaveProperty("value.ref.repack");
  });

  test("rests while its HelmRepository does", () => {
    expect(parsed(chart(), repository({ suspend: true }))).toMatchObject({ value: { suspended: true } });
    expect(parsed(chart({ suspend: true }))).toMatchObject({ value: { suspended: true } });
  });

  test("remembers version and content that its status tells of", () => {
    const status = { artifact: { revision: "1.2.0", digest: DIGEST } };
    const result = parsed(chart({}, { status }));
    expect(result).toMatchObject({ value: { recorded: { text: "1.2.0", commit: DIGEST, refName: "1.2.0" } } });
    if (result.ok) expect(revisionOf(result.value, DIGEST, "1.2.0").text).toBe("1.2.0");
  });

  const git = { sourceRef: { kind: "GitRepository", name: "stable" } };
  const refusals = [
    { spec: { verify: { provider: "cosign" } }, says: "spec.verify: not supported yet" },
    { spec: git, says: "spec.sourceRef.kind: GitRepository is not supported yet; use a HelmRepository" },
    { spec: { chart: "../web" }, says: "spec.chart: is no name of a chart" },
    { spec: { chart: undefined }, says: "spec.chart: is required" },
    {
      spec: { sourceRef: { kind: "HelmRepository", name: "gone" } },
      says: "spec.sourceRef.name: HelmRepository 'gone' does not exist",
    },
  ];
  for (const { spec, says } of refusals) {
    test(`refuses ${JSON.stringify(spec)}`, () => {
      expect(problemsOf(chart(spec))).toEqual([expect.stringContaining(says)]);
    });
  }

  test("says why its HelmRepository cannot be used", () => {
    expect(problemsOf(chart(), repository({ provider: "aws" }))).toEqual([
      expect.stringContaining("HelmRepository 'stable' cannot be used: spec.provider: aws is not supported yet"),
    ]);
  });
});
