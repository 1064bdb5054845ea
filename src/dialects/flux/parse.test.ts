import { usualSettings } from "#core/app/settings.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { App } from "#core/app/app.ts";
import type { Resource } from "#core/resource/resource.ts";
import { parseGitRepository } from "./parse-git-repository.ts";
import { revisionOf } from "./parse-source.ts";
import { type KustomizationDetails, parseKustomization } from "./parse-kustomization.ts";
import { captured } from "./testdata/captured.ts";

const usual = usualSettings("flux-system");
const sourceRef = { kind: "GitRepository", name: "repo" };
const minimal = { interval: "5m", prune: true, sourceRef };

describe("parseKustomization()", () => {
  test("reads a captured object", () => {
    expect(app(captured("kustomization-ok"))).toMatchObject({
      key: "ks/cap-flux/ok",
      finalizer: { name: "finalizers.fluxcd.io", present: true, ensure: true },
      sources: [
        {
          source: "GitRepository/cap-flux/repo",
          path: "ok",
          render: { kind: "kustomize", generate: true, overrides: { namespace: "cap-target" } },
        },
      ],
      target: { cluster: "in-cluster", namespace: null, impersonate: null },
      policy: { wait: "all", timeoutMs: 40_000, intervalMs: 60_000, onDelete: "prune" },
      suspended: false,
      details: { commonMetadata: { labels: { team: "a" } } },
    });
  });

  const timeouts = [
    { interval: "5m", timeout: undefined, want: 270_000 },
    { interval: "50s", timeout: undefined, want: 30_000 },
    { interval: "1h", timeout: "10s", want: 30_000 },
    { interval: "1h", timeout: "1m30s", want: 90_000 },
  ];
  for (const { interval, timeout, want } of timeouts) {
    test(`interval ${interval} and timeout ${timeout} bound a sync to ${want} ms`, () => {
      const { policy } = app(kustomization({ ...minimal, interval, ...(timeout && { timeout }) }));
      expect(policy.timeoutMs).toBe(want);
    });
  }

  test("retries at the retry interval, or at the interval, for ever", () => {
    const every = (ms: number) => ({ limit: -1, baseMs: ms, factor: 1, maxMs: ms });
    expect(app(kustomization(minimal)).policy.retry).toEqual(every(300_000));
    expect(app(kustomization({ ...minimal, retryInterval: "500ms" })).policy.retry).toEqual(every(1_000));
    expect(app(kustomization({ ...minimal, retryInterval: "1h30m" })).policy.retry).toEqual(every(5_400_000));
  });

  const deletions = [
    { spec: {}, want: "prune" },
    { spec: { prune: false }, want: "orphan" },
    { spec: { prune: false, deletionPolicy: "Delete" }, want: "prune" },
    { spec: { deletionPolicy: "WaitForTermination" }, want: "prune-and-wait" },
    { spec: { deletionPolicy: "Orphan" }, want: "orphan" },
    { spec: { deletionPolicy: "Delete", suspend: true }, want: "orphan" },
  ];
  for (const { spec, want } of deletions) {
    test(`${JSON.stringify(spec)} makes deletion ${want}`, () => {
      expect(app(kustomization({ ...minimal, ...spec })).policy.onDelete).toBe(want);
    });
  }

  const gates = [
    { spec: {}, want: "none" },
    { spec: { wait: true, healthChecks: [{ kind: "Deployment", name: "a", namespace: "b" }] }, want: "all" },
    { spec: { healthChecks: [{ kind: "Deployment", name: "a", namespace: "b" }] }, want: ["apps/Deployment/b/a"] },
    {
      spec: { healthChecks: [{ apiVersion: "v1", kind: "Namespace", name: "a" }] },
      want: ["/Namespace//a"],
    },
    { spec: { healthChecks: [{ kind: "Kustomization", name: "apps", namespace: "shop" }] }, want: "none" },
  ];
  for (const { spec, want } of gates) {
    test(`${JSON.stringify(spec)} waits for ${JSON.stringify(want)}`, () => {
      expect(app(kustomization({ ...minimal, ...spec })).policy.wait).toEqual(want);
    });
  }

  test("references reach other namespaces, and the service account stays in its own", () => {
    const parsed = app(
      kustomization({
        ...minimal,
        sourceRef: { ...sourceRef, namespace: "sources" },
        dependsOn: [{ name: "a" }, { name: "b", namespace: "infra" }],
        serviceAccountName: "deployer",
      }),
    );
    expect(parsed.sources[0]?.source).toBe("GitRepository/sources/repo");
    expect(parsed.dependsOn).toEqual([
      { on: "app", key: "ks/shop/a", readyExpression: null },
      { on: "app", key: "ks/infra/b", readyExpression: null },
    ]);
    expect(parsed.target.impersonate).toBe("system:serviceaccount:shop:deployer");
  });

  test("what the build adds is handed on, and absent fields are not", () => {
    const overrides = {
      namespace: "shop",
      namePrefix: "a-",
      nameSuffix: "-z",
      patches: [{ patch: "[]", target: { kind: "Deployment" } }],
      images: [{ name: "web", newTag: "2" }],
      components: ["../metrics"],
      ignoreMissingComponents: true,
    };
    const { namespace: targetNamespace, ...rest } = overrides;
    const parsed = app(kustomization({ ...minimal, targetNamespace, ...rest }));
    expect(parsed.sources[0]?.render).toEqual({
      kind: "kustomize",
      generate: true,
      overrides: { ...overrides, imageMerge: "fields" },
    });
    const plain = app(kustomization(minimal));
    expect(plain.sources[0]?.render).toEqual({ kind: "kustomize", generate: true, overrides: {} });
  });

  for (const [path, want] of Object.entries({ "./x": "x", "/x//y/": "x/y", ".": "", "./a/./b": "a/b" })) {
    test(`the path ${path} is ${want || "the root"}`, () => {
      expect(app(kustomization({ ...minimal, path })).sources[0]?.path).toBe(want);
    });
  }

  test("the digest tells what is delivered, not when", () => {
    const digest = (spec: object) => app(kustomization({ ...minimal, ...spec })).specDigest;
    const same = [{ interval: "1m" }, { suspend: true }, { dependsOn: [{ name: "a" }] }, { timeout: "3m" }];
    for (const spec of same) expect(digest(spec)).toBe(digest({}));
    const other = [{ path: "x" }, { prune: false }, { commonMetadata: { labels: { a: "b" } } }, { force: true }];
    for (const spec of other) expect(digest(spec)).not.toBe(digest({}));
  });

  const refusals = [
    { spec: { sourceRef: { kind: "GitRepository" } }, path: "spec.sourceRef.name" },
    { spec: { interval: "soon" }, path: "spec.interval" },
    { spec: { interval: "9".repeat(40) + "h" }, path: "spec.interval" },
    { spec: { timeout: 30 }, path: "spec.timeout" },
    { spec: { prune: undefined }, path: "spec.prune" },
    { spec: { path: "../other" }, path: "spec.path" },
    { spec: { path: "a/../../b" }, path: "spec.path" },
    { spec: { patches: [{ patch: "x".repeat(300_000) }] }, path: "spec.patches[0].patch" },
    { spec: { healthChecks: [{ kind: "Deployment", name: 3 }] }, path: "spec.healthChecks[0].name" },
    { spec: { commonMetadata: { labels: { a: 1 } } }, path: "spec.commonMetadata.labels.a" },
    { spec: { deletionPolicy: "Maybe" }, path: "spec.deletionPolicy" },
  ];
  for (const { spec, path } of refusals) {
    test(`refuses ${JSON.stringify(spec).slice(0, 70)} at ${path}`, () => {
      const parsed = parseKustomization(kustomization({ ...minimal, ...spec }), usual);
      expect(parsed.ok ? [] : parsed.error.map((problem) => problem.path)).toEqual([path]);
    });
  }

  test("an app that is being deleted gets no finalizer any more", () => {
    const object = kustomization({ ...minimal, postBuild: { substitute: { A: "b" } } });
    const metadata = { ...object.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
    expect(parseKustomization({ ...object, metadata }, usual)).toMatchObject({
      ok: true,
      value: { deleting: true, finalizer: { ensure: false } },
    });
  });

  test("where it is said so, an app acts as the default account and stays in its namespace", () => {
    const settings = { ...usual, ownNamespaceOnly: true, defaultServiceAccount: "tenant" };
    const parsed = parseKustomization(kustomization(minimal), settings);
    expect(parsed).toMatchObject({ value: { target: { impersonate: "system:serviceaccount:shop:tenant" } } });
    const own = parseKustomization(kustomization({ ...minimal, serviceAccountName: "own" }), settings);
    expect(own).toMatchObject({ value: { target: { impersonate: "system:serviceaccount:shop:own" } } });
    const sourceRef = { kind: "GitRepository", name: "repo", namespace: "other" };
    const crossing = parseKustomization(kustomization({ ...minimal, sourceRef }), settings);
    const path = "spec.sourceRef.namespace";
    const message = "can't access 'GitRepository/other/repo', cross-namespace references have been blocked";
    expect(crossing).toEqual({ ok: false, error: [{ path, message }] });
  });

  test("clouds open what is encrypted as the account that is named for it, or as the default one", () => {
    const accountOf = (decryption: object, settings = usual) => {
      const parsed = parseKustomization(kustomization({ ...minimal, decryption }), settings);
      return parsed.ok && (parsed.value.details as KustomizationDetails).decryption?.account;
    };
    const settings = { ...usual, defaultDecryptionAccount: "tenant" };
    const named = { provider: "sops", serviceAccountName: "own" };
    expect(accountOf({ provider: "sops" })).toBeUndefined();
    expect(accountOf({ provider: "sops" }, settings)).toEqual({ namespace: "shop", name: "tenant" });
    expect(accountOf(named, settings)).toEqual({ namespace: "shop", name: "own" });
  });

  test("driftMode decides whether changes by others are taken back", () => {
    const healed = [undefined, "heal", "warn"].map((driftMode) => {
      const parsed = parseKustomization(kustomization({ ...minimal, ...(driftMode && { driftMode }) }), usual);
      return parsed.ok && parsed.value.policy.selfHeal;
    });
    expect(healed).toEqual([true, true, false]);
  });

  test("null members count as absent", () => {
    expect(parseKustomization(kustomization({ ...minimal, timeout: null, dependsOn: null }), usual).ok).toBe(true);
  });

  test("no JSON makes it throw", () => {
    const values = fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(minimal)));
    const specs = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom(...fields), values).map((spec) => ({ ...minimal, ...spec })),
    );
    fc.assert(
      fc.property(specs, (spec) => {
        const parsed = parseKustomization(kustomization(spec), usual);
        if (!parsed.ok) expect(parsed.error.every(({ path }) => path.startsWith("spec"))).toBe(true);
        expect(parsed.ok || parsed.error.length > 0).toBe(true);
        parseGitRepository(kustomization(spec));
      }),
    );
  });
});

describe("parseGitRepository()", () => {
  const base = { interval: "1m", url: "https://example.com/repo.git" };
  const refs = [
    { ref: undefined, want: { kind: "branch", value: "master" } },
    { ref: { branch: "main" }, want: { kind: "branch", value: "main" } },
    { ref: { branch: "main", tag: "v1" }, want: { kind: "tag", value: "v1" } },
    { ref: { tag: "v1", semver: ">=1" }, want: { kind: "semver", value: ">=1" } },
    { ref: { semver: ">=1", name: "refs/pull/1/head" }, want: { kind: "name", value: "refs/pull/1/head" } },
    { ref: { name: "refs/heads/a", commit: "abcdef0" }, want: { kind: "commit", value: "abcdef0" } },
  ];
  for (const { ref, want } of refs) {
    test(`follows ${JSON.stringify(want)} for ${JSON.stringify(ref)}`, () => {
      const parsed = parseGitRepository(gitRepository({ ...base, ...(ref && { ref }) }));
      expect(parsed).toMatchObject({ ok: true, value: { ref: want, timeoutMs: 60_000, secrets: {}, ignore: null } });
    });
  }

  test("reads credentials, ignore rules and the request token", () => {
    const object = gitRepository({ ...base, secretRef: { name: "git" }, ignore: "", suspend: true, timeout: "20s" });
    const annotations = { "reconcile.fluxcd.io/requestedAt": "now" };
    const parsed = parseGitRepository({ ...object, metadata: { ...object.metadata, annotations } });
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        key: "GitRepository/shop/repo",
        secrets: { credential: { namespace: "shop", name: "git" } },
        ignore: "",
        suspended: true,
        timeoutMs: 20_000,
        requestToken: "now",
      },
    });
  });

  test.each([
    [undefined, { commit: true, tag: false }],
    ["head", { commit: true, tag: false }],
    ["HEAD", { commit: true, tag: false }],
    ["Tag", { commit: false, tag: true }],
    ["TagAndHEAD", { commit: true, tag: true }],
  ])("verifies for the mode %s %j", (mode, want) => {
    const verify = { ...(mode && { mode }), secretRef: { name: "keys" } };
    const parsed = parseGitRepository(gitRepository({ ...base, verify }));
    const verification = { ...want, keys: { namespace: "shop", name: "keys" } };
    expect(parsed).toMatchObject({ ok: true, value: { verification } });
  });

  test("submodules and an app at GitHub are part of how the repository is spoken to", () => {
    const remoteOf = (spec: object) => {
      const parsed = parseGitRepository(gitRepository({ ...base, ...spec }));
      return parsed.ok ? parsed.value.remote : parsed.error;
    };
    expect(remoteOf({ recurseSubmodules: true })).toEqual({ kind: "git", submodules: true });
    expect(remoteOf({ recurseSubmodules: false, provider: "generic" })).toEqual({ kind: "git" });
    expect(remoteOf({ provider: "github" })).toEqual({ kind: "git", githubApp: true });
  });

  test("a cloud is part of how the repository is spoken to, and a service account of whom it is read as", () => {
    const parsed = parseGitRepository(gitRepository({ ...base, provider: "azure", serviceAccountName: "reader" }));
    const account = { namespace: "shop", name: "reader" };
    expect(parsed).toMatchObject({ ok: true, value: { remote: { kind: "git", cloud: "azure" }, account } });
  });

  const refusals = [
    { spec: { url: "file:///etc" }, path: "spec.url" },
    { spec: { url: "ext::sh" }, path: "spec.url" },
    { spec: { timeout: "1h" }, path: "spec.timeout" },
    { spec: { verify: { mode: "tag", secretRef: { name: "a" } } }, path: "spec.verify.mode" },
    { spec: { provider: "gcp" }, path: "spec.provider" },
    { spec: { serviceAccountName: "reader" }, path: "spec.serviceAccountName" },
    { spec: { provider: "github", serviceAccountName: "reader" }, path: "spec.serviceAccountName" },
    { spec: { ref: { branch: 1 } }, path: "spec.ref.branch" },
  ];
  for (const { spec, path } of refusals) {
    test(`refuses ${JSON.stringify(spec)} at ${path}`, () => {
      const parsed = parseGitRepository(gitRepository({ ...base, ...spec }));
      expect(parsed.ok ? [] : parsed.error.map((problem) => problem.path)).toEqual([path]);
    });
  }

  test("revisions read as upstream writes them", () => {
    const commit = "48a197c61fc580e12fc2102643046d5f5de060b1";
    const written = (ref: object, refName: string | null) => {
      const parsed = parseGitRepository(gitRepository({ ...base, ref }));
      if (!parsed.ok) throw new Error("expected a source");
      return revisionOf(parsed.value, commit, refName).text;
    };
    expect(written({ branch: "main" }, "refs/heads/main")).toBe(`main@sha1:${commit}`);
    expect(written({ semver: "1.x" }, "refs/tags/v1.2.3")).toBe(`v1.2.3@sha1:${commit}`);
    expect(written({ commit }, null)).toBe(`sha1:${commit}`);
    expect(written({ name: "refs/pull/1/head" }, "refs/pull/1/head")).toBe(`refs/pull/1/head@sha1:${commit}`);
  });
});

const fields = [
  "interval",
  "path",
  "prune",
  "sourceRef",
  "dependsOn",
  "healthChecks",
  "patches",
  "timeout",
  "url",
  "ref",
];

function kustomization(spec: unknown): Resource {
  const metadata = { name: "apps", namespace: "shop", generation: 1 };
  return { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization", metadata, spec };
}

function gitRepository(spec: unknown): Resource {
  const metadata = { name: "repo", namespace: "shop", generation: 1 };
  return { apiVersion: "source.toolkit.fluxcd.io/v1", kind: "GitRepository", metadata, spec };
}

function app(object: Resource): App {
  const parsed = parseKustomization(object, usual);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}
