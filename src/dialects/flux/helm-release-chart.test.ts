import { describe, expect, test } from "vitest";
import { captured } from "./testdata/captured.ts";
import { app, base, release } from "./testdata/helm-releases.ts";

describe("the chart of a HelmRelease", () => {
  test("the HelmChart is the one that upstream makes", () => {
    const { managedFields, uid, resourceVersion, creationTimestamp, generation, finalizers, ...metadata } =
      captured("helmchart-rel").metadata;
    const { spec } = captured("helmchart-rel");
    const declared = app(captured("helmrelease-rel")).declares;
    expect(declared).toEqual({ apiVersion: "source.toolkit.fluxcd.io/v1", kind: "HelmChart", metadata, spec });
  });

  test("a HelmChart of a short spec has the defaults of the definition", () => {
    expect(app(release(base)).declares?.["spec"]).toEqual({
      chart: "podinfo",
      interval: "10m0s",
      reconcileStrategy: "ChartVersion",
      sourceRef: { kind: "HelmRepository", name: "stable" },
      version: "*",
    });
  });

  test("the HelmChart has what the template says, in the namespace of its source", () => {
    const template = {
      metadata: { labels: { a: "b", "helm.toolkit.fluxcd.io/name": "other" }, annotations: { c: "d" } },
      spec: {
        chart: "podinfo",
        version: "6.x",
        interval: "90s",
        reconcileStrategy: "Revision",
        sourceRef: { kind: "HelmRepository", name: "stable", namespace: "infra", apiVersion: "v1" },
        valuesFiles: ["values.yaml", "prod.yaml"],
        ignoreMissingValuesFiles: true,
        verify: { provider: "cosign", secretRef: { name: "keys" } },
      },
    };
    const parsed = app(release({ ...base, chart: template }));
    expect(parsed.sources[0]?.source).toBe("HelmChart/infra/shop-web");
    expect(parsed.declares).toMatchObject({
      metadata: {
        name: "shop-web",
        namespace: "infra",
        labels: { a: "b", "helm.toolkit.fluxcd.io/name": "web", "helm.toolkit.fluxcd.io/namespace": "shop" },
        annotations: { c: "d" },
      },
      spec: {
        ...template.spec,
        interval: "1m30s",
        sourceRef: { kind: "HelmRepository", name: "stable" },
      },
    });
  });

  test("a chart of others is followed without making one", () => {
    const ref = (kind: string, namespace?: string) =>
      app(release({ interval: "1m", chartRef: { kind, name: "podinfo", ...(namespace && { namespace }) } }));
    expect(ref("OCIRepository")).toMatchObject({
      declares: null,
      sources: [{ source: "OCIRepository/shop/podinfo" }],
      release: { digestInVersion: true },
    });
    expect(ref("HelmChart", "infra")).toMatchObject({
      declares: null,
      sources: [{ source: "HelmChart/infra/podinfo" }],
      release: { digestInVersion: false },
    });
  });
});

describe("digests are those that upstream writes", () => {
  test("of post-renderers", () => {
    const { status } = captured("helmrelease-fails") as unknown as { status: Record<string, string> };
    const digest = status["observedPostRenderersDigest"];
    expect(digest).toMatch(/^sha256:/);
    expect(app(captured("helmrelease-fails")).release?.postRenderersDigest).toBe(digest);
    const of = (postRenderers: unknown) => app(release({ ...base, postRenderers })).release?.postRenderersDigest;
    const target = { name: "n", kind: "k", labelSelector: "l", group: "", version: "v" };
    const ordered = [
      { kustomize: { patches: [{ target: { version: "v", kind: "k", name: "n", labelSelector: "l" }, patch: "p" }] } },
    ];
    expect(of([{ kustomize: { images: [], patches: [{ patch: "p", target }] } }])).toBe(of(ordered));
    // printf '[]\n' | sha256sum
    expect(of([])).toBe("sha256:37517e5f3dc66819f61f5a7bb8ace1921282415f10551d2defa5c3eb0985b570");
  });

  test("of the common metadata, with the escapes of Go", () => {
    const commonMetadata = { labels: { team: "a" }, annotations: { b: "1", a: "<x> & y" } };
    expect(app(release({ ...base, commonMetadata })).release?.commonMetadataDigest).toBe(
      // printf '{"annotations":{"a":"\\u003cx\\u003e \\u0026 y","b":"1"},"labels":{"team":"a"}}\n' | sha256sum
      "sha256:1fbdf55a560584138c79797ddc5c764e88f7f4390d095331887b210fa5b37b52",
    );
  });
});
