import { describe, expect, test } from "vitest";
import { app, base, chart, problemsOf, release, usual } from "./testdata/helm-releases.ts";

describe("parseHelmRelease()", () => {
  test("fills in what a short spec leaves open", () => {
    const parsed = app(release(base));
    expect(parsed).toMatchObject({
      key: "hr/shop/web",
      dialect: "flux-helm",
      deleting: false,
      finalizer: { name: "finalizers.fluxcd.io", present: false, ensure: true },
      sources: [{ source: "HelmChart/shop/shop-web", inline: null, path: "" }],
      references: [],
      target: { cluster: "in-cluster", namespace: "shop", impersonate: null },
      policy: {
        mode: "auto",
        prune: true,
        selfHeal: false,
        allowEmpty: true,
        createNamespace: false,
        wait: "none",
        timeoutMs: 300_000,
        intervalMs: 600_000,
        retry: { limit: -1, baseMs: 600_000, factor: 1, maxMs: 600_000 },
        onDelete: "prune",
        propagation: "Background",
      },
      dependsOn: [],
      healthExpressions: [],
      suspended: false,
      refreshToken: null,
    });
    const action = { timeoutMs: 300_000, wait: true, waitForJobs: true, hooks: true };
    const writes = { ...action, takeOwnership: true, validateSchema: true };
    const remediate = { kind: "remediate", retries: 0, last: false, ignoreTests: false };
    expect(parsed.release).toEqual({
      name: "web",
      namespace: "shop",
      storageNamespace: "shop",
      maxHistory: 5,
      postRenderersDigest: "",
      commonMetadataDigest: "",
      renameChart: "reinstall",
      digestInVersion: false,
      install: {
        ...writes,
        crds: "Create",
        createNamespace: false,
        onFailure: { ...remediate, strategy: "uninstall" },
      },
      upgrade: {
        ...writes,
        crds: "Create",
        cleanupOnFail: false,
        preserveValues: false,
        onFailure: { ...remediate, strategy: "rollback" },
      },
      test: { enable: false, ignoreFailures: false, timeoutMs: 300_000, filters: [] },
      rollback: { ...action, cleanupOnFail: false },
      uninstall: { ...action, waitForJobs: false, keepHistory: false },
      drift: "disabled",
      forceToken: null,
      resetToken: null,
    });
  });

  test("reads every field of the actions", () => {
    const disabled = { disableHooks: true, disableWait: true, disableWaitForJobs: true };
    const writes = {
      ...disabled,
      crds: "CreateReplace",
      disableOpenAPIValidation: true,
      disableSchemaValidation: true,
      disableTakeOwnership: true,
    };
    const { release: policy } = app(
      release({
        ...base,
        timeout: "1m",
        targetNamespace: "prod",
        maxHistory: 0,
        install: {
          ...writes,
          createNamespace: true,
          remediation: { retries: -3, ignoreTestFailures: false, remediateLastFailure: true },
          replace: true,
          serverSideApply: true,
          skipCRDs: true,
          timeout: "2m",
        },
        upgrade: {
          ...writes,
          chartNameChangeStrategy: "InPlaceUpdate",
          cleanupOnFail: true,
          force: true,
          preserveValues: true,
          remediation: { retries: 2, strategy: "uninstall" },
          serverSideApply: "auto",
          timeout: "3m",
        },
        test: {
          enable: true,
          ignoreFailures: true,
          timeout: "4m",
          filters: [{ name: "a" }, { name: "b", exclude: true }],
        },
        rollback: {
          ...disabled,
          cleanupOnFail: true,
          force: true,
          recreate: true,
          serverSideApply: "enabled",
          timeout: "5m",
        },
        uninstall: { disableHooks: true, disableWait: true, keepHistory: true, timeout: "6m" },
      }),
    );
    const off = { wait: false, waitForJobs: false, hooks: false };
    const written = { ...off, crds: "CreateReplace", takeOwnership: false, validateSchema: false };
    expect(policy).toMatchObject({
      maxHistory: 0,
      renameChart: "upgrade",
      install: {
        ...written,
        timeoutMs: 120_000,
        createNamespace: true,
        onFailure: { kind: "remediate", retries: -1, strategy: "uninstall", last: true, ignoreTests: false },
      },
      upgrade: {
        ...written,
        timeoutMs: 180_000,
        // Ignored where objects are applied on the server.
        cleanupOnFail: true,
        preserveValues: true,
        onFailure: { kind: "remediate", retries: 2, strategy: "uninstall", last: true, ignoreTests: true },
      },
      test: {
        enable: true,
        ignoreFailures: true,
        timeoutMs: 240_000,
        filters: [
          { name: "a", exclude: false },
          { name: "b", exclude: true },
        ],
      },
      rollback: { ...off, timeoutMs: 300_000, cleanupOnFail: true },
      uninstall: { ...off, timeoutMs: 360_000, keepHistory: true },
    });
  });

  test("failures can be only tried again, after five minutes unless told otherwise", () => {
    const { release: policy } = app(
      release({
        ...base,
        install: { strategy: { name: "RetryOnFailure" }, remediation: { retries: 3 } },
        upgrade: { strategy: { name: "RetryOnFailure", retryInterval: "30s" } },
      }),
    );
    expect(policy?.install.onFailure).toEqual({ kind: "retry", intervalMs: 300_000 });
    expect(policy?.upgrade.onFailure).toEqual({ kind: "retry", intervalMs: 30_000 });
  });

  test("the last failure of an upgrade is undone too as soon as there are retries", () => {
    const last = (remediation: object) => {
      const { install, upgrade } = app(
        release({ ...base, install: { remediation }, upgrade: { remediation } }),
      ).release!;
      return [install, upgrade].map(({ onFailure }) => onFailure.kind === "remediate" && onFailure.last);
    };
    expect(last({ retries: 0 })).toEqual([false, false]);
    expect(last({ retries: 1 })).toEqual([false, true]);
    expect(last({ retries: 1, remediateLastFailure: false })).toEqual([false, false]);
  });

  test("the release is named and placed as upstream names and places it", () => {
    const named = (spec: object) => app(release({ ...base, ...spec }));
    expect(named({ targetNamespace: "prod" })).toMatchObject({
      target: { namespace: "prod" },
      release: { name: "prod-web", namespace: "prod", storageNamespace: "shop" },
    });
    expect(named({ targetNamespace: "prod", releaseName: "mine", storageNamespace: "helm" }).release).toMatchObject({
      name: "mine",
      namespace: "prod",
      storageNamespace: "helm",
    });
    expect(named({ install: { createNamespace: true } }).policy.createNamespace).toBe(false);
    expect(named({ targetNamespace: "prod", install: { createNamespace: true } }).policy.createNamespace).toBe(true);
    const { name } = app({ ...release(base), metadata: { name: "w".repeat(60), namespace: "shop" } }).release!;
    expect(name).toMatch(/^w{40}-[0-9a-f]{12}$/);
  });

  test("reads the rest of the spec", () => {
    const parsed = app(
      release({
        ...base,
        serviceAccountName: "deployer",
        dependsOn: [{ name: "db" }, { name: "mq", namespace: "infra", readyExpr: "dep.spec.x" }],
        driftDetection: { mode: "enabled", ignore: [{ paths: ["/spec/replicas"], target: { kind: "Deployment" } }] },
        healthCheckExprs: [{ apiVersion: "example.com/v1", kind: "Widget", current: "true", failed: "false" }],
        persistentClient: false,
        waitStrategy: { name: "legacy" },
        uninstall: { deletionPropagation: "foreground" },
        valuesFrom: [
          { kind: "Secret", name: "keys" },
          { kind: "Secret", name: "keys", valuesKey: "more" },
          { kind: "ConfigMap", name: "keys" },
        ],
      }),
    );
    expect(parsed).toMatchObject({
      target: { impersonate: "system:serviceaccount:shop:deployer" },
      dependsOn: [
        { key: "hr/shop/db", readyExpression: null },
        { key: "hr/infra/mq", readyExpression: "dep.spec.x" },
      ],
      policy: { selfHeal: true, propagation: "Foreground" },
      release: { drift: "enabled" },
      healthExpressions: [{ group: "example.com", kind: "Widget", current: "true", failed: "false", inProgress: null }],
      references: [
        { kind: "Secret", namespace: "shop", name: "keys" },
        { kind: "ConfigMap", namespace: "shop", name: "keys" },
      ],
    });
    expect(app(release(base), { ...usual, defaultServiceAccount: "default" }).target.impersonate).toBe(
      "system:serviceaccount:shop:default",
    );
  });

  test("changes what was rendered in upstream's order: own steps, common metadata, labels of origin", () => {
    const patches = [{ patch: "[]", target: { kind: "Deployment" } }];
    const images = [{ name: "a", newTag: "1" }];
    const { render } = app(
      release({
        ...base,
        postRenderStrategy: "nohooks",
        postRenderers: [{ kustomize: { patches } }, {}, { kustomize: { images } }],
        commonMetadata: { labels: { team: "a" } },
      }),
    ).sources[0]!;
    const labels = { "helm.toolkit.fluxcd.io/name": "web", "helm.toolkit.fluxcd.io/namespace": "shop" };
    expect(render).toEqual({
      kind: "chart",
      values: [],
      postRender: {
        strategy: "nohooks",
        steps: [{ kustomize: { patches } }, { kustomize: { images } }, { labels: { team: "a" } }, { labels }],
      },
    });
    expect(app(release(base)).sources[0]?.render).toMatchObject({
      postRender: { strategy: "combined", steps: [{ labels }] },
    });
  });

  test("a request to force or reset counts together with the same request to reconcile", () => {
    const asked = (annotations: Record<string, string>) => {
      const object = release(base);
      return app({ ...object, metadata: { ...object.metadata, annotations } });
    };
    const at = (name: string) => `reconcile.fluxcd.io/${name}`;
    const all = { [at("requestedAt")]: "1", [at("forceAt")]: "1", [at("resetAt")]: "1" };
    expect(asked(all)).toMatchObject({ refreshToken: "1", release: { forceToken: "1", resetToken: "1" } });
    expect(asked({ ...all, [at("requestedAt")]: "2" }).release).toMatchObject({ forceToken: null, resetToken: null });
    expect(asked({ [at("forceAt")]: "1" }).release?.forceToken).toBeNull();
  });

  test("a suspended release is orphaned when it is deleted, an adopted one is not suspended here", () => {
    const suspended = release({ ...base, suspend: true });
    expect(app(suspended)).toMatchObject({ suspended: true, policy: { onDelete: "orphan" } });
    const annotations = { "holdfast.dev/adopted": "2026-01-01T00:00:00Z false" };
    const adopted = app({ ...suspended, metadata: { ...suspended.metadata, annotations } });
    expect(adopted).toMatchObject({ suspended: false, policy: { onDelete: "prune" } });
    const before = { "holdfast.dev/adopted": "2026-01-01T00:00:00Z true" };
    expect(app({ ...suspended, metadata: { ...suspended.metadata, annotations: before } }).suspended).toBe(true);
  });

  test("the digest of the spec tells what is released from when it is", () => {
    const digest = (spec: object) => app(release({ ...base, ...spec })).specDigest;
    const usualDigest = digest({});
    for (const spec of [{ interval: "1h" }, { timeout: "1m" }, { suspend: true }, { dependsOn: [{ name: "a" }] }]) {
      expect(digest(spec)).toBe(usualDigest);
    }
    const values = { a: 1 };
    for (const spec of [
      { values },
      { postRenderStrategy: "separate" },
      { releaseName: "x" },
      { install: { replace: true } },
    ]) {
      expect(digest(spec)).not.toBe(usualDigest);
    }
    expect(digest({ values: { a: null } })).not.toBe(digest({ values: {} }));
  });
});

describe("refusals", () => {
  const chartRef = { kind: "OCIRepository", name: "podinfo" };
  const refusals: readonly { readonly spec: object; readonly says: string }[] = [
    { spec: { interval: "1m" }, says: "spec: either chart or chartRef must be set: neither is set" },
    { spec: { ...base, chartRef }, says: "spec: either chart or chartRef must be set: both are set" },
    { spec: { chart }, says: "spec.interval: is required" },
    { spec: { ...base, interval: "soon" }, says: "spec.interval: " },
    { spec: { ...base, install: { serverSideApply: false } }, says: "spec.install.serverSideApply: " },
    { spec: { ...base, upgrade: { serverSideApply: "disabled" } }, says: "spec.upgrade.serverSideApply: " },
    { spec: { ...base, rollback: { serverSideApply: "disabled" } }, says: "spec.rollback.serverSideApply: " },
    {
      spec: { ...base, install: { strategy: { name: "RemediateOnFailure", retryInterval: "1m" } } },
      says: "spec.install.strategy.retryInterval: ",
    },
    { spec: { ...base, upgrade: { crds: "Replace" } }, says: "spec.upgrade.crds: " },
    { spec: { ...base, values: "a: b" }, says: "spec.values: must be an object" },
    { spec: { ...base, valuesFrom: [{ kind: "Pod", name: "a" }] }, says: "spec.valuesFrom[0].kind: " },
    {
      spec: { ...base, valuesFrom: [{ kind: "Secret", name: "a", targetPath: "a b" }] },
      says: "spec.valuesFrom[0].targetPath: ",
    },
    { spec: { ...base, releaseName: "x".repeat(54) }, says: "spec.releaseName: " },
    { spec: { ...base, maxHistory: -1 }, says: "spec.maxHistory: must not be negative" },
    {
      spec: { ...base, driftDetection: { ignore: [{ paths: ["spec/replicas"] }] } },
      says: "spec.driftDetection.ignore[0].paths[0]: is no JSON pointer",
    },
  ];
  for (const { spec, says } of refusals) {
    test(says, () => {
      expect(problemsOf(release(spec))).toEqual([expect.stringContaining(says)]);
    });
  }

  test("sources of other namespaces where they are not allowed", () => {
    const own = { ...usual, ownNamespaceOnly: true };
    const sourceRef = { kind: "HelmRepository", name: "stable", namespace: "infra" };
    expect(problemsOf(release({ ...base, chart: { spec: { chart: "a", sourceRef } } }), own)).toEqual([
      "spec.chart.spec.sourceRef.namespace: cross-namespace references are not allowed: cannot access HelmChart infra/shop-web",
    ]);
    expect(problemsOf(release({ interval: "1m", chartRef: { ...chartRef, namespace: "infra" } }), own)).toEqual([
      "spec.chartRef.namespace: cross-namespace references are not allowed: cannot access OCIRepository infra/podinfo",
    ]);
    expect(problemsOf(release(base), own)).toEqual([]);
  });

  test("a release that is being deleted is not refused", () => {
    const deleted = (spec: object) => {
      const object = release(spec);
      return { ...object, metadata: { ...object.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
    };
    expect(problemsOf(deleted({ ...base, install: { serverSideApply: false } }))).toEqual([]);
    expect(app(deleted(base))).toMatchObject({ deleting: true, finalizer: { ensure: false } });
  });
});
