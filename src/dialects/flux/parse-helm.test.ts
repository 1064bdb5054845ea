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
    expect(parsed(repository(spec))).toMatchObject({
      ok: true,
      value: { suspended: true, isPassive: true, recorded: null },
    });
  });

  test("of type oci may be asked with a cloud's word; others are asked without, whatever the provider", () => {
    const spec = { url: "oci://registry.example/charts", type: "oci", provider: "azure" };
    expect(parsed(repository(spec))).toMatchObject({ value: { remote: { kind: "helm", cloud: "azure" } } });
    expect(parsed(chart(), repository(spec))).toMatchObject({ value: { remote: { kind: "helm", cloud: "azure" } } });
    expect(parsed(repository({ provider: "azure" }))).not.toHaveProperty("value.remote.cloud");
  });

  const refusals = [
    { spec: { url: "ftp://charts.example" }, path: "spec.url" },
    { spec: { url: "oci://registry.example/charts" }, path: "spec.url" },
    { spec: { type: "oci" }, path: "spec.url" },
    { spec: { provider: "github" }, path: "spec.provider" },
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

  test("of a registry is verified as it says", () => {
    const known = repository({ url: "oci://registry.example/charts/", type: "oci" });
    const verify = { provider: "cosign", secretRef: { name: "keys" } };
    const verification = { provider: "cosign", keys: { namespace: "shop", name: "keys" } };
    expect(parsed(chart({ verify }), known)).toMatchObject({ value: { verification } });
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

  const refusals = [
    {
      spec: { verify: { provider: "cosign", secretRef: { name: "keys" } } },
      says: "spec.verify: is only for charts of a HelmRepository of the type oci",
    },
    {
      spec: {
        verify: { provider: "cosign", secretRef: { name: "keys" } },
        sourceRef: { kind: "Bucket", name: "stable" },
      },
      says: "spec.verify: is only for charts of a HelmRepository of the type oci",
    },
    { spec: { verify: { provider: "notation" } }, says: "spec.verify.secretRef: is needed" },
    {
      spec: { sourceRef: { kind: "Bucket", name: "gone" } },
      says: "spec.sourceRef.name: Bucket 'gone' does not exist",
    },
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
    expect(problemsOf(chart(), repository({ provider: "github" }))).toEqual([
      expect.stringContaining("HelmRepository 'stable' cannot be used: spec.provider: "),
    ]);
  });
});

describe("a HelmChart among the files of another source", () => {
  const sourceRef = { kind: "GitRepository", name: "repo" };
  const git = (spec: object = {}) =>
    object("GitRepository", "repo", { url: "https://git.example/repo.git", interval: "1m", ...spec });
  const bucketSpec = { endpoint: "s3.example", bucketName: "charts", interval: "1m" };
  const ofFiles = (spec: object = {}, rest: object = {}) => chart({ chart: "./chart", sourceRef, ...spec }, rest);

  test("is made from that source, and asks nobody itself", () => {
    expect(parsed(ofFiles(), git({ suspend: true, secretRef: { name: "login" } }))).toEqual({
      ok: true,
      value: expect.objectContaining({
        key: "HelmChart/shop/web",
        url: "https://git.example/repo.git",
        remote: { kind: "derived" },
        origin: { source: "GitRepository/shop/repo", name: "GitRepository source 'repo'" },
        secrets: {},
        suspended: false,
        ref: {
          kind: "chart-path",
          value: "./chart",
          valuesFiles: [],
          ignoreMissing: false,
          perRevision: false,
          versionMetadata: "",
        },
      }) as unknown,
    });
    const bucket = object("Bucket", "repo", bucketSpec);
    const ofBucket = ofFiles({ sourceRef: { kind: "Bucket", name: "repo" } });
    expect(parsed(ofBucket, bucket)).toMatchObject({ value: { origin: { source: "Bucket/shop/repo" } } });
  });

  test("may be new with each revision, and is with each generation when it has values files", () => {
    expect(parsed(ofFiles({ reconcileStrategy: "Revision" }), git())).toMatchObject({
      value: { ref: { perRevision: true, versionMetadata: "" } },
    });
    expect(parsed(ofFiles({ valuesFiles: ["a.yaml"], ignoreMissingValuesFiles: true }), git())).toMatchObject({
      value: { ref: { valuesFiles: ["a.yaml"], ignoreMissing: true, versionMetadata: "3" } },
    });
  });

  test("takes the chart's own values for none, wherever the chart is from", () => {
    const valuesFiles = ["./values.yaml"];
    expect(parsed(ofFiles({ valuesFiles }), git())).toMatchObject({ value: { ref: { valuesFiles: [] } } });
    expect(parsed(chart({ valuesFiles }))).not.toHaveProperty("value.ref.repack");
  });

  test("remembers what its status tells of, unless that was made for another spec", () => {
    const artifact = { revision: "1.0.0", digest: DIGEST };
    const recorded = (observedGeneration: number) => {
      const result = parsed(ofFiles({}, { status: { artifact, observedGeneration } }), git());
      return result.ok ? result.value.recorded : undefined;
    };
    expect(recorded(3)).toMatchObject({ text: "1.0.0", commit: DIGEST });
    expect(recorded(2)).toBeNull();
  });

  test("says why that source cannot be used", () => {
    expect(problemsOf(ofFiles(), git({ url: "ftp://git.example/repo" }))).toEqual([
      expect.stringContaining("spec.sourceRef.name: GitRepository 'repo' cannot be used: spec.url"),
    ]);
  });
});
