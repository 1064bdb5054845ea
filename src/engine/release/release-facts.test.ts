import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { HelmRelease } from "#core/helm/release.ts";
import { noReleaseMemory, type ReleaseSnapshot } from "#core/release/release-memory.ts";
import type { ReleasePolicy } from "#core/release/release-policy.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import { configMap } from "../testing/fake-objects.ts";
import { TestEngine } from "../testing/engine.ts";
import { driftFound, isRollbackPossible, noteDrift, ownRecord } from "./release-facts.ts";
import { type HeldRelease, newReleaseState } from "./release-state.ts";
import type { StoredSummary } from "./release-store-index.ts";
import type { ReleaseWork } from "./release-work.ts";

const policy = {
  storageNamespace: "a",
  drift: "enabled",
  test: { ignoreFailures: false },
  install: { onFailure: { kind: "remediate", ignoreTests: false } },
  upgrade: { onFailure: { kind: "remediate", ignoreTests: true } },
} as ReleasePolicy;

let engine: TestEngine;
let one: ReleaseWork;

beforeEach(async () => {
  engine = new TestEngine();
  const work = await engine.work("shop", [configMap("x"), configMap("y")]);
  one = { work, policy, release: newReleaseState(null) };
});
afterEach(() => engine.stop());

function summary(version: number, writtenFor: string | null): StoredSummary {
  const status = "deployed";
  return {
    name: "web",
    namespace: "a",
    version,
    status,
    uid: `u${version}`,
    resourceVersion: "1",
    labels: {},
    writtenFor,
  };
}

function held(version: number, writtenFor: string | null): HeldRelease {
  const release: HelmRelease = {
    name: "web",
    namespace: "a",
    version,
    info: { status: "deployed" },
    chart: { metadata: { name: "web", version: "1.0.0", apiVersion: "v2" } },
    manifest: "",
  };
  const stored = { release, digest: `d${version}`, configDigest: "c" };
  const { desired } = one.work.state;
  if (!desired) throw new Error("nothing is desired");
  return { summary: summary(version, writtenFor), stored, desired, hooks: [] };
}

const known = (version: number): ReleaseSnapshot => ({
  name: "web",
  namespace: "a",
  version,
  status: "deployed",
  chartName: "web",
  chartVersion: "1.0.0",
  appVersion: "",
  ociDigest: "",
  digest: `d${version}`,
  configDigest: "c",
  firstDeployed: "",
  lastDeployed: "",
  deleted: "",
  tests: undefined,
  action: "install",
});

describe("ownRecord()", () => {
  const uid = () => one.work.state.app.object.uid;
  const versions = () => one.release.memory.history.map(({ version, action }) => `${version} ${action}`);

  test("takes a record that was written for this very object and that the status does not tell of", () => {
    ownRecord(one, held(1, uid()));
    expect(versions()).toEqual(["1 install"]);
    expect(one.release.released).toMatchObject({ ok: true, action: "install" });
    ownRecord(one, held(2, uid()));
    expect(versions()).toEqual(["2 upgrade", "1 install"]);
  });

  test("takes none that somebody else wrote, and none that is older than what is known", () => {
    ownRecord(one, held(1, null));
    ownRecord(one, held(1, "another"));
    expect(versions()).toEqual([]);
    one.release.memory = { ...noReleaseMemory, history: [known(3)] };
    ownRecord(one, held(2, uid()));
    expect(versions()).toEqual(["3 install"]);
    expect(one.release.released).toBeNull();
  });
});

describe("drift of a release", () => {
  const verdict = (name: string, kind: "same" | "missing" | "different") =>
    one.work.state.verdicts.set(
      keyOf(configMap(name)),
      kind === "different" ? { kind, paths: ["/data/a"], reason: "", drift: true, by: [] } : { kind },
    );

  test("is told object by object, by what differs or that it is gone", () => {
    verdict("x", "same");
    verdict("y", "same");
    expect(driftFound(one)).toBe(false);
    noteDrift(one);
    expect(one.release.drift).toEqual({ found: false, message: "" });
    verdict("x", "different");
    verdict("y", "missing");
    expect(driftFound(one)).toBe(true);
    noteDrift(one);
    expect(one.release.drift?.message).toBe("ConfigMap/a/x changed (/data/a)\nConfigMap/a/y removed");
  });

  test("is not looked for where that is switched off", () => {
    verdict("x", "missing");
    noteDrift({ ...one, policy: { ...policy, drift: "disabled" } });
    expect(one.release.drift).toBeNull();
  });
});

test("isRollbackPossible() needs the record of the last revision that was in use, and tested where that counts", () => {
  const failed = { ...known(2), tests: { t: { phase: "Failed" } } };
  one.release.memory = { ...noReleaseMemory, history: [{ ...known(3), status: "failed" }, failed, known(1)] };
  const memory = (lastAction: "install" | "upgrade") => {
    one.release.memory = { ...one.release.memory, lastAction };
  };
  memory("install");
  expect(isRollbackPossible(one, [summary(3, null), summary(2, null)])).toBe(false);
  expect(isRollbackPossible(one, [summary(3, null), summary(1, null)])).toBe(true);
  memory("upgrade");
  expect(isRollbackPossible(one, [summary(3, null), summary(2, null)])).toBe(true);
});
