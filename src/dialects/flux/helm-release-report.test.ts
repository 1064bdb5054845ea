import { describe, expect, test } from "vitest";
import type { AppReport } from "#core/app/app-report.ts";
import type { ReleaseMemory } from "#core/release/release-memory.ts";
import type { ReleaseReport } from "#core/release/release-report.ts";
import { captured } from "./testdata/captured.ts";
import { conditionsIn, fresh, memoryOf, outcome, released, written } from "./testdata/helm-reports.ts";
import { finished, now, result, target } from "./testdata/reports.ts";

const timedOut = "timeout waiting for: [Deployment/cap-target/fails status: 'InProgress']";
const limited = "client rate limiter Wait returned an error: rate: Wait(n=1) would exceed context deadline";

const rel = memoryOf("helmrelease-rel");
const fails = memoryOf("helmrelease-fails");
const good = memoryOf("helmrelease-good-upgraded");

describe("reportHelmRelease()", () => {
  const object = fresh(captured("helmrelease-rel"));
  const done = captured("helmrelease-good-upgraded");

  test("a running action is told with its timeout, an installation also in Ready", () => {
    const running = (action: "install" | "test", more: Partial<ReleaseReport> = {}) =>
      conditionsIn(
        written(object, {
          phase: { kind: "syncing", step: "apply" },
          release: released(rel, { ...more, running: { action, timeoutMs: 300_000 } }),
        }),
      );
    const text = "Running 'install' action with timeout of 5m0s";
    expect(running("install")).toEqual({
      Ready: ["Unknown", "Progressing", text],
      Reconciling: ["True", "Progressing", text],
    });
    const untested = { ...rel, history: rel.history.map((one) => ({ ...one, tests: undefined })) };
    const installed = "Helm install succeeded for release cap-target/rel.v1 with chart app@1.0.0";
    const awaits = [
      "Unknown",
      "AwaitingTests",
      "Helm release cap-target/rel.v1 with chart app@1.0.0 is awaiting tests",
    ];
    expect(running("test", { released: outcome(untested, { action: "install" }) })).toEqual({
      Reconciling: ["True", "Progressing", "Running 'test' action with timeout of 5m0s"],
      Released: ["True", "InstallSucceeded", installed],
      TestSuccess: awaits,
      Ready: awaits,
    });
  });

  test("tests that passed are counted", () => {
    const { Ready, TestSuccess } = conditionsIn(
      written(object, {
        phase: { kind: "synced" },
        release: released(rel, {
          released: outcome(rel, { action: "install" }),
          tested: outcome(rel, { action: "test", message: "1 test hook completed successfully" }),
        }),
      }),
    );
    const said =
      "Helm test succeeded for release cap-target/rel.v1 with chart app@1.0.0: 1 test hook completed successfully";
    expect(TestSuccess).toEqual(["True", "TestSucceeded", said]);
    expect(Ready).toEqual(TestSuccess);
  });

  test("a failed test that is ignored does not make Ready false", () => {
    const spec = { ...(object["spec"] as object), test: { enable: true, ignoreFailures: true } };
    const { Ready } = conditionsIn(
      written(
        { ...object, spec },
        {
          phase: { kind: "synced" },
          release: released(rel, {
            released: outcome(rel, { action: "install" }),
            tested: outcome(rel, { ok: false, action: "test", message: limited }),
          }),
        },
      ),
    );
    expect(Ready?.slice(0, 2)).toEqual(["True", "InstallSucceeded"]);
  });

  test("a rollback leaves Ready false, names the revision it went back to and is tried again", () => {
    const { Ready, Remediated, Reconciling, Released } = conditionsIn(
      written(done, {
        phase: { kind: "sync-failed", step: "health", message: "x", retryAt: now },
        release: released(good, {
          released: outcome(good, { ok: false, action: "upgrade", message: " no \n" }),
          // The revision that the rollback made, not the one that it went back to.
          remediated: outcome(good, { action: "rollback" }),
        }),
      }),
    );
    const back = "Helm rollback to previous release cap-target/cap-target-good.v1 with chart app@1.0.0 succeeded";
    expect(Released).toEqual([
      "False",
      "UpgradeFailed",
      "Helm upgrade failed for release cap-target/cap-target-good with chart app@1.0.0: no",
    ]);
    expect(Remediated).toEqual(["True", "RollbackSucceeded", back]);
    expect(Ready).toEqual(["False", "RollbackSucceeded", back]);
    expect(Reconciling).toEqual(["True", "ProgressingWithRetry", back]);
  });

  test("a removal after a failure is told with the failure that it follows", () => {
    const uninstalled = fails.history.map((one) => ({
      ...one,
      status: "uninstalled" as const,
      action: "uninstall" as const,
    }));
    const { status, events } = written(fresh(captured("helmrelease-fails")), {
      phase: { kind: "sync-failed", step: "health", message: timedOut, retryAt: now },
      release: released(
        { ...fails, history: uninstalled, failures: 1, installFailures: 1 },
        {
          released: outcome(fails, { ok: false, action: "install", message: timedOut }),
          remediated: outcome(fails, { action: "uninstall" }),
        },
      ),
    });
    const said = "Helm uninstall remediation for release cap-target/fails.v1 with chart app@1.0.0 succeeded";
    expect(conditionsIn({ status })["Ready"]).toEqual(["False", "UninstallSucceeded", said]);
    expect(status).toMatchObject({ observedGeneration: -1, history: [{ action: "uninstall-remediation" }] });
    expect(events.map(({ type, reason }) => [type, reason])).toEqual([
      ["Warning", "InstallFailed"],
      ["Normal", "UninstallSucceeded"],
    ]);
  });

  test("a removal without a record is told by the newest revision, one with its object as no failure", () => {
    const removed = { ...outcome(good, { action: "uninstall" }), snapshot: null };
    const says = {
      phase: { kind: "sync-failed", step: "prune", message: "x", retryAt: now },
      release: released(good, { remediated: removed }),
    } as const;
    const about = "release cap-target/cap-target-good.v2 with chart app@1.0.0";
    expect(conditionsIn(written(done, says))["Remediated"]?.[2]).toBe(
      `Helm uninstall remediation for ${about} succeeded`,
    );
    const deleted = { ...done, metadata: { ...done.metadata, deletionTimestamp: "2026-11-21T11:00:00Z" } };
    const failed = { ...removed, ok: false, message: "no" };
    const { Released, Remediated, Ready } = conditionsIn(
      written(deleted, { ...says, release: released(good, { remediated: failed }) }),
    );
    expect(Released).toEqual(["False", "UninstallFailed", `Helm uninstall failed for ${about}: no`]);
    expect([Remediated, Ready]).toEqual([undefined, Released]);
  });

  test("what was rolled back to what is wanted now is no failure any more", () => {
    const stored = (type: string, status: string, reason: string) => ({
      type,
      status,
      reason,
      message: "",
      observedGeneration: 2,
    });
    const conditions = [
      stored("Ready", "False", "RollbackSucceeded"),
      stored("Released", "False", "UpgradeFailed"),
      stored("Remediated", "True", "RollbackSucceeded"),
    ];
    const failed = { ...done, status: { ...(done["status"] as object), conditions } };
    const { status, events } = written(failed, { phase: { kind: "synced" }, release: released(good) });
    const said = "Helm upgrade succeeded for release cap-target/cap-target-good.v2 with chart app@1.0.0";
    expect(conditionsIn({ status })).toEqual({
      Ready: ["True", "UpgradeSucceeded", said],
      Released: ["True", "UpgradeSucceeded", said],
    });
    expect(events).toEqual([]);
  });

  test("a failure that is only tried again says when, and is observed meanwhile", () => {
    const failed = (upgrade: object) =>
      written(fresh({ ...done, spec: { ...(done["spec"] as object), upgrade } }), {
        phase: { kind: "sync-failed", step: "apply", message: "no", retryAt: now },
        release: released(good, { released: outcome(good, { ok: false, action: "upgrade", message: "no" }) }),
      });
    const { status } = failed({ strategy: { name: "RetryOnFailure", retryInterval: "90s" } });
    const { Reconciling, Stalled } = conditionsIn({ status });
    expect(Reconciling).toEqual(["True", "ProgressingWithRetry", "retrying after 1m30s"]);
    expect(Stalled).toBeUndefined();
    expect(status["observedGeneration"]).toBe(2);
    expect(failed({ remediation: { retries: 1 } }).status["observedGeneration"]).toBe(-1);
  });

  test("a lock that was taken off is told with the state it was in", () => {
    const { Released } = conditionsIn(
      written(done, {
        phase: { kind: "syncing", step: "apply" },
        release: released(good, {
          released: outcome(good, { action: "unlock", message: "pending-upgrade" }),
          running: { action: "upgrade", timeoutMs: 60_000 },
        }),
      }),
    );
    expect(Released).toEqual([
      "False",
      "PendingRelease",
      "Unlocked Helm release cap-target/cap-target-good.v2 with chart app@1.0.0 in pending-upgrade state",
    ]);
  });

  test("drift is told when it is found, in Drifted and as a warning, and once more when it is gone", () => {
    const lines = "Deployment/cap-target/web changed (0 additions, 1 changes, 0 removals)";
    const told = { drift: { found: true, message: lines } };
    const drifted = written(done, { phase: { kind: "out-of-sync" }, release: released(good, told) });
    const said = `Cluster state of release cap-target/cap-target-good.v2 has drifted from the desired state:\n${lines}`;
    expect(conditionsIn(drifted)).toMatchObject({
      Drifted: ["True", "DriftDetected", said],
      Ready: ["True", "UpgradeSucceeded", expect.any(String)],
    });
    expect(conditionsIn(drifted)["Drift"]).toBeUndefined();
    const annotations = {
      "helm.toolkit.fluxcd.io/revision": "1.0.0",
      "helm.toolkit.fluxcd.io/token": good.history[0]?.configDigest,
    };
    expect(drifted.events).toEqual([{ type: "Warning", reason: "DriftDetected", message: said, annotations }]);
    const after = { ...done, status: drifted.status };
    expect(written(after, { phase: { kind: "out-of-sync" }, release: released(good, told) }).events).toEqual([]);
    const corrected = written(after, {
      phase: { kind: "synced" },
      sync: finished([result(target("apps", "Deployment", "web"), "changed")]),
      release: released(good, { drift: { found: false, message: "" } }),
    });
    expect(corrected.events.map(({ reason, message }) => [reason, message])).toEqual([
      [
        "DriftCorrected",
        "Cluster state of release cap-target/cap-target-good.v2 has been corrected:\nDeployment/cap-target/web configured",
      ],
    ]);
  });

  test("Drifted goes when nobody looks for drift any more", () => {
    const spec = { ...(done["spec"] as object), driftDetection: { mode: "disabled" } };
    const { Drifted } = conditionsIn(
      written({ ...done, spec }, { phase: { kind: "synced" }, release: released(good) }),
    );
    expect(Drifted).toBeUndefined();
  });

  test("an outcome that is still remembered says nothing anew while something else is waited for", () => {
    const phase: AppReport["phase"] = { kind: "dependency", on: "hr/a/b", message: "dependency 'a/b' is not ready" };
    const failed = outcome(good, { ok: false, action: "upgrade", message: "no" });
    const says = { phase, release: released(good, { released: failed }) };
    const first = written(done, says);
    expect(first.events.map(({ reason }) => reason)).toEqual(["UpgradeFailed", "DependencyNotReady"]);
    const again = written({ ...done, status: first.status }, says);
    expect(again).toEqual({ ...first, events: [] });
    const settled = { phase: { kind: "synced" }, release: says.release } as const;
    const after = written({ ...done, status: first.status }, settled);
    expect(conditionsIn(after)["Ready"]?.slice(0, 2)).toEqual(["True", "UpgradeSucceeded"]);
    expect(after.events).toEqual([]);
    expect(written({ ...done, status: after.status }, settled)).toEqual(after);
  });

  test("what was said of an earlier generation is not said of the present one", () => {
    const newer = { ...done, metadata: { ...done.metadata, generation: 3 } };
    const { status } = written(newer, {
      phase: { kind: "synced" },
      release: released(good, { released: outcome(good, { action: "upgrade", generation: 2 }) }),
    });
    const { conditions = [] } = status as { conditions?: readonly { type: string; observedGeneration: number }[] };
    const generations = Object.fromEntries(
      conditions.map(({ type, observedGeneration }) => [type, observedGeneration]),
    );
    expect(generations).toMatchObject({ Released: 2, Ready: 3 });
  });

  test("outcomes are told once, with what they are about", () => {
    const says: Partial<AppReport> = {
      phase: { kind: "synced" },
      release: released(good, { released: outcome(good, { action: "upgrade" }) }),
    };
    const { status, events } = written(fresh(done), says);
    expect(events).toEqual([
      {
        type: "Normal",
        reason: "UpgradeSucceeded",
        message: "Helm upgrade succeeded for release cap-target/cap-target-good.v2 with chart app@1.0.0",
        annotations: {
          "helm.toolkit.fluxcd.io/revision": "1.0.0",
          "helm.toolkit.fluxcd.io/token": good.history[0]?.configDigest,
        },
      },
    ]);
    expect(written({ ...done, status }, says).events).toEqual([]);
  });

  test("tokens that were handled, counts and digests are kept, and go when they are zero", () => {
    const memory: ReleaseMemory = {
      ...good,
      failures: 3,
      upgradeFailures: 2,
      forceToken: "f",
      resetToken: "r",
      commonMetadataDigest: "sha256:c",
      attempted: good.attempted && { ...good.attempted, ociDigest: "sha256:o" },
    };
    const { status } = written(done, { phase: { kind: "synced" }, handledToken: "t", release: released(memory) });
    expect(status).toMatchObject({
      failures: 3,
      upgradeFailures: 2,
      lastHandledForceAt: "f",
      lastHandledReconcileAt: "t",
      lastHandledResetAt: "r",
      lastAttemptedRevisionDigest: "sha256:o",
      observedCommonMetadataDigest: "sha256:c",
    });
    const after = { ...done, status };
    const { status: healthy } = written(after, { phase: { kind: "synced" }, release: released(good) });
    for (const field of ["failures", "upgradeFailures", "lastAttemptedRevisionDigest"]) {
      expect(healthy).not.toHaveProperty(field);
    }
    expect(healthy).toMatchObject({ lastHandledForceAt: "f" });
  });
});
