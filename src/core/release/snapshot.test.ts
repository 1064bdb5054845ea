import { expect, test } from "vitest";
import type { HelmRelease } from "#core/helm/release.ts";
import { snapshotOf } from "./snapshot.ts";

const release: HelmRelease = {
  name: "web",
  namespace: "a",
  version: 3,
  info: {
    status: "deployed",
    first_deployed: "2026-03-01T10:00:00.5+01:00",
    last_deployed: "2026-03-02T10:00:00.999Z",
    deleted: "",
  },
  chart: { metadata: { name: "web", version: "1.0.0", apiVersion: "v2", appVersion: "9" } },
  manifest: "",
  hooks: [
    { name: "t", events: ["test"], last_run: { phase: "Succeeded", started_at: "2026-03-02T10:00:01.2Z" } },
    { name: "pre", events: ["pre-install"], last_run: { phase: "Succeeded" } },
  ],
};
const recorded = { release, digest: "sha256:d", configDigest: "sha256:c" };

test("snapshotOf() tells a revision with times as a status has them", () => {
  expect(snapshotOf(recorded, { ociDigest: "sha256:o", action: "upgrade", tested: false })).toEqual({
    name: "web",
    namespace: "a",
    version: 3,
    status: "deployed",
    chartName: "web",
    chartVersion: "1.0.0",
    appVersion: "9",
    ociDigest: "sha256:o",
    digest: "sha256:d",
    configDigest: "sha256:c",
    firstDeployed: "2026-03-01T09:00:00Z",
    lastDeployed: "2026-03-02T10:00:00Z",
    deleted: "",
    tests: undefined,
    action: "upgrade",
  });
});

test("snapshotOf() tells how the tests ran, and no other hooks", () => {
  const { tests } = snapshotOf(recorded, { ociDigest: "", action: "", tested: true });
  expect(tests).toEqual({ t: { started: "2026-03-02T10:00:01Z", phase: "Succeeded" } });
  const untested = { ...recorded, release: { ...release, hooks: [] } };
  expect(snapshotOf(untested, { ociDigest: "", action: "", tested: true }).tests).toEqual({});
});
