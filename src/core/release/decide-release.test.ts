import { describe, expect, test } from "vitest";
import { decideAfterRemediation, decideRelease, type ReleaseQuestion, type StoredRevision } from "./decide-release.ts";
import { noReleaseMemory, type ReleaseMemory, type ReleaseSnapshot } from "./release-memory.ts";
import type { FailurePolicy, ReleasePolicy } from "./release-policy.ts";

const remediate = (more: Partial<Extract<FailurePolicy, { kind: "remediate" }>> = {}): FailurePolicy => ({
  kind: "remediate",
  retries: 0,
  strategy: "rollback",
  last: false,
  ignoreTests: false,
  ...more,
});
const action = { timeoutMs: 1000, wait: true, waitForJobs: true, hooks: true };
const write = { ...action, crds: "Create", takeOwnership: true, validateSchema: true } as const;

function policy(more: Partial<ReleasePolicy> = {}): ReleasePolicy {
  return {
    name: "web",
    namespace: "shop",
    storageNamespace: "shop",
    maxHistory: 5,
    postRenderersDigest: "",
    commonMetadataDigest: "",
    renameChart: "reinstall",
    digestInVersion: false,
    install: { ...write, onFailure: remediate({ strategy: "uninstall" }), createNamespace: false },
    upgrade: { ...write, onFailure: remediate(), cleanupOnFail: false, preserveValues: false },
    test: { enable: false, ignoreFailures: false, timeoutMs: 1000, filters: [] },
    rollback: { ...action, cleanupOnFail: false },
    uninstall: { ...action, keepHistory: false },
    drift: "disabled",
    forceToken: null,
    resetToken: null,
    ...more,
  };
}

const snapshot: ReleaseSnapshot = {
  name: "web",
  namespace: "shop",
  version: 2,
  status: "deployed",
  chartName: "app",
  chartVersion: "1.0.0",
  appVersion: "",
  ociDigest: "",
  digest: "sha256:two",
  configDigest: "sha256:values",
  firstDeployed: "",
  lastDeployed: "",
  deleted: "",
  tests: undefined,
  action: "upgrade",
};

const deployed: StoredRevision = {
  name: "web",
  namespace: "shop",
  version: 2,
  status: "deployed",
  digest: "sha256:two",
};

function memory(more: Partial<ReleaseMemory> = {}): ReleaseMemory {
  return { ...noReleaseMemory, history: [snapshot], lastAction: "upgrade", storageNamespace: "shop", ...more };
}

function question(more: Partial<ReleaseQuestion> = {}): ReleaseQuestion {
  return {
    policy: policy(),
    memory: memory(),
    stored: deployed,
    wanted: { chartName: "app", chartVersion: "1.0.0", configDigest: "sha256:values" },
    drifted: false,
    canRollBack: true,
    done: [],
    ...more,
  };
}

const decided = (more: Partial<ReleaseQuestion> = {}) => {
  const decision = decideRelease(question(more));
  return decision.kind === "act" ? decision.action : decision.kind;
};

describe("decideRelease()", () => {
  test("installs what has no record, and what was uninstalled", () => {
    expect(decided({ stored: null, memory: memory({ history: [] }) })).toBe("install");
    expect(decided({ stored: { ...deployed, status: "uninstalled" } })).toBe("install");
  });

  test("rests on a release that is as wanted", () => {
    expect(decided()).toBe("rest");
  });

  test.each(["pending-install", "pending-upgrade", "pending-rollback"] as const)(
    "unlocks what is left %s",
    (status) => {
      expect(decided({ stored: { ...deployed, status } })).toBe("unlock");
    },
  );

  test("upgrades a release that is not what the status knows, and forgets that", () => {
    const changed = { kind: "act", action: "upgrade", forget: true };
    expect(decideRelease(question({ memory: memory({ history: [] }) }))).toMatchObject(changed);
    expect(decideRelease(question({ stored: { ...deployed, digest: "sha256:x" } }))).toMatchObject(changed);
    expect(decideRelease(question({ stored: { ...deployed, version: 3 } }))).toMatchObject(changed);
    expect(decideRelease(question({ stored: { ...deployed, status: "superseded" } }))).toMatchObject(changed);
  });

  test.each([
    ["chart", { wanted: { chartName: "app", chartVersion: "1.1.0", configDigest: "sha256:values" } }],
    ["values", { wanted: { chartName: "app", chartVersion: "1.0.0", configDigest: "sha256:more" } }],
    ["post-renderers", { policy: policy({ postRenderersDigest: "sha256:p" }) }],
    ["common metadata", { policy: policy({ commonMetadataDigest: "sha256:c" }) }],
  ])("upgrades when the %s changed, and keeps the history", (_what, more: Partial<ReleaseQuestion>) => {
    expect(decideRelease(question(more))).toMatchObject({ kind: "act", action: "upgrade", forget: false });
  });

  test("upgrades once for each forced token", () => {
    const forced = policy({ forceToken: "now" });
    expect(decided({ policy: forced })).toBe("upgrade");
    expect(decided({ policy: forced, memory: memory({ forceToken: "now" }) })).toBe("rest");
  });

  test("tests what was not tested, and counts a failed test as a failure unless that is ignored", () => {
    const tested = { enable: true, ignoreFailures: false, timeoutMs: 1, filters: [] };
    expect(decided({ policy: policy({ test: tested }) })).toBe("test");
    const passed = { ...snapshot, tests: { a: { phase: "Succeeded" } } };
    expect(decided({ policy: policy({ test: tested }), memory: memory({ history: [passed] }) })).toBe("rest");
    const failed = memory({ history: [{ ...snapshot, tests: { a: { phase: "Failed" } } }], upgradeFailures: 1 });
    expect(decided({ policy: policy({ test: tested }), memory: failed })).toBe("stalled");
    const ignoring = { ...policy().upgrade, onFailure: remediate({ ignoreTests: true }) };
    expect(decided({ policy: policy({ test: tested, upgrade: ignoring }), memory: failed })).toBe("rest");
  });

  test("corrects drift only where that is enabled", () => {
    expect(decided({ drifted: true, policy: policy({ drift: "enabled" }) })).toBe("correct");
    expect(decided({ drifted: true, policy: policy({ drift: "warn" }) })).toBe("rest");
    expect(decided({ drifted: true })).toBe("rest");
  });
});

describe("a failed release", () => {
  const stored = { ...deployed, status: "failed" } as const;
  const history = [{ ...snapshot, status: "failed" as const }];
  const upgradeWith = (onFailure: FailurePolicy) => policy({ upgrade: { ...policy().upgrade, onFailure } });
  const failing = (onFailure: FailurePolicy, more: Partial<ReleaseQuestion> = {}, upgradeFailures = 1) =>
    decided({ stored, policy: upgradeWith(onFailure), memory: memory({ history, upgradeFailures }), ...more });

  test("is upgraded when no failure counts any more", () => {
    expect(failing(remediate(), {}, 0)).toBe("upgrade");
  });

  test("stalls when there are no retries left and the last failure is not undone", () => {
    const decision = decideRelease(question({ stored, memory: memory({ history, upgradeFailures: 1 }) }));
    const message = "Failed to upgrade after 1 attempt(s)";
    expect(decision).toEqual({ kind: "stalled", reason: "RetriesExceeded", message });
  });

  test("is undone while there are retries, and the last time where that is wanted", () => {
    expect(failing(remediate({ retries: 1 }))).toBe("rollback");
    expect(failing(remediate({ retries: 1, strategy: "uninstall" }))).toBe("uninstall");
    expect(failing(remediate({ retries: 1 }), {}, 2)).toBe("stalled");
    expect(failing(remediate({ retries: 1, last: true }), {}, 2)).toBe("rollback");
    expect(failing(remediate({ retries: -1 }), {}, 99)).toBe("rollback");
  });

  test("is upgraded where there is nothing to go back to", () => {
    expect(failing(remediate({ retries: 1 }), { canRollBack: false })).toBe("upgrade");
  });

  test("is tried again later where failures are not undone", () => {
    const retry: FailurePolicy = { kind: "retry", intervalMs: 5000 };
    expect(failing(retry)).toBe("upgrade");
    const again = decideRelease(
      question({
        stored,
        policy: upgradeWith(retry),
        memory: memory({ history, upgradeFailures: 1 }),
        done: ["upgrade"],
      }),
    );
    expect(again).toEqual({ kind: "again", afterMs: 5000 });
  });

  test("is forced whatever was counted", () => {
    const forced = { ...upgradeWith(remediate()), forceToken: "now" };
    expect(failing(remediate(), { policy: forced }, 9)).toBe("upgrade");
  });

  test("each sort of action is done once in an attempt", () => {
    const wanted = { chartName: "app", chartVersion: "2.0.0", configDigest: "sha256:values" };
    expect(decided({ wanted, done: ["rollback"] })).toBe("upgrade");
    expect(decided({ wanted, done: ["upgrade", "rollback"] })).toBe("again");
    expect(decided({ wanted, done: ["install"] })).toBe("again");
  });
});

describe("after a failure was undone", () => {
  test("the next attempt comes later, or never when all retries were used", () => {
    const upgrade = { ...policy().upgrade, onFailure: remediate({ retries: 1, last: true }) };
    const after = (upgradeFailures: number) =>
      decideAfterRemediation({ policy: policy({ upgrade }), memory: memory({ upgradeFailures }) }).kind;
    expect(after(1)).toBe("again");
    expect(after(2)).toBe("stalled");
    // And it stays so, although the release that was gone back to is not what is wanted.
    const wanted = { chartName: "app", chartVersion: "2.0.0", configDigest: "sha256:values" };
    expect(decided({ policy: policy({ upgrade }), memory: memory({ upgradeFailures: 2 }), wanted })).toBe("stalled");
  });

  test("an installation that was removed is not repeated without end", () => {
    const failed = memory({ history: [], lastAction: "install", installFailures: 1 });
    expect(decided({ stored: null, memory: failed })).toBe("stalled");
  });
});
