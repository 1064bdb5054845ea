import { describe, expect, test } from "vitest";
import { afterAction, noteWanted } from "./after-action.ts";
import { noReleaseMemory, type ReleaseMemory, type ReleaseSnapshot } from "./release-memory.ts";
import type { ReleasePolicy } from "./release-policy.ts";

const policy = {
  storageNamespace: "store",
  postRenderersDigest: "p",
  commonMetadataDigest: "c",
  forceToken: null,
  resetToken: null,
} as ReleasePolicy;

const snapshot = (version: number, status: ReleaseSnapshot["status"] = "deployed"): ReleaseSnapshot => ({
  name: "web",
  namespace: "a",
  version,
  status,
  chartName: "web",
  chartVersion: "1.0.0",
  appVersion: "",
  ociDigest: "",
  digest: `d${version}`,
  configDigest: "v",
  firstDeployed: "",
  lastDeployed: "",
  deleted: "",
  tests: undefined,
  action: "install",
});
const wanted = { generation: 1, chartVersion: "1.0.0", ociDigest: "", configDigest: "v" };
const memory = (more: Partial<ReleaseMemory> = {}): ReleaseMemory => ({ ...noReleaseMemory, ...more });
const versions = ({ history }: ReleaseMemory) => history.map(({ version, status }) => `${version} ${status}`);

describe("noteWanted()", () => {
  const failed = memory({ attempted: wanted, failures: 2, installFailures: 2, upgradeFailures: 1 });

  test("keeps what failed for the same chart, values and spec", () => {
    expect(noteWanted(failed, { ...wanted }, policy)).toBe(failed);
  });

  test.each([
    ["generation", { generation: 2 }],
    ["chart", { chartVersion: "1.0.1" }],
    ["artifact", { ociDigest: "sha256:1" }],
    ["values", { configDigest: "w" }],
  ])("forgets failures when the %s is another one", (_what, more) => {
    const now = noteWanted(failed, { ...wanted, ...more }, policy);
    expect(now).toMatchObject({
      failures: 0,
      installFailures: 0,
      upgradeFailures: 0,
      attempted: { ...wanted, ...more },
    });
  });

  test("forgets failures once for each reset token", () => {
    const reset = { ...policy, resetToken: "t" };
    const now = noteWanted(failed, wanted, reset);
    expect(now).toMatchObject({ failures: 0, resetToken: "t" });
    const again = { ...now, failures: 1 };
    expect(noteWanted(again, wanted, reset)).toBe(again);
  });
});

describe("afterAction()", () => {
  test("an installation begins a history; an upgrade takes the place of what was deployed", () => {
    const end = { action: "install", ok: true, tookMs: 5, snapshot: snapshot(1) } as const;
    const first = afterAction(memory({ history: [snapshot(7)] }), end, policy);
    expect(versions(first)).toEqual(["1 deployed"]);
    expect(first).toMatchObject({ lastAction: "install", lastActionMs: 5, storageNamespace: "store" });
    expect(first).toMatchObject({ postRenderersDigest: "p", commonMetadataDigest: "c" });
    const second = afterAction(first, { action: "upgrade", ok: true, tookMs: 1, snapshot: snapshot(2) }, policy);
    expect(versions(second)).toEqual(["2 deployed", "1 superseded"]);
    expect(second.history[1]?.action).toBe("");
  });

  test("a failed upgrade is counted and leaves what was deployed as it was", () => {
    const before = memory({ history: [snapshot(1)], lastAction: "install" });
    const end = { action: "upgrade", ok: false, tookMs: 1, snapshot: snapshot(2, "failed") } as const;
    const after = afterAction(before, end, policy);
    expect(versions(after)).toEqual(["2 failed", "1 deployed"]);
    expect(after).toMatchObject({ failures: 1, upgradeFailures: 1, installFailures: 0, lastAction: "upgrade" });
  });

  test("a failed test counts for the action that it tests", () => {
    const end = { action: "test", ok: false, tookMs: 1, snapshot: snapshot(1) } as const;
    expect(afterAction(memory({ lastAction: "install" }), end, policy)).toMatchObject({
      failures: 1,
      installFailures: 1,
    });
    expect(afterAction(memory({ lastAction: "upgrade" }), end, policy)).toMatchObject({
      failures: 1,
      upgradeFailures: 1,
    });
  });

  test("a forced token is used up by the next action", () => {
    const end = { action: "upgrade", ok: true, tookMs: 1, snapshot: snapshot(2) } as const;
    expect(afterAction(memory(), end, { ...policy, forceToken: "t" }).forceToken).toBe("t");
    expect(afterAction(memory({ forceToken: "old" }), end, policy).forceToken).toBe("old");
  });

  test("a correction leaves the history alone", () => {
    const before = memory({ history: [snapshot(1)] });
    expect(afterAction(before, { action: "correct", ok: true, tookMs: 1, snapshot: null }, policy)).toBe(before);
  });
});
