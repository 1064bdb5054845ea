import { describe, expect, test } from "vitest";
import type { StoredRevision } from "#core/release/decide-release.ts";
import { noReleaseMemory, type ReleaseMemory, type ReleaseSnapshot } from "#core/release/release-memory.ts";
import type { ReleasePolicy } from "#core/release/release-policy.ts";
import { fluxHelmDialect } from "#dialects/flux/flux-helm-dialect.ts";
import { nextAction } from "./cli-next-revision.ts";
import { vendorSettings } from "./cli-session.ts";

const stored: StoredRevision = { name: "web", namespace: "shop", version: 2, status: "deployed", digest: "two" };
const snapshot: ReleaseSnapshot = {
  ...stored,
  chartName: "app",
  chartVersion: "1.0.0",
  appVersion: "",
  ociDigest: "",
  configDigest: "values",
  firstDeployed: "",
  lastDeployed: "",
  deleted: "",
  tests: undefined,
  action: "upgrade",
};
const wanted = { chartName: "app", chartVersion: "1.0.0", configDigest: "values" };
const known: ReleaseMemory = {
  ...noReleaseMemory,
  history: [snapshot],
  lastAction: "upgrade",
  storageNamespace: "shop",
};

function policyOf(spec: object): ReleasePolicy {
  const chart = { spec: { chart: "app", sourceRef: { kind: "HelmRepository", name: "charts" } } };
  const object = {
    apiVersion: "helm.toolkit.fluxcd.io/v2",
    kind: "HelmRelease",
    metadata: { name: "web", namespace: "shop" },
    spec: { interval: "1m", chart, ...spec },
  };
  const parsed = fluxHelmDialect.parseApp(object, () => null, vendorSettings);
  if (!parsed.ok || !parsed.value.release) throw new Error("the test's own release is refused");
  return parsed.value.release;
}

function next(more: {
  memory?: Partial<ReleaseMemory>;
  stored?: StoredRevision | null;
  spec?: object;
  version?: string;
}) {
  return nextAction({
    policy: policyOf(more.spec ?? {}),
    memory: { ...known, ...more.memory },
    stored: more.stored === undefined ? stored : more.stored,
    wanted: { ...wanted, ...(more.version !== undefined && { chartVersion: more.version }) },
  });
}

describe("nextAction()", () => {
  test("is nothing where the newest revision is what is declared", () => {
    expect(next({})).toBeNull();
  });

  test("installs what is not there, and upgrades what is declared otherwise", () => {
    expect(next({ stored: null, memory: noReleaseMemory })?.action).toBe("install");
    expect(next({ version: "2.0.0" })).toEqual({ action: "upgrade", why: "chart changed" });
  });

  test("tells of an upgrade that was given up, also after it was undone", () => {
    const failed = { ...snapshot, status: "failed" as const, chartVersion: "2.0.0" };
    const memory = { history: [failed], failures: 1, upgradeFailures: 1 };
    const why = "Failed to upgrade after 1 attempt(s)";
    expect(next({ memory, stored: { ...stored, status: "failed" }, version: "2.0.0" })).toEqual({
      action: "upgrade",
      why,
    });
    expect(next({ memory: { failures: 1, upgradeFailures: 1 }, version: "2.0.0" })).toEqual({ action: "upgrade", why });
  });

  test("tells of an upgrade that is about to be undone", () => {
    const failed = { ...snapshot, status: "failed" as const };
    const memory = { history: [failed], failures: 1, upgradeFailures: 1 };
    const spec = { upgrade: { remediation: { retries: 3 } } };
    expect(next({ memory, spec, stored: { ...stored, status: "failed" } })?.action).toBe("upgrade");
  });

  test("tells of what is in the middle of something", () => {
    const locked = next({ stored: { ...stored, version: 3, status: "pending-upgrade" } });
    expect(locked).toEqual({ action: "upgrade", why: "release with status 'pending-upgrade'" });
  });

  test("makes no revision of tests that did not run, or failed", () => {
    const spec = { test: { enable: true } };
    expect(next({ spec })).toBeNull();
    const tested = { ...snapshot, tests: { check: { phase: "Failed" } } };
    expect(next({ spec, memory: { history: [tested], failures: 1, upgradeFailures: 1 } })).toBeNull();
  });
});
